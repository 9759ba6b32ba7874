# SPDX-License-Identifier: Apache-2.0
"""What runs right now: power from the HAN port or the radio, and water where it comes often enough."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.portal.access import SeriesAccess, access_own_series
from avlest.portal.charts import LineChart
from avlest.portal.charts.contracts import Point
from avlest.portal.momentary import LONGEST, Flow, access_momentary, find_flow
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.consents import has_consent, load_streams
from avlest.portal.resident.series import Use
from avlest.portal.resident.windows import get_present_points
from avlest.portal.store import get_store

_SHOWN: Final = timedelta(hours=1)
_MOST_POINTS: Final = 240


@dataclasses.dataclass(frozen=True, slots=True)
class Live:
    """One medium now: `value` None where nothing has come lately; `last_at` when it last did."""

    name: str
    unit: str
    value: int | None
    last_at: datetime | None
    highest: int | None
    chart: LineChart | None


def choose_flows(series: Sequence[SeriesAccess], present: frozenset[int]) -> list[Flow]:
    """Return one flow for each point: a momentary value before a rate from the counter."""
    chosen: dict[int, Flow] = {}
    for each in series:
        flow = find_flow(each) if each.series.point_id in present else None
        if flow is not None:
            known = chosen.get(each.series.point_id)
            if known is None or (known.is_counter and not flow.is_counter):
                chosen[each.series.point_id] = flow
    return list(chosen.values())


@require_safe
def show_live(request: ViewerRequest) -> HttpResponse:
    """The page; with JavaScript the numbers come anew every ten seconds, without by opening it again."""
    flows = choose_flows(access_own_series(request.viewer), get_present_points(request))
    asked = [flow for flow in flows if not _may_show(request, flow)]
    lives = [_read_live(request, flow) for flow in flows if flow not in asked]
    # Whoever reads slowly stops the renewal (WCAG 2.2.2).
    context = {
        "closed": [Use(flow.series).medium for flow in asked],
        "is_paused": request.GET.get("pause") == "1",
        "lives": [each for each in lives if each.chart],
        "silent": [each for each in lives if not each.chart],
    }
    part = "portal/resident/live_now.html"
    return render(request, part if request.htmx else "portal/resident/live.html", context)


def _may_show(request: ViewerRequest, flow: Flow) -> bool:
    """Whether nothing needs a consent, or it is given: the power of the HAN port tells when people are at home."""
    if not load_streams()["live"].fits(flow.series):
        return True
    return has_consent(request.viewer.party_ids, flow.series.series.point_id, "live", now=request.now)


def _read_live(request: ViewerRequest, flow: Flow) -> Live:
    start = request.now - _SHOWN
    rows = access_momentary(request.viewer, get_store(), flow, start, request.now, now=request.now)
    name, known = Use(flow.series).medium, rows.drop_nulls("value")
    if not known.height:
        return Live(name, flow.unit, None, None, None, None)
    last_at = known["at"][-1]
    is_now = request.now - last_at <= LONGEST
    value = int(known["value"][-1]) if is_now else None
    chart = LineChart(
        title=_("%(medium)s, the last hour") % {"medium": name}, unit=flow.unit, start=start, stop=request.now,
        points=_thin(rows), language=get_language() or "nb",
    )  # fmt: skip
    return Live(name, flow.unit, value, last_at, int(known["value"].max()), chart)  # type: ignore[arg-type]


def _thin(rows: pl.DataFrame) -> tuple[Point, ...]:
    """At most some 240 points, each the highest of its stretch: a peak is what people look for."""
    size = -(-rows.height // _MOST_POINTS)
    if size > 1:
        rows = rows.group_by(pl.int_range(pl.len()) // size, maintain_order=True).agg(
            pl.col("at").last(), pl.col("value").max()
        )
    return tuple(Point(at, value) for at, value in rows.select("at", "value").iter_rows())
