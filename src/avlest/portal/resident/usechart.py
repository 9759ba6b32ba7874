# SPDX-License-Identifier: Apache-2.0
"""What is asked of the page of use, and its chart with what the numbers say in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from avlest.insight.costs import Tariff
from avlest.portal.charts import Bar, BarChart, Sure, label_interval
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.among import Among
from avlest.portal.resident.bars import make_bars, read_bars
from avlest.portal.resident.comparing import describe_change
from avlest.portal.resident.periods import Shown, Span, derive_previous, derive_year_before, make_shown
from avlest.portal.resident.series import Use
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_local_day
from avlest.readings.quality import Quality
from avlest.wording import format_money, format_period, format_quantity

MONEY: Final = "kr"
_OLDEST: Final = date(2000, 1, 1)


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    shown: Shown
    against: str
    is_money: bool

    def address(self, **changes: Any) -> str:
        """The address of the same page with something else asked: `span`, `at`, `against`, `is_money`."""
        span, at = changes.get("span", self.shown.span), changes.get("at", self.shown.first)
        against = changes.get("against", self.against)
        show = "kr" if changes.get("is_money", self.is_money) else "use"
        return f"?span={span}&at={at.isoformat()}&against={against}&show={show}"


def read_asked(request: ViewerRequest, use: Use) -> Asked:
    """Return what is asked for; what makes no sense is the present month, beside the year before, in quantity."""
    today = derive_local_day(request.now)
    try:
        at = min(date.fromisoformat(request.GET.get("at", "")), today)
    except ValueError:
        at = today
    wanted = request.GET.get("span", "month")
    span = Span(wanted) if wanted in set(Span) else Span.MONTH
    oldest = derive_local_day(use.access.access.totals[0].start)
    against = request.GET.get("against", "year")
    return Asked(
        make_shown(span, max(at, _OLDEST), oldest=oldest, today=today),
        against if against in ("year", "previous", "building") else "none",
        request.GET.get("show") == "kr",
    )


def make_chart(
    request: ViewerRequest, use: Use, asked: Asked, bars: Sequence[Bar], among: Among | None, tariff: Tariff | None
) -> BarChart:
    """Return the bars beside what they are compared with, with their total in words."""
    language, shown = get_language() or "nb", asked.shown
    others, than = _read_others(request, use, asked, among, tariff)
    paired = [
        dataclasses.replace(bar, compared=others[at].value if at < len(others) else None) for at, bar in enumerate(bars)
    ]
    name = format_period(shown.first, shown.until, language=language)
    has_others = any(bar.compared is not None for bar in paired)
    unit = MONEY if tariff else use.unit
    return BarChart(
        title=f"{use.name}, {name}", unit=unit, interval=shown.span.interval, bars=tuple(paired), name=name,
        compared_name=than if has_others else "", language=language, summary=_summarise(paired, than, unit, language),
    )  # fmt: skip


def _read_others(
    request: ViewerRequest, use: Use, asked: Asked, among: Among | None, tariff: Tariff | None
) -> tuple[list[Bar], str]:
    """The bars compared with, and what to call them."""
    language = get_language() or "nb"
    if asked.against == "building" and among:
        days = {day: (value, int(Quality.MEASURED)) for day, value in among.peers.days.items()}
        return make_bars(days, asked.shown, now=request.now, tariff=tariff), _("the average of homes like yours")
    if asked.against not in ("year", "previous") or asked.shown.span is Span.ALL:
        return [], ""
    then = derive_year_before(asked.shown) if asked.against == "year" else derive_previous(asked.shown)
    bars = read_bars(request.viewer, get_store(), use, then, now=request.now, tariff=tariff)
    return bars, format_period(then.first, then.until, language=language)


def write_amount(value: int, unit: str, language: str) -> str:
    """Write a value of a chart: a quantity, or whole kroner."""
    return (
        format_money(value, language=language, decimals=0)
        if unit == MONEY
        else format_quantity(value, unit, language=language)
    )


def _summarise(bars: Sequence[Bar], than: str, unit: str, language: str) -> str:
    """The total in words, and more or less than the bars that both times have."""
    known = [bar.value for bar in bars if bar.value is not None]
    if not known:
        return _("There are no values in this time.")
    parts = [_("In all %(total)s.") % {"total": write_amount(sum(known), unit, language)}]
    both = [(bar.value, bar.compared) for bar in bars if bar.value is not None and bar.compared is not None]
    if both and len(both) == len(known):
        now, then = sum(value for value, _other in both), sum(other for _value, other in both)
        parts.append(describe_change(now, then, than=than, language=language))
    return " ".join(part for part in parts if part)


def describe_bars(chart: BarChart, bars: Sequence[Bar]) -> list[str]:
    """Return the summary, the highest interval, and how much was calculated or is missing."""
    facts = [chart.summary]
    known = [bar for bar in bars if bar.value is not None]
    if len(known) > 1:
        top = max(known, key=lambda bar: bar.value or 0)
        when = label_interval(top, chart.interval, chart.language)
        amount = write_amount(top.value or 0, chart.unit, chart.language)
        facts.append(_("Most: %(when)s, %(amount)s.") % {"when": when, "amount": amount})
    estimated = sum(bar.sure is Sure.ESTIMATED for bar in known)
    if estimated:
        facts.append(_("%(count)d of the bars hold calculated values (hatched).") % {"count": estimated})
    missing = len(bars) - len(known)
    if missing:
        facts.append(_("%(count)d are missing.") % {"count": missing})
    return [fact for fact in facts if fact]
