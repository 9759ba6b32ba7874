# SPDX-License-Identifier: Apache-2.0
"""Metered values: raw, validated and used side by side: years for all who see sums, days for who see hours."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.portal.access import SeriesAccess, access_hourly, access_readings, access_series, access_totals
from avlest.portal.charts import Bar, BarChart, Sure
from avlest.portal.manager.crumbs import Crumb, at_point, make_crumbs
from avlest.portal.manager.intervals import Line, make_lines, to_bars
from avlest.portal.manager.media import name_medium, name_series
from avlest.portal.manager.words import say_action, say_check, say_quality, say_rule
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.portal.tables import Column, Table, answer_csv, read_table
from avlest.readings.access import access_decisions
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.queries import get_findings
from avlest.registry.models import MeteringPoint
from avlest.wording import format_cell, format_date, format_instant, format_month, format_period, format_quantity

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_OLDEST = 2000


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """What is asked for: the local days `[first, until)`, in intervals of an hour, a day or a month."""

    span: str
    first: date
    until: date

    @property
    def spans(self) -> list[tuple[datetime, datetime]]:
        """The intervals, UTC: 23, 24 or 25 hours, days, or twelve months."""
        if self.span == "day":
            start, stop = derive_day_start(self.first), derive_day_start(self.until)
            return [(start + n * _HOUR, start + (n + 1) * _HOUR) for n in range((stop - start) // _HOUR)]
        edges = [self.first]
        while edges[-1] < self.until:
            edges.append(edges[-1] + _DAY if self.span == "month" else _next_month(edges[-1]))
        return [(derive_day_start(a), derive_day_start(b)) for a, b in itertools.pairwise(edges)]


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


@require_safe
def show_values(request: ViewerRequest, series_id: int) -> HttpResponse:
    """One series; `?span=day|month|year&at=2026-11-23`, `format=csv`."""
    access = access_series(request.viewer, series_id)
    head = make_head(access)
    if not access.access.totals:
        return render(request, "portal/manager/no_values.html", head)
    shown = _read_shown(request, has_hours=bool(access.access.hours))
    lines = _read_months(request, access, shown) if shown.span == "year" else read_lines(request, access, shown)
    table = make_table(request, access, shown, lines)
    if table.wants_csv:
        return answer_csv(table, f"verdier-{series_id}")
    context = head | {
        "table": table, "shown": shown, "chart": make_chart(access, shown, lines, head["name"]),
        "steps": _make_steps(request, shown), "spans": _list_spans(access, shown),
        "has_hours": bool(access.access.hours), "is_personal": access.access.is_personal,
        "changes": _list_changes(request, access, shown),
    }  # fmt: skip
    return render(request, "portal/manager/values.html", context)


def make_head(access: SeriesAccess) -> dict[str, Any]:
    """What stands above the values, and above their absence."""
    point = MeteringPoint.objects.select_related("unit__property", "property").get(pk=access.series.point_id)
    name = name_series(access.series.quantity, access.series.qualifier, access.series.tariff)
    crumbs = make_crumbs(*at_point(point), Crumb(name))
    return {"name": name, "medium": name_medium(point.medium), "point": point, "crumbs": crumbs}


def _read_shown(request: ViewerRequest, *, has_hours: bool) -> Shown:
    """What makes no sense is the present year; months and days are for those who may see hours."""
    today = derive_local_day(request.now)
    try:
        at = date.fromisoformat(request.GET.get("at", ""))
    except ValueError:
        at = today
    at = min(max(at, date(_OLDEST, 1, 1)), today)
    span = request.GET.get("span", "year") if has_hours else "year"
    if span == "day":
        return Shown("day", at, at + _DAY)
    if span == "month":
        first = at.replace(day=1)
        return Shown("month", first, _next_month(first))
    return Shown("year", date(at.year, 1, 1), date(at.year + 1, 1, 1))


def _read_months(request: ViewerRequest, access: SeriesAccess, shown: Shown) -> list[Line]:
    """Sums of months: what was measured, and what is used."""
    spans = [span for span in shown.spans if span[0] < request.now]
    rows = access_totals(request.viewer, get_store(), [access], spans, now=request.now)
    found = {row["period"]: row for row in rows.iter_rows(named=True)}
    lines = []
    for at, span in enumerate(spans):
        row = found.get(at)
        value, quality = (row["value"], row["quality"]) if row else (None, 0)
        measured = row["value_measured"] if row and row["hours_measured"] else None
        lines.append(Line(*span, None, None, None, measured, value, quality, ()))
    return lines


def read_lines(request: ViewerRequest, access: SeriesAccess, shown: Shown) -> list[Line]:
    """Hours or days of the time asked for, up to now."""
    spans = [span for span in shown.spans if span[0] < request.now]
    if not spans:
        return []
    start, stop = spans[0][0], spans[-1][1]
    length = spans[0][1] - spans[0][0]
    store = get_store()
    hours = access_hourly(request.viewer, store, [access], start, stop, now=request.now)
    readings = access_readings(request.viewer, store, access, start - length, stop + _HOUR, now=request.now)
    return make_lines(
        spans, hours, readings, is_counter=access.series.kind == "counter",
        findings=get_findings(series_ids=[access.series.id], open_only=False),
        decisions=access_decisions(request.viewer.actor, [access.series.id]),
    )  # fmt: skip


def make_table(request: ViewerRequest, access: SeriesAccess, shown: Shown, lines: list[Line]) -> Table:
    """Return the lines as a table, and as a file: raw, validated and used side by side."""
    unit, language = access.series.unit, get_language() or "nb"

    def show(value: int | None) -> str:
        return format_quantity(value, unit, language=language)

    columns = [Column("time", _("Time"), lambda line: _name_time(line, shown, language), can_sort=False)]
    if shown.span != "year":
        columns += [
            _number("register", _("The register shows"), lambda line: show(line.register), lambda line: line.register),
            _number("raw", _("Raw"), lambda line: show(line.raw), lambda line: line.raw),
        ]
    columns += [
        _number("validated", _("Validated"), lambda line: show(line.validated), lambda line: line.validated),
        _number("used", _("Used"), lambda line: show(line.used), lambda line: line.used),
        Column("sure", _("How we know"), _describe_how, can_sort=False),
    ]
    if shown.span != "year":
        columns.append(Column("changes", _("Checks and decisions"), _describe_why, can_sort=False))
    caption = _("Raw, validated and used values") if shown.span != "year" else _("Validated and used values")
    return read_table(request.GET, caption=caption, columns=columns, rows=lines, can_search=False, size=100)


def _number(name: str, head: str, show: Any, value: Any) -> Column:
    """A column of quantities; the file gets plain numbers in the series' unit."""
    return Column(name, head, show, cell=lambda line: format_cell(value(line)), is_number=True, can_sort=False)


def _name_time(line: Line, shown: Shown, language: str) -> str:
    if shown.span == "day":
        return format_period(line.start, line.stop, language=language)
    day = derive_local_day(line.start)
    return format_month(day, language=language) if shown.span == "year" else format_date(day, language=language)


def _describe_how(line: Line) -> str:
    words = [say_quality(line.quality if line.used is not None else 0), *(say_rule(rule) for rule in line.rules)]
    return ", ".join(dict.fromkeys(word for word in words if word))


def _describe_why(line: Line) -> str:
    """The checks that spoke, and the latest decision with who, why and when."""
    parts = list(dict.fromkeys(f"{each.code} {say_check(each.code)}" for each in line.findings))
    if line.decision is not None:
        made = line.decision
        at = format_instant(made.known_at, language=get_language() or "nb", style="short")
        parts.append(f"{say_action(made.action)}: {made.author}, «{made.reason}», {at}")
    return "; ".join(parts)


def make_chart(access: SeriesAccess, shown: Shown, lines: list[Line], name: str) -> BarChart:
    """Return the used values as bars, with what they come to in words."""
    language = get_language() or "nb"
    when = format_period(shown.first, shown.until, language=language)
    known = [line.used for line in lines if line.used is not None]
    total = format_quantity(sum(known), access.series.unit, language=language) if known else ""
    is_sum = total and access.series.kind == "counter"
    bars: tuple[Bar, ...] = to_bars(lines)
    calculated = sum(bar.sure is Sure.ESTIMATED for bar in bars)
    words = [_("In all %(total)s.") % {"total": total}] if is_sum else []
    words += [_("%(count)d of the bars hold calculated values.") % {"count": calculated}] if calculated else []
    interval: Any = {"day": "hour", "month": "day"}.get(shown.span, "month")
    return BarChart(
        title=f"{name}, {when}", unit=access.series.unit, interval=interval, bars=bars, name=when, language=language,
        summary=" ".join(words) or _("There are no values in this time."),
    )  # fmt: skip


def _list_spans(access: SeriesAccess, shown: Shown) -> list[tuple[str, str, str]]:
    """The spans this viewer may choose: (span, word, address)."""
    names = {"year": _("Months")} | ({"month": _("Days"), "day": _("Hours")} if access.access.hours else {})
    return [(span, name, f"?span={span}&at={shown.first.isoformat()}") for span, name in names.items()]


def _make_steps(request: ViewerRequest, shown: Shown) -> dict[str, str]:
    """Addresses of the time before and after; the future has none."""
    before = shown.first - _DAY
    found = {"earlier": f"?span={shown.span}&at={before.isoformat()}"}
    if shown.until <= derive_local_day(request.now):
        found["later"] = f"?span={shown.span}&at={shown.until.isoformat()}"
    return found


def _list_changes(request: ViewerRequest, access: SeriesAccess, shown: Shown) -> list[dict[str, Any]]:
    """Who changed what, why and when; amounts of days and hours only for those who may see hours."""
    start, stop = derive_day_start(shown.first), derive_day_start(shown.until)
    made = access_decisions(request.viewer.actor, [access.series.id])
    found = [each for each in made if each.starts_at < stop and (each.ends_at is None or each.ends_at > start)]
    language = get_language() or "nb"
    return [
        {
            "action": say_action(each.action),
            "period": format_period(each.starts_at, each.ends_at or each.starts_at + _HOUR, language=language)
            if access.access.hours
            else format_month(derive_local_day(each.starts_at), language=language),
            "value": format_quantity(each.value, access.series.unit, language=language) if access.access.hours else "",
            "author": each.author, "reason": each.reason, "at": each.known_at,
        }
        for each in reversed(found)
    ]  # fmt: skip


def address_of_values(series_id: int, at: date, span: str = "day") -> str:
    """The page of a series' values around a day."""
    return f"{reverse('manager:values', args=[series_id])}?span={span}&at={at.isoformat()}"
