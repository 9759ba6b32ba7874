# SPDX-License-Identifier: Apache-2.0
"""Charts as text: SVG for pages, PDF and e-mail, and the same values as a table.  Pure: nothing of Django."""

from __future__ import annotations

from avlest.portal.charts.bars import draw_bars
from avlest.portal.charts.contracts import Bar, BarChart, Interval, LineChart, Mark, Mode, Point, Sure, Twin
from avlest.portal.charts.labels import label_interval
from avlest.portal.charts.lines import draw_line
from avlest.portal.charts.twins import make_twin
from avlest.portal.charts.words import get_words

__all__ = [
    "Bar",
    "BarChart",
    "Interval",
    "LineChart",
    "Mark",
    "Mode",
    "Point",
    "Sure",
    "Twin",
    "draw_bars",
    "draw_line",
    "get_words",
    "label_interval",
    "make_twin",
]
