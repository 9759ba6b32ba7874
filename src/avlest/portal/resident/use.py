# SPDX-License-Identifier: Apache-2.0
"""Use by hour, day, month and year, beside the time before or the year before."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.portal.access import access_own_series
from avlest.portal.charts import Bar, BarChart, Sure, label_interval
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.bars import read_bars
from avlest.portal.resident.comparing import describe_change
from avlest.portal.resident.periods import Shown, Span, derive_previous, derive_year_before, make_shown, shift
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_local_day
from avlest.registry.rights import AccessDeniedError
from avlest.wording import format_cell, format_period, format_quantity


@require_safe
def show_use(request: ViewerRequest) -> HttpResponse:
    """Go to the first of the resident's points."""
    uses = choose_uses(access_own_series(request.viewer))
    if not uses:
        return render(request, "portal/resident/no_use.html")
    return redirect("resident:use_of", point_id=uses[0].point_id)


@require_safe
def show_use_of(request: ViewerRequest, point_id: int) -> HttpResponse:
    """The chart of one point; `?span=day|month|year|all&at=2026-11-23&against=year|previous|none`, `format=csv`."""
    uses = choose_uses(access_own_series(request.viewer))
    use = next((each for each in uses if each.point_id == point_id), None)
    if use is None:
        raise AccessDeniedError(f"no meteringpoint {point_id} in this organisation")
    shown = _read_shown(request, use)
    against = request.GET.get("against", "year")
    bars = read_bars(request.viewer, get_store(), use, shown, now=request.now)
    if request.GET.get("format") == "csv":
        return _answer_csv(use, bars)
    compared = _get_compared(shown, against)
    chart = _make_chart(request, use, shown, bars, compared)
    context = {
        "uses": uses, "use": use, "chart": chart, "shown": shown, "against": against,
        "spans": [(span, _get_span_names()[span], _address(span, shown.first, against)) for span in Span],
        "comparisons": [
            (name, text, _address(shown.span, shown.first, name)) for name, text in _get_comparison_names().items()
        ],
        "earlier": _step(request, use, shown, against, -1), "later": _step(request, use, shown, against, 1),
        "facts": _describe(chart, bars, use),
    }  # fmt: skip
    return render(request, "portal/resident/use.html", context)


def _get_span_names() -> dict[Span, str]:
    return {Span.DAY: _("Hours"), Span.MONTH: _("Days"), Span.YEAR: _("Months"), Span.ALL: _("Years")}


def _get_comparison_names() -> dict[str, str]:
    return {"year": _("The year before"), "previous": _("The period before"), "none": _("Nothing")}


def _read_shown(request: ViewerRequest, use: Use) -> Shown:
    """What is asked for; what makes no sense is the present month."""
    today = derive_local_day(request.now)
    try:
        at = min(date.fromisoformat(request.GET.get("at", "")), today)
    except ValueError:
        at = today
    wanted = request.GET.get("span", "month")
    span = Span(wanted) if wanted in set(Span) else Span.MONTH
    oldest = derive_local_day(use.access.access.totals[0].start)
    return make_shown(span, max(at, date(2000, 1, 1)), oldest=oldest, today=today)


def _get_compared(shown: Shown, against: str) -> Shown | None:
    if shown.span is Span.ALL or against not in ("year", "previous"):
        return None
    return derive_year_before(shown) if against == "year" else derive_previous(shown)


def _make_chart(
    request: ViewerRequest, use: Use, shown: Shown, bars: Sequence[Bar], compared: Shown | None
) -> BarChart:
    language = get_language() or "nb"
    others = read_bars(request.viewer, get_store(), use, compared, now=request.now) if compared else []
    paired = [replace(bar, compared=others[at].value if at < len(others) else None) for at, bar in enumerate(bars)]
    name = format_period(shown.first, shown.until, language=language)
    has_compared = any(bar.compared is not None for bar in paired)
    compared_name = format_period(compared.first, compared.until, language=language) if compared else ""
    return BarChart(
        title=f"{use.name}, {name}", unit=use.unit, interval=shown.span.interval, bars=tuple(paired), name=name,
        compared_name=compared_name if has_compared else "", language=language,
        summary=_summarise(paired, compared_name, use, language),
    )  # fmt: skip


def _summarise(bars: Sequence[Bar], compared_name: str, use: Use, language: str) -> str:
    """The total in words, and more or less than the bars that both times have."""
    known = [bar.value for bar in bars if bar.value is not None]
    if not known:
        return _("There are no values in this time.")
    total = format_quantity(sum(known), use.unit, language=language)
    both = [(bar.value, bar.compared) for bar in bars if bar.value is not None and bar.compared is not None]
    parts = [_("In all %(total)s.") % {"total": total}]
    if both and len(both) == len(known):
        now, then = sum(value for value, _other in both), sum(other for _value, other in both)
        parts.append(describe_change(now, then, than=compared_name, language=language))
    return " ".join(part for part in parts if part)


def _describe(chart: BarChart, bars: Sequence[Bar], use: Use) -> list[str]:
    """The summary, the highest interval, and how much was calculated or is missing."""
    facts = [chart.summary]
    known = [bar for bar in bars if bar.value is not None]
    if len(known) > 1:
        top = max(known, key=lambda bar: bar.value or 0)
        when = label_interval(top, chart.interval, chart.language)
        amount = format_quantity(top.value, use.unit, language=chart.language)
        facts.append(_("Most: %(when)s, %(amount)s.") % {"when": when, "amount": amount})
    estimated = sum(bar.sure is Sure.ESTIMATED for bar in known)
    if estimated:
        facts.append(_("%(count)d of the bars hold calculated values (hatched).") % {"count": estimated})
    missing = len(bars) - len(known)
    if missing:
        facts.append(_("%(count)d are missing.") % {"count": missing})
    return [fact for fact in facts if fact]


def _address(span: Span, at: date, against: str) -> str:
    return f"?span={span}&at={at.isoformat()}&against={against}"


def _step(request: ViewerRequest, use: Use, shown: Shown, against: str, count: int) -> str:
    """The address of the span before or after; empty where there is nothing to see."""
    if shown.span is Span.ALL:
        return ""
    first = shift(shown.first, shown.span.value, count)
    oldest = derive_local_day(use.access.access.totals[0].start)
    is_outside = first > derive_local_day(request.now) or (count < 0 and shown.first <= oldest)
    return "" if is_outside else _address(shown.span, first, against)


def _answer_csv(use: Use, bars: Sequence[Bar]) -> HttpResponse:
    """The bars as a file for Norwegian spreadsheets."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(["fra", "til", "verdi", "enhet", "kvalitet"])
    for bar in bars:
        value = format_cell(bar.value)
        writer.writerow([bar.start.isoformat(), bar.stop.isoformat(), value, use.unit, bar.sure.value])
    answer = HttpResponse(file.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="forbruk-{use.point_id}.csv"'
    return answer
