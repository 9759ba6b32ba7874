# SPDX-License-Identifier: Apache-2.0
"""The realism report: a table and pictures."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np

from avlest.simulate.behaviour.water import FIXTURES
from avlest.simulate.contracts import World
from avlest.simulate.report.draw import Chart, Line, draw_bars, draw_lines
from avlest.simulate.report.figures import Figures, derive_figures
from avlest.simulate.report.measured import Flat, Zones, read_flat, read_zones

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CLOCK: Final = tuple(str(hour) if hour % 3 == 0 else "" for hour in range(24))
_BIN: Final = 25  # m³ of the histogram's bars
_BINS: Final = 16
_LORENZ: Final = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the comparison."""

    name: str
    simulated: str
    measured: str = ""
    published: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Markdown with tables, the pictures it shows (SVG by file name), and the figures behind both."""

    text: str
    pictures: dict[str, str]
    figures: Figures


def load_published() -> dict[str, dict[str, Any]]:
    """The published figures by code: `low` and `high` of what is plausible, `text`, `source`, `url`."""
    text = files("avlest.simulate.report").joinpath("published.toml").read_text(encoding="utf-8")
    return {row["code"]: row for row in tomllib.loads(text)["figure"]}


def make_report(world: World, *, shared: Path | None = None) -> Report:
    """Compare a world (best a year long) with measured data in the folder `shared` and with published figures."""
    figures = derive_figures(world)
    zones = read_zones(shared) if shared else None
    flat = read_flat(shared) if shared else None
    pictures = draw_pictures(figures, zones, flat)
    rows = list_rows(figures, zones, flat)
    return Report(_write_text(world, figures, rows, pictures, is_measured=zones is not None), pictures, figures)


def write_report(report: Report, folder: Path) -> Path:
    """Write `report.md` and the pictures into a folder (made where it is not there); returns the page's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in report.pictures.items():
        (folder / name).write_text(picture, encoding="utf-8")
    page = folder / "report.md"
    page.write_text(report.text, encoding="utf-8")
    return page


def list_rows(figures: Figures, zones: Zones | None, flat: Flat | None) -> list[Row]:
    """The lines of the comparison."""
    published = load_published()
    quartiles = np.percentile(figures.yearly, (10, 50, 90)) / 1000
    peak = int(np.argmax(figures.zone_day))
    rows = [
        Row(
            "litres a person and day, houses",
            f"{figures.litres_a_person:.0f}",
            "",
            *_cite(published, "litres_a_person"),
        ),
        Row("m³ a year and house: 10 %, median, 90 %", " / ".join(f"{value:.0f}" for value in quartiles)),
        Row("share of houses behind half of the use", f"{100 * figures.half_share:.0f} %"),
        Row("hours of houses without a litre", f"{100 * figures.quiet_share:.0f} %"),
        Row("night flow of a house, 02-04, litres an hour", f"{figures.night_litres:.1f}"),
        Row("night over mean, houses", f"{figures.night_ratio:.2f}"),
        Row("lowest over mean hour, supply zones", f"{figures.zone_minimum:.2f}", _span(zones)),
        Row(
            "highest hour of a working day over mean, zones",
            f"{figures.zone_day.max():.2f} at {peak}:00",
            _highest(zones),
        ),
        Row("free day over working day", f"{figures.free_day_ratio:.2f}", _ratio(zones, "free_day_ratio")),
        Row("June-August over the year", f"{np.mean(figures.months[5:8]):.2f}", _ratio(zones, "summer_ratio")),
        Row(
            "per cent of supply that no meter counts",
            f"{figures.network_loss:.0f}",
            "",
            *_cite(published, "network_loss"),
        ),
        Row("hot part of a flat's water", f"{figures.hot_share:.0f} %"),
        Row("kWh a year and house from the grid", f"{figures.kwh_a_house:,.0f}", "", *_cite(published, "kwh_a_house")),
    ]
    if flat is not None:
        alone, busy = figures.alone.mean(), flat.busy.mean()
        rows.append(
            Row("hours with water, home of one person", f"{100 * alone:.0f} %", f"{100 * busy:.0f} % (one flat)")
        )
        rows.append(
            Row(
                "flushes a person at home and day",
                f"{FIXTURES[0].by_person / 1000:.1f}",
                f"{flat.flushes_a_day:.1f} (one flat)",
            )
        )
    return rows


def _cite(published: dict[str, dict[str, Any]], code: str) -> tuple[str, str]:
    return published[code]["text"], f"[{published[code]['source']}]({published[code]['url']})"


def _span(zones: Zones | None) -> str:
    return (
        "" if zones is None else "{:.2f}-{:.2f}, median {:.2f}".format(*(zones.minimum[place] for place in (0, 2, 1)))
    )


def _highest(zones: Zones | None) -> str:
    return "" if zones is None else f"{zones.working_day.max():.2f} at {int(np.argmax(zones.working_day))}:00"


def _ratio(zones: Zones | None, name: str) -> str:
    return "" if zones is None else f"{getattr(zones, name):.2f}"


def draw_pictures(figures: Figures, zones: Zones | None, flat: Flat | None) -> dict[str, str]:
    """The report's pictures by file name."""
    lines = [
        Line("houses, working day", figures.working_day.tolist()),
        Line("houses, free day", figures.free_day.tolist()),
        Line("zones", figures.zone_day.tolist()),
    ]
    band = None
    if zones is not None:
        lines.append(Line("measured zones", zones.working_day.tolist()))
        band = (Line("their lowest", zones.lowest.tolist()), Line("highest", zones.highest.tolist()))
    day = Chart("Water over the day, part of the mean hour", "hour of the civil day", "part of mean", _CLOCK)
    counts = np.histogram(figures.yearly / 1000, bins=_BINS, range=(0, _BIN * _BINS))[0]
    labels = [str(number * _BIN) if number % 2 == 0 else "" for number in range(_BINS)]
    homes = Chart("Houses by yearly use of water", "m³ a year, from", "houses", labels)
    months = Chart("Water and heat over the year", "month", "part of mean", _MONTHS)
    hours = Chart("Hours with water in a home of one person", "hour of the civil day", "share of days", _CLOCK)
    alone = [Line("simulated", figures.alone.tolist())]
    if flat is not None:
        alone.append(Line("measured: one flat in Naples", flat.busy.tolist()))
    return {
        "simulate-day.svg": draw_lines(day, lines, band=band),
        "simulate-alone.svg": draw_lines(hours, alone),
        "simulate-homes.svg": draw_bars(homes, counts.tolist()),
        "simulate-half.svg": _draw_half(figures),
        "simulate-year.svg": draw_lines(
            months,
            [Line("water of houses", figures.months.tolist()), Line("heat of flats", figures.heat_months.tolist())],
        ),
    }


def _draw_half(figures: Figures) -> str:
    """How much of all water the largest users take."""
    largest = np.concatenate(([0.0], np.cumsum(figures.yearly[::-1]))) / max(figures.yearly.sum(), 1e-9)
    steps = np.linspace(0, 1, _LORENZ + 1)
    values = np.interp(steps, np.linspace(0, 1, len(largest)), largest) * 100
    labels = [f"{round(100 * step)}" if number % 4 == 0 else "" for number, step in enumerate(steps)]
    chart = Chart(
        "How few houses use how much of the water", "per cent of houses, largest first", "per cent of water", labels
    )
    return draw_lines(chart, [Line("houses", values.tolist()), Line("all alike", (steps * 100).tolist())])


def _write_text(world: World, figures: Figures, rows: list[Row], pictures: dict[str, str], *, is_measured: bool) -> str:
    days = figures.hours // 24
    head = [
        "# How like life is Fjordvik?",
        "",
        f"{figures.homes} houses of a municipality of {world.homes} homes, seed {world.seed}, {days} days.",
        "Leaks and bursts are in; farms, cabins and flats are apart.",
        "",
    ]
    if not is_measured:
        head += ["The measured data were not found: the column is empty.", ""]
    table = ["| | simulated | measured | published | source |", "|---|---|---|---|---|"]
    table += [f"| {row.name} | {row.simulated} | {row.measured} | {row.published} | {row.source} |" for row in rows]
    shown = [f"\n![{name.removesuffix('.svg')}]({name})" for name in pictures]
    return "\n".join([*head, *table, *shown, ""])
