# SPDX-License-Identifier: Apache-2.0
"""The home's meters: number, place, since when, what it showed last."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from avlest.portal.access import access_own_series
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.store import get_store
from avlest.portal.windows import Window, intersect
from avlest.readings.queries import get_latest_values
from avlest.registry.models import Installation

UNITS: Final = {"l": ("m3", "m³"), "kwh": ("kwh", "kWh")}
"""What people read off a meter of each canonical unit, and how it is written."""


@dataclasses.dataclass(frozen=True, slots=True)
class MeterCard:
    """A meter as a resident knows it; `latest`: when it was last heard and what it showed, to judge a
    reading by; it is not shown, for a register tells what was used before (rules §8.3).

    `can_read`: its number is one that people read; `is_here`: they live there now.
    """

    use: Use
    serial: str
    meter_id: int
    location: str
    since: datetime
    until: datetime | None
    latest: tuple[datetime, int] | None
    can_read: bool
    is_here: bool


@require_safe
def show_meters(request: ViewerRequest) -> HttpResponse:
    """The meters that hang, or hung, in the resident's time; those of now first."""
    cards = get_cards(request)
    context = {"meters": [card for card in cards if card.is_here], "left": [card for card in cards if not card.is_here]}
    return render(request, "portal/resident/meters.html", context)


def get_cards(request: ViewerRequest) -> list[MeterCard]:
    """Return the last meter of each point in the resident's time."""
    uses = choose_uses(access_own_series(request.viewer))
    rows = Installation.objects.of(request.viewer.scope).filter(point_id__in=[use.point_id for use in uses])
    hung: dict[int, list[Installation]] = {}
    for row in rows.select_related("meter", "point").order_by("starts_at"):
        if row.role == "main":
            hung.setdefault(row.point_id, []).append(row)
    here = [use.id for use in uses if _is_here(use, request.now)]
    latest = {row[0]: (row[1], row[2]) for row in _read_latest(here)}
    cards = [_make_card(use, hung.get(use.point_id, []), latest, request.now) for use in uses]
    return [card for card in cards if card is not None]


def _read_latest(series: list[int]) -> list[tuple[int, datetime, int]]:
    return list(get_latest_values(get_store(), series).select("series", "at", "value").iter_rows()) if series else []


def _is_here(use: Use, now: datetime) -> bool:
    return any(window.contains(now) for window in use.access.access.totals)


def _make_card(
    use: Use, hung: list[Installation], latest: dict[int, tuple[datetime, int]], now: datetime
) -> MeterCard | None:
    """The last installation that overlaps the resident's last time there."""
    window: Window = use.access.access.totals[-1]
    for row in reversed(hung):
        part = intersect(window, row.starts_at, row.ends_at or now)
        if part:
            meter = row.meter
            return MeterCard(
                use=use, serial=meter.printed_number or meter.serial, meter_id=meter.pk, location=row.point.location,
                since=part[0], until=window.stop, latest=latest.get(use.id),
                can_read=use.unit in UNITS, is_here=_is_here(use, now),
            )  # fmt: skip
    return None
