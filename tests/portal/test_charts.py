# SPDX-License-Identifier: Apache-2.0
"""Charts as text: zero baseline, gaps as gaps, hatches, marks, days of 23 and 25 hours, the table beside them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.template import Context, Template

from avlest.portal.charts import (
    Bar,
    BarChart,
    LineChart,
    Mark,
    Point,
    Sure,
    draw_bars,
    draw_line,
    label_interval,
    make_twin,
)
from avlest.portal.charts.labels import tick_texts
from avlest.portal.charts.scale import make_scale
from avlest.readings.calendar import derive_day

SVG = "{http://www.w3.org/2000/svg}"


def make_day(day: date, **changes) -> BarChart:
    """A chart of the hours of a local day, hour number n using n + 1 litres."""
    period = derive_day(day)
    starts = [period.start + timedelta(hours=at) for at in range(period.hours)]
    bars = tuple(Bar(start, start + timedelta(hours=1), 1000 * (at + 1)) for at, start in enumerate(starts))
    return BarChart(
        **{"title": "Kaldtvann", "unit": "l", "interval": "hour", "bars": bars, "name": "22. november", **changes}
    )


def find_part(element: ElementTree.Element, name: str) -> ElementTree.Element:
    """The child of a name, which is there."""
    found = element.find(f"{SVG}{name}")
    assert found is not None
    return found


def get_text(element: ElementTree.Element, name: str) -> str:
    """The text of the child of a name."""
    return find_part(element, name).text or ""


def get_size(element: ElementTree.Element, name: str) -> float:
    """An attribute as a number."""
    return float(element.get(name, "nan"))


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def get_bars(svg: str) -> list[ElementTree.Element]:
    return [each for each in parse(svg).iter(f"{SVG}rect") if each.get("class") == "c-bar"]


def test_bars_stand_on_zero_and_are_in_proportion():
    """Twice the use is twice the height, from one baseline."""
    bars = get_bars(draw_bars(make_day(date(2026, 11, 22))))
    heights = [float(bar.get("height")) for bar in bars]
    feet = {round(float(bar.get("y")) + float(bar.get("height"))) for bar in bars}
    assert len(feet) == 1
    assert heights[11] == pytest.approx(12 * heights[0], abs=1)


@pytest.mark.parametrize(
    ("day", "count"), [(date(2026, 3, 29), 23), (date(2026, 11, 22), 24), (date(2026, 10, 25), 25)]
)
def test_days_have_their_hours(day, count):
    """When clocks change there are 23 or 25 bars; the hour that comes twice says so, the lost one is absent."""
    chart = make_day(day)
    assert len(get_bars(draw_bars(chart))) == count
    labels = [row[0].replace("\u00a0", " ") for row in make_twin(chart).rows]
    assert len(set(labels)) == count
    assert sum("andre gang" in label for label in labels) == (count == 25)
    twos = [label for label in labels if "kl. 02–03" in label]
    assert len(twos) == {23: 0, 24: 1, 25: 2}[count]
    ticks = [each.text for each in parse(draw_bars(chart)).iter(f"{SVG}text")]
    assert ticks.count("02") == {23: 0, 24: 0, 25: 2}[count]


def test_a_gap_is_a_gap():
    """A missing hour has no bar, a dotted line and its words; it is not a zero in the table."""
    day = make_day(date(2026, 11, 22))
    bars = (Bar(day.bars[0].start, day.bars[0].stop, None, Sure.MISSING), *day.bars[1:])
    chart = make_day(date(2026, 11, 22), bars=bars)
    svg = draw_bars(chart)
    assert len(get_bars(svg)) == 23
    assert 'class="c-gap"' in svg
    assert make_twin(chart).rows[0][1:] == ("–", "mangler")
    assert "mangler: 1" in get_text(parse(svg), "desc")


def test_estimated_is_hatched_and_read_by_hand_outlined():
    """What is not measured looks different without colour, and is named."""
    day = make_day(date(2026, 11, 22))
    sure = [Sure.ESTIMATED, Sure.MANUAL]
    bars = tuple(Bar(b.start, b.stop, b.value, s) for b, s in zip(day.bars, sure, strict=False))
    svg = draw_bars(make_day(date(2026, 11, 22), bars=bars))
    estimated = next(each for each in parse(svg).iter(f"{SVG}rect") if each.get("class") == "c-estimated")
    assert re.fullmatch(r"url\(#c[0-9a-f]+-hatch\)", estimated.get("fill", ""))
    assert "stipulert" in get_text(estimated, "title")
    assert 'class="c-manual"' in svg


def test_comparison_price_and_exchange():
    """The compared bars are narrow on the same scale; a price has steps and an axis; an exchange its word."""
    day = make_day(date(2026, 11, 22))
    bars = tuple(
        Bar(b.start, b.stop, b.value, compared=2 * (b.value or 0), price=100 + at) for at, b in enumerate(day.bars)
    )
    marks = (Mark(day.bars[5].start, "ny måler"),)
    svg = draw_bars(make_day(date(2026, 11, 22), bars=bars, compared_name="november 2025", marks=marks))
    compared = [each for each in parse(svg).iter(f"{SVG}rect") if each.get("class") == "c-compared"]
    assert get_size(compared[3], "height") == pytest.approx(2 * get_size(get_bars(svg)[3], "height"), abs=0.2)
    assert get_size(compared[3], "width") < get_size(get_bars(svg)[3], "width")
    assert "ny måler" in svg
    price = next(each for each in parse(svg).iter(f"{SVG}path") if each.get("class") == "c-price")
    assert price.get("d", "").count("L") == 2 * 24 - 1
    assert "C" not in price.get("d", "C")


def test_inline_mode_carries_its_colours():
    """For PDF and e-mail nothing depends on a style sheet; pages have classes only."""
    chart = make_day(date(2026, 11, 22))
    inline, css = draw_bars(chart, mode="inline"), draw_bars(chart)
    assert "class=" not in inline
    assert 'fill="#0062ba"' in inline
    assert "#" not in re.sub(r'"[^"]*url\(#[^"]*"', "", css)
    assert "style=" not in inline + css


def test_it_says_what_it_shows():
    """Title and description are there and belong to the drawing; what people wrote is escaped."""
    svg = draw_bars(make_day(date(2026, 11, 22), title='<b>Bad & "kjeller"</b>'))
    root = parse(svg)
    assert root.get("role") == "img"
    ids = root.get("aria-labelledby", "").split()
    assert [find_part(root, "title").get("id"), find_part(root, "desc").get("id")] == ids
    assert get_text(root, "title") == '<b>Bad & "kjeller"</b>'
    assert "300" in get_text(root, "desc")


@pytest.mark.parametrize(("language", "week_day"), [("nb", "søndag"), ("nn", "sundag"), ("en", "Sunday")])
def test_the_table_speaks_three_languages(language, week_day):
    """Labels, units and words follow the language."""
    twin = make_twin(make_day(date(2026, 11, 22), language=language))
    assert twin.rows[0][0].startswith(week_day)
    assert len(twin.columns) == len(twin.rows[0]) == 3


def test_one_unit_in_a_chart_and_money():
    """Large values are in m³ throughout; øre are written as kroner."""
    start = datetime(2026, 10, 31, 23, tzinfo=UTC)
    bars = tuple(
        Bar(start + timedelta(days=at), start + timedelta(days=at + 1), v) for at, v in enumerate((830_000, 12_400_000))
    )
    chart = BarChart("Vann", "l", "day", bars)
    assert [row[1].replace("\u00a0", " ") for row in make_twin(chart).rows] == ["0,8 m³", "12,4 m³"]
    money = BarChart("Vann", "kr", "day", (Bar(start, start + timedelta(days=1), 138_242),))
    assert make_twin(money).rows[0][1].replace("\u00a0", " ") == "1 382,42 kr"
    assert label_interval(bars[0], "month", "nb") == "november 2026"


def test_lines_break_and_step():
    """A missing value breaks a line; a step line goes level, then up."""
    start = datetime(2026, 11, 22, tzinfo=UTC)
    values = [1_000_000, 2_000_000, None, 1_500_000]
    points = tuple(Point(start + timedelta(hours=at), value) for at, value in enumerate(values))
    chart = LineChart("Effekt", "w", start, start + timedelta(hours=4), points)
    path = next(parse(draw_line(chart)).iter(f"{SVG}path")).get("d")
    assert (path.count("M"), path.count("L")) == (2, 1)
    step = LineChart("Pris", "kr", start, start + timedelta(hours=4), points, is_step=True)
    assert next(parse(draw_line(step)).iter(f"{SVG}path")).get("d").count("L") == 2
    assert [row[1].replace("\u00a0", " ") for row in make_twin(chart).rows] == ["1,0 kW", "2,0 kW", "–", "1,5 kW"]


@pytest.mark.parametrize("values", [[], [None], [0], [5], [-3000, 2000], [999_999_999]])
def test_scales_are_round_and_hold_everything(values):
    """Steps are 1, 2 or 5 times a power of ten; bars always include zero."""
    scale = make_scale(values, with_zero=True)
    known = [value for value in values if value is not None]
    assert scale.low <= min([0, *known]) <= max([0, *known]) <= scale.high
    step = scale.steps[1] - scale.steps[0]
    assert str(step).rstrip("0") in ("1", "2", "5")
    assert draw_bars(BarChart("Tom", "l", "day", ())).startswith("<svg")


def test_a_page_has_a_drawing_for_phones_too():
    """Words stay readable at 360 px: a second, narrow drawing with ids of its own, of which one is shown."""
    page = Template("{% load charts %}{% chart drawn %}").render(Context({"drawn": make_day(date(2026, 11, 22))}))
    assert 'viewBox="0 0 640 280"' in page
    assert 'viewBox="0 0 344 240"' in page
    ids = re.findall(r'<title id="([^"]+)"', page)
    assert len(set(ids)) == len(ids) == 2


def test_days_of_a_month_do_not_run_together():
    """Mondays are named, and the first where no Monday stands beside it."""
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 31)]
    bars = [Bar(day, day + timedelta(days=1), 1) for day in days]
    assert [text for text in tick_texts(bars, "day", "nb") if text] == ["2", "9", "16", "23", "30"]
