# SPDX-License-Identifier: Apache-2.0
"""Use by hour, day, month and year, beside the time before or the year before."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.insight.costs import Tariff, get_tariff
from avlest.portal.access import access_own_series
from avlest.portal.charts import Bar
from avlest.portal.momentary import has_live
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.among import Among, describe_among, read_among
from avlest.portal.resident.bars import read_bars
from avlest.portal.resident.periods import Span, shift
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.resident.tips import get_tips
from avlest.portal.resident.usechart import MONEY, Asked, describe_bars, make_chart, read_asked
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_local_day
from avlest.registry.rights import AccessDeniedError
from avlest.wording import format_cell, format_money, get_unit_label


@require_safe
def show_use(request: ViewerRequest) -> HttpResponse:
    """Go to the first of the resident's points."""
    uses = choose_uses(access_own_series(request.viewer))
    if not uses:
        return render(request, "portal/resident/no_use.html")
    return redirect("resident:use_of", point_id=uses[0].point_id)


@require_safe
def show_use_of(request: ViewerRequest, point_id: int) -> HttpResponse:
    """The chart of one point.

    `?span=day|month|year|all&at=2026-11-23&against=year|previous|building|none&show=use|kr`, `format=csv`.
    """
    own = access_own_series(request.viewer)
    uses = choose_uses(own)
    use = next((each for each in uses if each.point_id == point_id), None)
    if use is None:
        raise AccessDeniedError(f"no meteringpoint {point_id} in this organisation")
    asked = read_asked(request, use)
    tariff = get_tariff(request.viewer.scope, use.access.access.point.medium, unit=use.unit)
    priced = tariff if asked.is_money else None
    asked = asked if priced else replace(asked, is_money=False)
    bars = read_bars(request.viewer, get_store(), use, asked.shown, now=request.now, tariff=priced)
    if request.GET.get("format") == "csv":
        return _answer_csv(use, bars, MONEY if priced else use.unit)
    among = read_among(request, use, asked.shown)
    chart = make_chart(request, use, asked, bars, among, priced)
    context = {
        "uses": uses, "use": use, "chart": chart, "shown": asked.shown, "asked": asked,
        "spans": [(span, name, asked.address(span=span)) for span, name in _get_span_names().items()],
        "comparisons": [(name, text, asked.address(against=name)) for name, text in _get_comparisons(among).items()],
        "earlier": _step(request, use, asked, -1), "later": _step(request, use, asked, 1),
        "facts": describe_bars(chart, bars), "among": describe_among(among, use),
        "price": _describe_price(asked, priced),
        "units": _get_units(asked, use) if tariff else [],
        "tips": get_tips(medium=use.access.access.point.medium, language=get_language() or "nb"),
        "csv": asked.address() + "&format=csv",
        "live": has_live(own),
    }  # fmt: skip
    return render(request, "portal/resident/use.html", context)


def _get_span_names() -> dict[Span, str]:
    return {Span.DAY: _("Hours"), Span.MONTH: _("Days"), Span.YEAR: _("Months"), Span.ALL: _("Years")}


def _get_comparisons(among: Among | None) -> dict[str, str]:
    """What the bars may stand beside; other homes only where there are enough of them."""
    names = {"year": _("The year before"), "previous": _("The period before")}
    if among and among.peers.days:
        names["building"] = _("Homes like yours")
    return names | {"none": _("Nothing")}


def _get_units(asked: Asked, use: Use) -> list[tuple[bool, str, str]]:
    label = get_unit_label("m3" if use.unit == "l" else use.unit, language=get_language() or "nb")
    return [(False, label, asked.address(is_money=False)), (True, _("Kroner"), asked.address(is_money=True))]


def _describe_price(asked: Asked, tariff: Tariff | None) -> str:
    """What the amounts include, said beside them."""
    step = tariff.find(asked.shown.first) if tariff else None
    if tariff is None or step is None:
        return ""
    language = get_language() or "nb"
    unit = get_unit_label("m3" if tariff.unit == "l" else tariff.unit, language=language)
    price = format_money(int(step.price * 100 + Decimal("0.5")), language=language)
    return _("What you use at %(price)s for each %(unit)s, VAT included. Fixed fees come besides.") % {
        "price": price, "unit": unit,
    }  # fmt: skip


def _step(request: ViewerRequest, use: Use, asked: Asked, count: int) -> str:
    """The address of the span before or after; empty where there is nothing to see."""
    shown = asked.shown
    if shown.span is Span.ALL:
        return ""
    first = shift(shown.first, shown.span.value, count)
    oldest = derive_local_day(use.access.access.totals[0].start)
    is_outside = first > derive_local_day(request.now) or (count < 0 and shown.first <= oldest)
    return "" if is_outside else asked.address(at=first)


def _answer_csv(use: Use, bars: Sequence[Bar], unit: str) -> HttpResponse:
    """The bars as a file for Norwegian spreadsheets."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(["fra", "til", "verdi", "enhet", "kvalitet"])
    for bar in bars:
        thousandths = bar.value * 10 if unit == MONEY and bar.value is not None else bar.value
        writer.writerow([bar.start.isoformat(), bar.stop.isoformat(), format_cell(thousandths), unit, bar.sure.value])
    answer = HttpResponse(file.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="forbruk-{use.point_id}.csv"'
    return answer
