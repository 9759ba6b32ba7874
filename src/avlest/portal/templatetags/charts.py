# SPDX-License-Identifier: Apache-2.0
"""Drawing charts: `{% load charts %}{% chart chart %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from avlest.portal.charts import BarChart, LineChart, Sure, draw_bars, draw_line, get_words, make_twin
from avlest.portal.charts.contracts import Twin

register = template.Library()

# Scaled down to a phone the words of the wide one could not be read; the style sheet shows the one that fits.
_WIDE = (640, 280)
_NARROW = (344, 240)


@register.inclusion_tag("portal/parts/chart.html")
def chart(chart: BarChart | LineChart, *, is_open: bool = False) -> dict[str, Any]:
    """A chart with its key in words and its table; `is_open` shows the table at once."""
    twin = make_twin(chart)
    return {
        "chart": chart,
        "svg": _draw(chart, *_WIDE),
        "narrow": _draw(chart, *_NARROW),
        "twin": twin,
        "rows": _write_rows(twin),
        "keys": _get_keys(chart),
        "is_open": is_open,
    }


def _write_rows(twin: Twin) -> SafeString:
    """The body of the table; in a template its loops would cost as much as both drawings."""
    rows = (
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in twin.rows
    )
    return mark_safe("".join(rows))  # noqa: S308  every cell is escaped


def _draw(chart: BarChart | LineChart, width: int, height: int) -> SafeString:
    if isinstance(chart, BarChart):
        svg = draw_bars(chart, width=width, height=height)
    else:
        svg = draw_line(chart, width=width, height=height)
    # The drawing escapes every text it is given.
    return mark_safe(svg)  # noqa: S308


def _get_keys(chart: BarChart | LineChart) -> list[dict[str, str]]:
    """What the shapes mean: only those that are there."""
    if isinstance(chart, LineChart):
        return []
    words = get_words(chart.language)
    there = {Sure.MISSING if bar.value is None else bar.sure for bar in chart.bars}
    keys = [{"shape": "measured", "text": chart.name or words.value}]
    if any(bar.compared is not None for bar in chart.bars):
        keys.append({"shape": "compared", "text": chart.compared_name})
    keys += [
        {"shape": sure.value, "text": words.sure[sure]} for sure in Sure if sure in there and sure != Sure.MEASURED
    ]
    return keys
