# SPDX-License-Identifier: Apache-2.0
"""Metering points and meters: where they are, what has hung there, what they count, when they were last heard."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from avlest.portal.access import access_point
from avlest.portal.manager.crumbs import at_meter, at_point, make_crumbs
from avlest.portal.manager.latest import read_latest
from avlest.portal.manager.media import name_medium, name_series, say
from avlest.portal.points import PointAccess
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.registry.access import access_row
from avlest.registry.models import Installation, InstallationValue, Meter, MeteringPoint, MeterKey, Register, Series
from avlest.registry.rights import Right


@dataclasses.dataclass(frozen=True, slots=True)
class Hung:
    """A meter at a point in a time, with what its main register showed at both ends."""

    meter_id: int
    serial: str
    point_id: int
    point: str
    role: str
    starts_at: datetime
    ends_at: datetime | None
    start: str
    end: str
    seal: str
    note: str


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """A series of a point: what, when last heard, what the register showed (None where the viewer may not know)."""

    id: int
    name: str
    unit: str
    last_at: datetime | None
    last: int | None


@require_safe
def show_point(request: ViewerRequest, point_id: int) -> HttpResponse:
    """A metering point: place, meters now and before, series."""
    access = access_point(request.viewer, point_id)
    row = MeteringPoint.objects.select_related("unit__property", "property", "zone", "parent").get(pk=point_id)
    series = list(Series.objects.filter(point=row).order_by("role", "pk"))
    hung = list_installations(Installation.objects.filter(point=row), is_shown=bool(access.hours))
    context = {
        "row": row,
        "medium": name_medium(row.medium),
        "purpose": say(row.purpose),
        "hung": hung,
        "series": _list_series(series, access),
        "may_see_values": bool(access.totals),
        "may_exchange": Right.INSTALL_METERS in request.viewer.rights and any(each.ends_at is None for each in hung),
        "crumbs": make_crumbs(*at_point(row)),
    }
    return render(request, "portal/manager/point.html", context)


def _list_series(series: Sequence[Series], access: PointAccess) -> list[Counted]:
    """The series with their latest reading; a register value is shown to those who may see hours: it tells as much."""
    found = read_latest(get_store(), [each.pk for each in series])
    none = (None, None)
    return [
        Counted(
            each.pk, name_series(each.quantity, each.qualifier, each.tariff), each.unit, found.get(each.pk, none)[0],
            found.get(each.pk, none)[1] if access.hours else None,
        )
        for each in series
    ]  # fmt: skip


def list_installations(rows: object, *, is_shown: bool) -> list[Hung]:
    """Installations, the latest first; end values only for those who may see them."""
    found = list(rows.select_related("meter", "point").order_by("-starts_at"))  # type: ignore[attr-defined]
    values = _list_values([row.pk for row in found]) if is_shown else {}
    return [
        Hung(
            row.meter_id, row.meter.printed_number or row.meter.serial, row.point_id, row.point.code, say(row.role),
            row.starts_at, row.ends_at, values.get((row.pk, "start"), ""), values.get((row.pk, "end"), ""), row.seal,
            row.note,
        )
        for row in found
    ]  # fmt: skip


def _list_values(installations: Sequence[int]) -> dict[tuple[int, str], str]:
    """What was noted at both ends, in words."""
    from avlest.portal.templatetags.wording import quantity

    rows = InstallationValue.objects.filter(installation_id__in=installations).select_related("register")
    found: dict[tuple[int, str], str] = {}
    for row in rows.order_by("pk"):
        key, text = (row.installation_id, row.moment), quantity(row.value, row.register.unit)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


@require_safe
def show_meter(request: ViewerRequest, meter_id: int) -> HttpResponse:
    """A meter: what it is, where it has hung, what it counts.  Of its key only that there is one (or none)."""
    row = access_row(Meter, request.viewer.actor, meter_id, right=Right.VIEW_METERS)
    rows = Installation.objects.filter(meter=row)
    current = rows.filter(ends_at__isnull=True).select_related("point__unit__property", "point__property").first()
    is_shown = all(access_point(request.viewer, point).hours for point in set(rows.values_list("point_id", flat=True)))
    registers = Register.objects.filter(meter=row).order_by("function", "storage", "pk")
    context = {
        "row": row,
        "state": say(row.state),
        "has_key": MeterKey.objects.filter(meter=row, retired_at__isnull=True).exists(),
        "registers": [(each, name_series(each.quantity, each.qualifier, each.tariff)) for each in registers],
        "hung": list_installations(rows, is_shown=is_shown),
        "crumbs": make_crumbs(*at_meter(row, current.point if current else None)),
    }
    return render(request, "portal/manager/meter.html", context)
