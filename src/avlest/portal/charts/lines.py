# SPDX-License-Identifier: Apache-2.0
"""Momentary values (power, flow, temperature, price) as a line, never smoothed.  Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from avlest.portal.charts.contracts import LineChart, Mode
from avlest.portal.charts.scale import Scale, choose_shown, label_unit, make_scale, write_step, write_value
from avlest.portal.charts.svg import Drawing, make_name, number
from avlest.portal.charts.words import get_words
from avlest.wording import format_clock, format_date, format_instant
from avlest.wording.dates import to_local

_TOP, _BOTTOM, _LEFT, _RIGHT = 26, 28, 56, 12
_TICK_WIDTH = 90


def draw_line(chart: LineChart, *, mode: Mode = "css", width: int = 640, height: int = 240) -> str:
    """Return the chart as SVG; a missing value breaks the line."""
    drawing = Drawing(
        mode, name=make_name(chart.title, chart.unit, width, chart.start, chart.stop), width=width, height=height
    )
    values = [point.value for point in chart.points]
    scale, shown = make_scale(values, with_zero=chart.unit != "c"), choose_shown(values, chart.unit)
    bottom = height - _BOTTOM
    drawing.text(2, 12, label_unit(chart.unit, shown, chart.language), anchor="start")
    for step in scale.steps:
        y = scale.place(step, _TOP, bottom)
        drawing.line("c-axis" if step == scale.low else "c-grid", _LEFT, y, width - _RIGHT, y)
        drawing.text(_LEFT - 6, y + 4, write_step(step, chart.unit, shown, chart.language), anchor="end")
    drawing.path("c-line", _make_path(chart, scale, width, bottom))
    _draw_times(drawing, chart, width, bottom)
    return drawing.finish(chart.title, chart.summary or describe(chart))


def _x(chart: LineChart, at: datetime, width: int) -> float:
    return _LEFT + (at - chart.start) / (chart.stop - chart.start) * (width - _LEFT - _RIGHT)


def _make_path(chart: LineChart, scale: Scale, width: int, bottom: float) -> str:
    parts, is_open, before = [], False, ""
    for point in chart.points:
        if point.value is None:
            is_open = False
            continue
        x, y = number(_x(chart, point.at, width)), number(scale.place(point.value, _TOP, bottom))
        if is_open and chart.is_step:
            parts.append(f"L{x} {before}")
        parts.append(f"{'L' if is_open else 'M'}{x} {y}")
        is_open, before = True, y
    return " ".join(parts)


def _draw_times(drawing: Drawing, chart: LineChart, width: int, bottom: float) -> None:
    """Clock times where the chart spans up to two days, dates beyond."""
    span = chart.stop - chart.start
    ticks = max(2, width // _TICK_WIDTH - 1)
    for number_ in range(ticks + 1):
        at = chart.start + span * number_ / ticks
        text = f"{to_local(at):%H.%M}" if span <= timedelta(days=2) else f"{to_local(at).day}.{to_local(at).month}."
        drawing.text(_x(chart, at, width), bottom + 18, text, anchor="end" if number_ == ticks else "middle")
    for mark in chart.marks:
        if chart.start <= mark.at < chart.stop:
            x = _x(chart, mark.at, width)
            drawing.line("c-mark", x, _TOP - 6, x, bottom)
            drawing.text(x + 4, _TOP - 10, mark.text, anchor="start")


def describe(chart: LineChart) -> str:
    """Return the chart in a sentence: lowest, highest and last value with their times."""
    known = [(point.value, point.at) for point in chart.points if point.value is not None]
    words = get_words(chart.language)
    if not known:
        return words.missing_note
    shown = choose_shown([value for value, _ in known], chart.unit)
    low, high, last = min(known), max(known), known[-1]
    written = [
        f"{write_value(value, chart.unit, shown, chart.language)} {format_instant(at, language=chart.language)}"
        for value, at in (low, high, last)
    ]
    return "; ".join(dict.fromkeys(written)) + "."


def label_time(at: datetime, language: str) -> str:
    """Return an instant for the table."""
    return f"{format_date(at, language=language, style='short')} {format_clock(at, language=language)}"
