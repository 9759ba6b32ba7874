# SPDX-License-Identifier: Apache-2.0
"""Pictures of the report as SVG: lines and bars with axes, readable in light and dark.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 16, 34, 62
COLOURS: Final = ("#0062ba", "#b3253a", "#4a7d2c", "#7a4fb5")
_DASHES: Final = ("", "7 4", "2 4", "9 3 2 3")


@dataclass(frozen=True, slots=True)
class Line:
    """Values over equal steps, with a name for the legend."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: title, what the axes say, and the labels under the steps (empty ones are left out)."""

    title: str
    across: str
    upwards: str
    labels: Sequence[str]


def draw_lines(chart: Chart, lines: Sequence[Line], *, band: tuple[Line, Line] | None = None) -> str:
    """Lines over the same steps; `band`: an area between two lines behind them."""
    top = _choose_top(max(max(line.values) for line in (*lines, *(band or ()))))
    count = len(chart.labels)
    parts = [_frame(chart, top)]
    if band is not None:
        low, high = band
        points = [_at(step, value, count, top) for step, value in enumerate(high.values)]
        points += [_at(step, low.values[step], count, top) for step in reversed(range(count))]
        parts.append(f'<polygon points="{" ".join(points)}" fill="#7f7f7f" fill-opacity="0.22"/>')
    for number, line in enumerate(lines):
        points = [_at(step, value, count, top) for step, value in enumerate(line.values)]
        parts.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{COLOURS[number % 4]}" stroke-width="2.2" '
            f'stroke-dasharray="{_DASHES[number % 4]}"/>'
        )
    names = [line.name for line in lines] + ([f"{band[0].name}–{band[1].name}"] if band else [])
    return _close(chart, [*parts, *_legend(names)])


def draw_bars(chart: Chart, values: Sequence[float]) -> str:
    """One bar a step."""
    top = _choose_top(max(values))
    count = len(values)
    width = (_WIDTH - _LEFT - _RIGHT) / count
    parts = [_frame(chart, top)]
    for step, value in enumerate(values):
        height = (_HEIGHT - _TOP - _BOTTOM) * value / top
        parts.append(
            f'<rect x="{_LEFT + step * width + 1:.1f}" y="{_HEIGHT - _BOTTOM - height:.1f}" width="{width - 2:.1f}" '
            f'height="{height:.1f}" fill="{COLOURS[0]}"/>'
        )
    return _close(chart, parts)


def _choose_top(highest: float) -> float:
    """The least top of an axis of four steps of a round size that holds the highest value."""
    size = 0.001
    while True:
        for digit in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5):
            if digit * size * 4 >= highest:
                return digit * size * 4
        size *= 10


def _at(step: int, value: float, count: int, top: float) -> str:
    x = _LEFT + (step + 0.5) * (_WIDTH - _LEFT - _RIGHT) / count
    y = _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top
    return f"{x:.1f},{y:.1f}"


def _frame(chart: Chart, top: float) -> str:
    """Grid, axes and their labels."""
    parts = []
    for part in range(5):
        value = round(top * part / 4, 6)
        y = _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * part / 4
        text = f"{value:g}"
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" stroke="#8884"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    step = (_WIDTH - _LEFT - _RIGHT) / len(chart.labels)
    for number, label in enumerate(chart.labels):
        if label:
            x = _LEFT + (number + 0.5) * step
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{escape(label)}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 28}" text-anchor="middle">{escape(chart.across)}</text>')
    parts.append(f'<text x="{_LEFT - 44}" y="{_TOP - 12}">{escape(chart.upwards)}</text>')
    return "".join(parts)


def _legend(names: Sequence[str]) -> list[str]:
    parts, x = [], _LEFT
    for number, name in enumerate(names):
        colour, dash = (COLOURS[number % 4], _DASHES[number % 4]) if "–" not in name else ("#7f7f7f", "")
        y = _HEIGHT - 10
        parts.append(
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 24}" y2="{y - 4}" stroke="{colour}" stroke-width="3" '
            f'stroke-dasharray="{dash}"/><text x="{x + 30}" y="{y}">{escape(name)}</text>'
        )
        x += 44 + int(6.4 * len(name))
    return parts


def _close(chart: Chart, parts: Sequence[str]) -> str:
    style = "text{font:12px system-ui,sans-serif;fill:#333}@media(prefers-color-scheme:dark){text{fill:#ddd}}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(chart.title)}"><title>{escape(chart.title)}</title><style>{style}</style>'
        f"{''.join(parts)}</svg>\n"
    )
