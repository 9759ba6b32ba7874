# SPDX-License-Identifier: Apache-2.0
"""Use per interval as bars.  Pure: `BarChart` in, SVG text out.

Zero is always the baseline; the compared interval is a narrow bar in the neutral tone, on the same scale; estimated
is hatched, read by hand is outlined, missing is a dotted line on the baseline with its note; a meter exchange is a
vertical mark with its word.  Price is a step line with an axis of its own on the right.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from avlest.portal.charts.contracts import Bar, BarChart, Mode, Sure
from avlest.portal.charts.labels import label_interval, tick_texts
from avlest.portal.charts.scale import MONEY, Scale, choose_shown, label_unit, make_scale, write_step, write_value
from avlest.portal.charts.svg import Drawing, make_name, number
from avlest.portal.charts.words import get_words
from avlest.wording import format_money

_TOP, _BOTTOM, _LEFT, _RIGHT, _PRICE = 26, 28, 56, 8, 52


@dataclasses.dataclass(frozen=True, slots=True)
class _Plot:
    """Where things stand: the box of the bars, and the scale."""

    left: float
    right: float
    top: float
    bottom: float
    scale: Scale
    shown: str
    count: int

    @property
    def slot(self) -> float:
        """Width of one interval."""
        return (self.right - self.left) / max(1, self.count)

    def x(self, at: float) -> float:
        """The left edge of interval number `at`."""
        return self.left + at * self.slot

    def y(self, value: int) -> float:
        """The height of a value."""
        return self.scale.place(value, self.top, self.bottom)


def draw_bars(chart: BarChart, *, mode: Mode = "css", width: int = 640, height: int = 280) -> str:
    """Return the chart as SVG; `mode="inline"` carries its colours itself (PDF, e-mail)."""
    drawing = Drawing(
        mode, name=make_name(chart.title, chart.name, chart.unit, width, *_edges(chart)), width=width, height=height
    )
    plot = _make_plot(chart, width=width, height=height)
    _draw_axis(drawing, plot, chart)
    fill = drawing.hatch() if any(bar.sure == Sure.ESTIMATED for bar in chart.bars) else ""
    for at, bar in enumerate(chart.bars):
        _draw_bar(drawing, plot, chart, at, bar, fill)
    _draw_ticks(drawing, plot, chart)
    _draw_marks(drawing, plot, chart)
    _draw_prices(drawing, plot, chart)
    return drawing.finish(chart.title, chart.summary or describe(chart))


def _edges(chart: BarChart) -> Sequence[object]:
    return (chart.bars[0].start, chart.bars[-1].stop) if chart.bars else ()


def _make_plot(chart: BarChart, *, width: int, height: int) -> _Plot:
    values = [value for bar in chart.bars for value in (bar.value, bar.compared)]
    has_price = any(bar.price is not None for bar in chart.bars)
    return _Plot(
        left=_LEFT,
        right=width - (_PRICE if has_price else _RIGHT),
        top=_TOP,
        bottom=height - _BOTTOM,
        scale=make_scale(values, with_zero=True),
        shown=choose_shown(values, chart.unit),
        count=len(chart.bars),
    )


def _draw_axis(drawing: Drawing, plot: _Plot, chart: BarChart) -> None:
    drawing.text(plot.left - 6, 12, label_unit(chart.unit, plot.shown, chart.language), anchor="end")
    for step in plot.scale.steps:
        y = plot.y(step)
        drawing.line("c-axis" if step == 0 else "c-grid", plot.left, y, plot.right, y)
        drawing.text(plot.left - 6, y + 4, write_step(step, chart.unit, plot.shown, chart.language), anchor="end")


def _draw_bar(drawing: Drawing, plot: _Plot, chart: BarChart, at: int, bar: Bar, fill: str) -> None:
    left, gap = plot.x(at), max(1.0, plot.slot * 0.12)
    words = describe_bar(chart, bar, plot.shown)
    if bar.value is None:
        drawing.line("c-gap", left + gap, plot.y(0) - 2, left + plot.slot - gap, plot.y(0) - 2)
    else:
        wide = (plot.slot - 2 * gap) * (0.62 if _is_compared(chart) else 1)
        _draw_value(drawing, plot, (left + gap, wide), bar, words, fill)
    if bar.compared is not None:
        narrow = (plot.slot - 2 * gap) * 0.3
        x, (y, tall) = left + plot.slot - gap - narrow, _span(plot, bar.compared)
        drawing.rectangle("c-compared", x, y, narrow, tall, title=words)


def _is_compared(chart: BarChart) -> bool:
    return any(bar.compared is not None for bar in chart.bars)


def _draw_value(drawing: Drawing, plot: _Plot, place: tuple[float, float], bar: Bar, words: str, fill: str) -> None:
    kinds = {Sure.ESTIMATED: "c-estimated", Sure.MANUAL: "c-manual"}
    y, tall = _span(plot, bar.value or 0)
    kind = kinds.get(bar.sure, "c-bar")
    drawing.rectangle(kind, place[0], y, place[1], tall, title=words, fill=fill if bar.sure == Sure.ESTIMATED else "")


def _span(plot: _Plot, value: int) -> tuple[float, float]:
    """Top and height of a bar from zero; below it for what goes the other way (fed in)."""
    ends = sorted((plot.y(0), plot.y(value)))
    return ends[0], ends[1] - ends[0]


def _draw_ticks(drawing: Drawing, plot: _Plot, chart: BarChart) -> None:
    for at, text in enumerate(tick_texts(chart.bars, chart.interval, chart.language)):
        if text:
            drawing.text(plot.x(at + 0.5), plot.bottom + 18, text)


def _draw_marks(drawing: Drawing, plot: _Plot, chart: BarChart) -> None:
    for mark in chart.marks:
        for at, bar in enumerate(chart.bars):
            if bar.start <= mark.at < bar.stop:
                x = plot.x(at + (mark.at - bar.start) / (bar.stop - bar.start))
                drawing.line("c-mark", x, plot.top - 6, x, plot.bottom)
                anchor = "end" if x > (plot.left + plot.right) / 2 else "start"
                drawing.text(x + (-4 if anchor == "end" else 4), plot.top - 10, mark.text, anchor=anchor)


def _draw_prices(drawing: Drawing, plot: _Plot, chart: BarChart) -> None:
    prices = [bar.price for bar in chart.bars]
    if all(price is None for price in prices):
        return
    scale = make_scale(prices, with_zero=True)
    drawing.path("c-price", _steps(plot, scale, prices), title=get_words(chart.language).price)
    drawing.text(plot.right + 6, 12, MONEY, anchor="start")
    for step in scale.steps:
        y = scale.place(step, plot.top, plot.bottom)
        drawing.text(plot.right + 6, y + 4, write_step(step, MONEY, MONEY, chart.language), anchor="start")


def _steps(plot: _Plot, scale: Scale, prices: Sequence[int | None]) -> str:
    """The path of a price: level through each interval, up or down between them, broken where unknown."""
    parts, is_open = [], False
    for at, price in enumerate(prices):
        if price is None:
            is_open = False
            continue
        y = number(scale.place(price, plot.top, plot.bottom))
        parts.append(f"{'L' if is_open else 'M'}{number(plot.x(at))} {y} L{number(plot.x(at + 1))} {y}")
        is_open = True
    return " ".join(parts)


def describe_bar(chart: BarChart, bar: Bar, shown: str) -> str:
    """Return one bar in words: "søndag 1. november 2026: 0,4 m³ (stipulert …), november 2025 0,5 m³"."""
    words = get_words(chart.language)
    when = label_interval(bar, chart.interval, chart.language)
    value = words.missing_note if bar.value is None else write_value(bar.value, chart.unit, shown, chart.language)
    sure = f" ({words.sure[bar.sure]})" if bar.value is not None and bar.sure != Sure.MEASURED else ""
    compared = ""
    if bar.compared is not None:
        compared = f", {chart.compared_name} {write_value(bar.compared, chart.unit, shown, chart.language)}"
    price = (
        f", {words.price.lower()} {format_money(bar.price, language=chart.language)}" if bar.price is not None else ""
    )
    return f"{when}: {value}{sure}{compared}{price}"


def describe(chart: BarChart) -> str:
    """Return the chart in a sentence: what it adds up to, what is missing, what it is compared with."""
    words, shown = get_words(chart.language), choose_shown([_total(chart)], chart.unit)
    parts = [f"{chart.name or words.value}: {write_value(_total(chart), chart.unit, shown, chart.language)}"]
    if _is_compared(chart):
        total = sum(bar.compared for bar in chart.bars if bar.compared is not None)
        parts.append(f"{chart.compared_name}: {write_value(total, chart.unit, shown, chart.language)}")
    for sure in (Sure.ESTIMATED, Sure.MANUAL, Sure.MISSING):
        count = sum((Sure.MISSING if bar.value is None else bar.sure) == sure for bar in chart.bars)
        if count:
            parts.append(f"{words.sure[sure]}: {count}")
    return ". ".join(parts) + "."


def _total(chart: BarChart) -> int | None:
    known = [bar.value for bar in chart.bars if bar.value is not None]
    return sum(known) if known else None
