# SPDX-License-Identifier: Apache-2.0
"""How much of what was expected came: by road, source, gateway and zone, day by day."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.insight.access import access_coverage
from avlest.insight.infos import CoverageInfo
from avlest.portal.charts import Bar, BarChart
from avlest.portal.operations.templatetags.operations import share
from avlest.portal.operations.words import name_road
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, answer_csv, read_table
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.wording import format_number

DIMENSIONS: Final[dict[str, Promise]] = {
    "road": gettext_lazy("Road"),
    "gateway": gettext_lazy("Gateway"),
    "zone": gettext_lazy("Zone"),
    "source": gettext_lazy("Source"),
}
_SPANS: Final = (14, 30, 60)
_PERCENT: Final = 100_000
"""A whole in thousandths of a percent."""


@dataclasses.dataclass(frozen=True, slots=True)
class Covered:
    """One road, gateway, zone or source over the days shown; shares are 0 to 1."""

    key: str
    name: str
    meters: int
    heard: int
    last: float
    share: float
    missing: int


@require_safe
def show_coverage(request: ViewerRequest) -> HttpResponse:
    """A table by dimension and the history of all, or of one: `?by=gateway&key=12&days=30`."""
    dimension = request.GET.get("by", "road")
    dimension = dimension if dimension in DIMENSIONS else "road"
    days = next((span for span in _SPANS if str(span) == request.GET.get("days")), 30)
    until = derive_local_day(request.now)
    first = until - timedelta(days=days)
    infos = access_coverage(request.viewer.actor, first=first, until=until, dimension=dimension)
    rows = [sum_up(list(group)) for _key, group in groupby(infos, key=lambda info: info.key)]
    table = read_table(
        request.GET, caption=DIMENSIONS[dimension], columns=_get_columns(dimension, days), rows=rows, sort="last",
        can_search=False,
    )  # fmt: skip
    if table.wants_csv:
        return answer_csv(table, f"dekning-{dimension}")
    context = {
        "table": table,
        "chart": make_chart(request, rows, infos, first, until),
        "dimensions": [(f"?by={name}&days={days}", text, name == dimension) for name, text in DIMENSIONS.items()],
        "spans": [(f"?by={dimension}&days={span}", span, span == days) for span in _SPANS],
    }
    return render(request, "portal/operations/coverage.html", context)


def sum_up(days: Sequence[CoverageInfo]) -> Covered:
    """The days of one key, in order, as one line."""
    expected, received = sum(day.expected for day in days), sum(day.received for day in days)
    last = days[-1]
    name = name_road(last.label) if last.dimension == "road" else last.label
    whole = received / expected if expected else 1.0
    return Covered(last.key, name or "–", last.meters, last.heard, last.share, whole, max(0, expected - received))


def _get_columns(dimension: str, days: int) -> tuple[Column, ...]:
    language = get_language() or "nb"

    def count(value: int) -> str:
        return format_number(value, language=language)

    def cell(part: float) -> str:
        return format_number(part * 100, language=language, decimals=1)

    link = lambda row: f"?by={dimension}&days={days}&key={row.key}"  # noqa: E731
    return (
        Column("name", DIMENSIONS[dimension], lambda row: row.name, link=link),
        Column("meters", _("Meters"), lambda row: count(row.meters), key=lambda row: row.meters, is_number=True),
        Column("heard", _("Heard that day"), lambda row: count(row.heard), key=lambda row: row.heard, is_number=True),
        Column("last", _("Last day"), lambda row: share(row.last), key=lambda r: r.last, cell=lambda r: cell(r.last)),
        Column(
            "share", _("All days"), lambda row: share(row.share), key=lambda r: r.share, cell=lambda r: cell(r.share)
        ),
        Column(
            "missing", _("Readings missing"), lambda row: count(row.missing), key=lambda r: r.missing, is_number=True
        ),
    )


def make_chart(
    request: ViewerRequest, rows: Sequence[Covered], infos: Sequence[CoverageInfo], first: date, until: date
) -> BarChart:
    """The share of each day, of the key that is asked for or of everything."""
    one = next((row for row in rows if row.key == request.GET.get("key")), None)
    chosen = [info for info in infos if one is not None and info.key == one.key]
    if one is None:
        chosen = access_coverage(request.viewer.actor, first=first, until=until, dimension="all")
    shares = {info.day: round(info.share * _PERCENT) for info in chosen if info.expected}
    days = [first + timedelta(days=n) for n in range((until - first).days)]
    bars = tuple(Bar(derive_day_start(d), derive_day_start(d + timedelta(days=1)), shares.get(d)) for d in days)
    name = one.name if one else _("All meters")
    return BarChart(
        title=_("Received of expected, %(name)s") % {"name": name}, unit="%", interval="day", bars=bars,
        name=_("Received"), language=get_language() or "nb",
    )  # fmt: skip
