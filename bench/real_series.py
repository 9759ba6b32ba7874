# SPDX-License-Identifier: Apache-2.0
"""VEE on real series: ten district areas of a water network with real gaps, and a Danish heat meter.

    python bench/real_series.py [--data ../shared/data] [--seed 1] [--share 0.05]

Water: imports the areas, prints what validation found, hides a share of the known hours in blocks of 1 hour to 3 days
and compares our estimates with linear interpolation and with a copy of the week before, as the mean absolute percentage
error, without and with the true total of each block (a register read at both ends). Heat: cumulative rows to hours,
with gaps, standstills and resets classified.

Data: Battle of Water Demand Forecasting (WDSA/CCWI 2024), ten areas in northern Italy, 2021 to 2023; smart heat meters
in Aalborg (doi.org/10.1038/s41597-022-01502-3). They are not part of the project.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.readings.vee import VeeInputs, VeeResult, derive_series
from avlest.readings.vee.contracts import FEEDS, READINGS, SERIES

ROME = ZoneInfo("Europe/Rome")
COPENHAGEN = ZoneInfo("Europe/Copenhagen")
HOUR = dt.timedelta(hours=1)
THOUSANDTHS_AN_HOUR = 3_600_000
"""From litres a second to thousandths of a litre an hour."""

LONGEST = 72
METHODS = ("profile", "linear", "last week")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Areas:
    """Hourly use of areas (rows) from `start` on; NaN where the source has none."""

    start: dt.datetime
    value: Floats


def load_areas(folder: Path) -> Areas:
    """Read the inflow of all areas; local times become UTC, the hour that comes twice in autumn twice."""
    with (folder / "bwdf_dma_water" / "InflowData.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    instants = list_instants([row[0] for row in rows])
    start = instants[0]
    value = np.full((len(rows[0]) - 1, int((instants[-1] - start) / HOUR) + 1), np.nan)
    for at, row in zip(instants, rows, strict=True):
        column = int((at - start) / HOUR)
        value[:, column] = [float(cell) if cell else np.nan for cell in row[1:]]
    return Areas(start, np.rint(value * THOUSANDTHS_AN_HOUR))


def list_instants(texts: list[str]) -> list[dt.datetime]:
    """Local times in the order of the file to UTC."""
    found: list[dt.datetime] = []
    for text in texts:
        local = dt.datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=ROME)
        at = local.astimezone(dt.UTC)
        found.append(local.replace(fold=1).astimezone(dt.UTC) if found and at <= found[-1] else at)
    return found


def make_amounts(areas: Areas, shown: npt.NDArray[np.bool_]) -> VeeInputs:
    """The shown hours as amounts of an hour that ended."""
    series, hour = np.nonzero(shown)
    return make_inputs(areas, series, hour + 1, areas.value[series, hour].astype(np.int64), kind="interval")


def make_registers(areas: Areas, shown: npt.NDArray[np.bool_]) -> VeeInputs:
    """Registers that count also while hidden; in real gaps they count what the area uses on average."""
    mean = np.nanmean(areas.value, axis=1)[:, None]
    state = np.zeros((len(areas.value), areas.value.shape[1] + 1), np.int64)
    np.cumsum(np.where(np.isnan(areas.value), mean, areas.value).astype(np.int64), axis=1, out=state[:, 1:])
    # a state is read where the hour before or after it is shown, so that both ends of a hidden block are read
    read = np.zeros(state.shape, np.bool_)
    read[:, 1:] |= shown
    read[:, :-1] |= shown
    series, hour = np.nonzero(read)
    return make_inputs(areas, series, hour, state[series, hour], kind="counter")


def make_inputs(
    areas: Areas, series: npt.NDArray[np.int64], hour: npt.NDArray[np.int64], value: npt.NDArray[np.int64], *, kind: str
) -> VeeInputs:
    """Inputs of areas whose series and register have the same number."""
    first = int(areas.start.timestamp()) * 1_000_000
    at = pl.Series(first + hour * 3_600_000_000).cast(pl.Datetime("us", "UTC"))
    readings = pl.DataFrame({"register": series, "at": at, "value": value, "status": 0, "quality": 50, "known_at": at})
    ids = np.arange(len(areas.value))
    feeds = pl.DataFrame({"series": ids, "register": ids, "starts_at": [areas.start] * len(ids)})
    those = pl.DataFrame({"series": ids}).with_columns(
        kind=pl.lit(kind), unit=pl.lit("l"), meter_class=pl.lit("water_zone"), interval_s=3600
    )
    return VeeInputs(
        readings.select(pl.col(name).cast(dtype) for name, dtype in READINGS.items()),
        feeds.select(pl.col(name).cast(FEEDS[name]) for name in feeds.columns),
        those.select(pl.col(name).cast(SERIES[name]) for name in those.columns),
    )


def derive_areas(areas: Areas, inputs: VeeInputs) -> tuple[Floats, VeeResult]:
    """Hours of every area as a rectangle; NaN where none."""
    stop = areas.start + HOUR * areas.value.shape[1]
    result = derive_series(
        inputs, start=areas.start.astimezone(ROME).date(), stop=stop.astimezone(ROME).date() + dt.timedelta(days=1),
        horizon=stop, known_at=stop, zone=ROME,
    )  # fmt: skip
    found = np.full(areas.value.shape, np.nan)
    hour = ((result.hourly["hour"] - areas.start).dt.total_hours()).to_numpy()
    found[result.hourly["series"].to_numpy(), hour] = result.hourly["value"].cast(pl.Float64).to_numpy()
    return found, result


def hide_blocks(areas: Areas, *, share: float, seed: int) -> tuple[npt.NDArray[np.bool_], list[tuple[int, int, int]]]:
    """Hide a share of the known hours in blocks of 1 to 72 hours with a known hour on each side.

    Returns what is still shown, and the blocks as (area, first hour, after the last).
    """
    rng = np.random.default_rng(seed)
    known = ~np.isnan(areas.value)
    shown, blocks = known.copy(), []
    for area in range(len(known)):
        wanted = share * known[area].sum()
        while wanted > 0:
            length = int(np.exp(rng.uniform(0, np.log(LONGEST + 1))))
            first = int(rng.integers(24 * 63, known.shape[1] - LONGEST - 2))
            around = slice(first - 1, first + length + 1)
            if shown[area, around].all():
                shown[area, first : first + length] = False
                blocks.append((area, first, first + length))
                wanted -= length
    return shown, blocks


def estimate_linear(value: Floats, first: int, stop: int) -> Floats:
    """A straight line between the hours beside the block."""
    part = (np.arange(first, stop) - (first - 1)) / (stop - first + 1)
    line: Floats = value[first - 1] + (value[stop] - value[first - 1]) * part
    return line


def copy_last_week(value: Floats, first: int, stop: int) -> Floats:
    """The same hours of the nearest week before in which they are known."""
    found = np.full(stop - first, np.nan)
    for weeks in range(1, 9):
        earlier = value[first - 168 * weeks : stop - 168 * weeks]
        found = np.where(np.isnan(found), earlier, found)
    return np.where(np.isnan(found), np.nanmean(value[max(0, first - 168 * 8) : first]), found)


def compare(areas: Areas, *, share: float, seed: int) -> dict[str, dict[str, Floats]]:
    """MAPE (per cent) of every method and area: without the block's total, and with it."""
    shown, blocks = hide_blocks(areas, share=share, seed=seed)
    free, _ = derive_areas(areas, make_amounts(areas, shown))
    bound, _ = derive_areas(areas, make_registers(areas, shown))
    left = np.where(shown, areas.value, np.nan)
    errors: dict[str, dict[str, list[list[Floats]]]] = {
        case: {name: [[] for _ in areas.value] for name in METHODS} for case in ("total unknown", "total known")
    }
    for area, first, stop in blocks:
        true = areas.value[area, first:stop]
        others = {
            "linear": estimate_linear(left[area], first, stop),
            "last week": copy_last_week(left[area], first, stop),
        }
        fitted = {name: guess * (true.sum() / guess.sum()) for name, guess in others.items() if guess.sum() > 0}
        cases = {
            "total unknown": {"profile": free[area, first:stop]} | others,
            "total known": {"profile": bound[area, first:stop]} | others | fitted,
        }
        for case, guesses in cases.items():
            for name, guess in guesses.items():
                usable = true > 0
                errors[case][name][area].append(np.abs(guess - true)[usable] / true[usable])
    return {
        case: {
            name: np.array([100 * np.concatenate(parts).mean() for parts in those]) for name, those in methods.items()
        }
        for case, methods in errors.items()
    }


def load_heat(path: Path) -> VeeInputs:
    """Cumulative energy of one heat meter in watt-hours, with the gaps that interpolated rows stand for.

    The published rows were interpolated to full hours; the kilowatt-hours keep their fractions.
    """
    rows = pl.read_csv(path, try_parse_dates=True)
    at = rows["time_rounded"].cast(pl.Datetime("us", "UTC"))
    readings = pl.DataFrame(
        {
            "register": 1, "at": at, "value": (rows["energy_heat_kwh"] * 1000).round().cast(pl.Int64), "status": 0,
            "quality": 50, "known_at": at,
        }
    )  # fmt: skip
    feeds = pl.DataFrame({"series": [1], "register": [1], "starts_at": [at[0]]})
    those = pl.DataFrame({"series": [1], "kind": ["counter"], "unit": ["kwh"], "meter_class": ["heat"]})
    return VeeInputs(
        readings.select(pl.col(name).cast(dtype) for name, dtype in READINGS.items()),
        feeds.select(pl.col(name).cast(FEEDS[name]) for name in feeds.columns),
        those,
    )


def derive_heat(inputs: VeeInputs) -> VeeResult:
    """Hours and days of the heat meter over all its readings."""
    at = inputs.readings["at"].sort()
    first, last = at[0], at[-1]
    start, stop = (at.astimezone(COPENHAGEN).date() for at in (first, last + dt.timedelta(days=1)))
    return derive_series(inputs, start=start, stop=stop, horizon=last, known_at=last, zone=COPENHAGEN)


def print_water(folder: Path, *, share: float, seed: int) -> None:
    """Findings of the areas as they are, then the comparison."""
    areas = load_areas(folder)
    found, result = derive_areas(areas, make_amounts(areas, ~np.isnan(areas.value)))
    known = int((~np.isnan(areas.value)).sum())
    ranks = dict(result.hourly.group_by("quality").len().sort("quality").iter_rows())
    print(f"{len(areas.value)} areas, {known:,} known hours from {areas.start:%Y-%m-%d}; hours by quality: {ranks}")
    assert np.array_equal(found[~np.isnan(areas.value)], areas.value[~np.isnan(areas.value)])
    counts = result.findings.group_by("rule", "detail").len().sort("rule", "detail").iter_rows()
    print("findings: " + ", ".join(f"{rule} {detail} {count}" for rule, detail, count in counts))
    for case, methods in compare(areas, share=share, seed=seed).items():
        best = min(methods, key=lambda name: float(methods[name].mean()))
        print(f"\n{share:.0%} hidden in blocks of 1 h to 3 d, {case}: MAPE per cent by area, and mean")
        for name, values in methods.items():
            cells = " ".join(f"{value:6.2f}" for value in values)
            print(f"  {name:10} {cells}   {values.mean():6.2f}{'   best' if name == best else ''}")


def print_heat(folder: Path) -> None:
    """What the heat meter's year says."""
    inputs = load_heat(folder / "danish_heat_sample" / "processed_final_data_sample.csv")
    result = derive_heat(inputs)
    states = inputs.readings.sort("at")["value"]
    print(f"\nheat meter: {inputs.readings.height:,} rows, {states[-1] - states[0]:,} Wh counted, "
          f"{result.hourly['value'].sum():,} Wh in {result.hourly.height:,} hours")  # fmt: skip
    print("  hours by rule: " + str(dict(result.hourly.group_by("rule").len().sort("rule").iter_rows())))
    print("  findings: " + str(dict(result.findings.group_by("rule").len().sort("rule").iter_rows())))


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", type=float, default=0.05)
    options = parser.parse_args()
    print_water(options.data, share=options.share, seed=options.seed)
    print_heat(options.data)


if __name__ == "__main__":
    main()
