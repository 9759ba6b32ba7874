# SPDX-License-Identifier: Apache-2.0
"""The table beside every chart: the same values in words.  Pure."""

from __future__ import annotations

from avlest.portal.charts.contracts import BarChart, LineChart, Sure, Twin
from avlest.portal.charts.labels import label_interval
from avlest.portal.charts.lines import label_time
from avlest.portal.charts.scale import choose_shown, write_value
from avlest.portal.charts.words import Words, get_words
from avlest.wording import MISSING, format_money


def make_twin(chart: BarChart | LineChart) -> Twin:
    """Return a chart as a table."""
    return _twin_of_bars(chart) if isinstance(chart, BarChart) else _twin_of_line(chart)


def _twin_of_bars(chart: BarChart) -> Twin:
    words = get_words(chart.language)
    has_compared = any(bar.compared is not None for bar in chart.bars)
    has_price = any(bar.price is not None for bar in chart.bars)
    columns = [words.time, chart.name or words.value, words.quality]
    columns += [chart.compared_name or words.compared] if has_compared else []
    columns += [words.price] if has_price else []
    return Twin(
        chart.title, tuple(columns), tuple(_bar_rows(chart, words, has_compared=has_compared, has_price=has_price))
    )


def _bar_rows(chart: BarChart, words: Words, *, has_compared: bool, has_price: bool) -> list[tuple[str, ...]]:
    values = [value for bar in chart.bars for value in (bar.value, bar.compared)]
    shown = choose_shown(values, chart.unit)
    rows = []
    for bar in chart.bars:
        sure = Sure.MISSING if bar.value is None else bar.sure
        row = [label_interval(bar, chart.interval, chart.language)]
        row += [write_value(bar.value, chart.unit, shown, chart.language), words.sure[sure]]
        row += [write_value(bar.compared, chart.unit, shown, chart.language)] if has_compared else []
        row += [format_money(bar.price, language=chart.language)] if has_price else []
        rows.append(tuple(row))
    return rows


def _twin_of_line(chart: LineChart) -> Twin:
    words = get_words(chart.language)
    shown = choose_shown([point.value for point in chart.points], chart.unit)
    rows = [
        (
            label_time(point.at, chart.language),
            MISSING if point.value is None else write_value(point.value, chart.unit, shown, chart.language),
        )
        for point in chart.points
    ]
    return Twin(chart.title, (words.time, words.value), tuple(rows))
