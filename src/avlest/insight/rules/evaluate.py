# SPDX-License-Identifier: Apache-2.0
"""Alarms of many series over a day or over years: the rules of rules §5.2 put to work.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from avlest.insight.causes import add_causes
from avlest.insight.contracts import ALARMS, AWAY, LOOKBACK_DAYS, PARAMETERS, AlarmKind, Meaning, Scope
from avlest.insight.rules.burst import BURST
from avlest.insight.rules.carry import close_unwatched, find_carried, make_rows
from avlest.insight.rules.continuous import make_rule
from avlest.insight.rules.freeze import FREEZE
from avlest.insight.rules.grid import Grid, Hours, Integers, count_hours, derive_cells, fill_grid, make_hours
from avlest.insight.rules.latch import Episodes, latch
from avlest.insight.rules.measure import Carried, measure
from avlest.insight.rules.night import NIGHT
from avlest.insight.rules.scene import Rule, Scene
from avlest.insight.rules.thresholds import Thresholds
from avlest.insight.rules.use import AWAY as AWAY_RULE
from avlest.insight.rules.use import BACKFLOW, HIGH_DAY, NO_CONSUMPTION

RULES: tuple[Rule, ...] = (
    make_rule(AlarmKind.CONTINUOUS_FLOW),
    make_rule(AlarmKind.CONTINUOUS_FLOW_7D),
    NIGHT,
    BURST,
    HIGH_DAY,
    NO_CONSUMPTION,
    AWAY_RULE,
    BACKFLOW,
    FREEZE,
)
"""All kinds that are found in hourly series."""

_BLOCK_CELLS = 6_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class _Call:
    """What one call was given, checked."""

    hourly: pl.DataFrame
    parameters: pl.DataFrame
    thresholds: Thresholds
    away: pl.DataFrame
    zone: str


def derive_alarms(
    hourly: pl.DataFrame,
    parameters: pl.DataFrame,
    *,
    start: datetime,
    until: datetime,
    thresholds: Thresholds,
    away: pl.DataFrame | None = None,
    open_alarms: pl.DataFrame | None = None,
    zone: str = "Europe/Oslo",
) -> pl.DataFrame:
    """Alarms of `[start, until)` (UTC, on the hour): opened or cleared in it, or still open at its end.

    `hourly` (`contracts.HOURLY`) holds what is known of `[start - LOOKBACK_DAYS, until)`; what it does not hold is not
    known, and neither zero nor flow.  `parameters` (`contracts.PARAMETERS`) names the series that are watched.
    `open_alarms`: what a former call up to `start` gave (what it holds of cleared ones or others does not matter);
    months at once and days one after another with what is open carried over give the same alarms.  Columns
    `contracts.ALARMS`, ordered by series, kind and opening.
    `ValueError` for instants without zone or off the hour, for an unknown meaning, for a series named twice.
    """
    if not count_hours(start) < count_hours(until):
        raise ValueError(f"nothing between {start} and {until}")
    checked = _check_parameters(parameters)
    call = _Call(hourly, checked, thresholds, _empty(AWAY) if away is None else away, zone)
    given = _empty(ALARMS) if open_alarms is None else open_alarms.select(list(ALARMS))
    open_now = given.filter((pl.col("scope") == str(Scope.SERIES)) & pl.col("cleared_at").is_null())
    done = []
    for begin, end in _split_at_changes(start, until, thresholds, zone):
        found = _derive_part(call, begin, end, open_now)
        done.append(found.filter(pl.col("cleared_at").is_not_null()))
        open_now = found.filter(pl.col("cleared_at").is_null())
    return pl.concat([*done, open_now]).sort("subject", "kind", "opened_at")


def _empty(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(schema))


def _check_parameters(parameters: pl.DataFrame) -> pl.DataFrame:
    known = parameters.select(list(PARAMETERS)).sort("series")
    strange = set(known["meaning"].unique()) - {str(meaning) for meaning in Meaning}
    if strange:
        raise ValueError(
            f"unknown meaning {', '.join(map(repr, sorted(strange)))}, expected one of {', '.join(Meaning)}"
        )
    if known["series"].is_duplicated().any():
        twice = known.filter(pl.col("series").is_duplicated())["series"][0]
        raise ValueError(f"series {twice} is there twice")
    return known


def _split_at_changes(
    start: datetime, until: datetime, thresholds: Thresholds, zone: str
) -> Iterator[tuple[datetime, datetime]]:
    """Parts of `[start, until)` within which the same thresholds are in force."""
    cuts = [_midnight(day, zone, start) for day in thresholds.change_days()]
    edges = [start, *sorted(cut for cut in cuts if start < cut < until), until]
    yield from pairwise(edges)


def _midnight(day: date, zone: str, like: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(like.tzinfo)


def _derive_part(call: _Call, start: datetime, until: datetime, open_now: pl.DataFrame) -> pl.DataFrame:
    """Alarms of a part within which the thresholds do not change."""
    hours = make_hours(start - timedelta(days=LOOKBACK_DAYS), until, call.zone)
    first_column = count_hours(start) - hours.first
    day = start.astimezone(ZoneInfo(call.zone)).date()
    series = call.parameters["series"].to_numpy()
    cells = derive_cells(call.hourly, series, hours.first, len(hours))
    size = max(1, _BLOCK_CELLS // len(hours))
    found = [
        frame
        for begin in range(0, len(series), size)
        for frame in _derive_block(
            call,
            call.parameters[begin : begin + size],
            _take_rows(cells, begin, size),
            hours,
            first_column,
            day,
            open_now,
        )
    ]
    unwatched = close_unwatched(open_now, found, start)
    return add_causes(pl.concat([make_rows([], hours.first), *found, unwatched]), call.parameters, call.zone)


def _take_rows(cells: pl.DataFrame, begin: int, size: int) -> pl.DataFrame:
    low, high = np.searchsorted(cells["row"].to_numpy(), [begin, begin + size]).tolist()
    return cells[low:high].with_columns(pl.col("row") - begin)


def _derive_block(
    call: _Call,
    parameters: pl.DataFrame,
    cells: pl.DataFrame,
    hours: Hours,
    first_column: int,
    day: date,
    open_now: pl.DataFrame,
) -> Iterator[pl.DataFrame]:
    """Alarms of some series, group by group of one class, meaning and unit."""
    whole = fill_grid(cells, parameters["series"].to_numpy(), hours, first_column)
    away = _find_away_hours(call.away, whole)
    groups = parameters.with_row_index("row").group_by("customer_class", "meaning", "unit", maintain_order=True)
    for (customer_class, meaning, unit), members in groups:
        rows = members["row"].cast(pl.Int64).to_numpy()
        grid = _take_grid(whole, rows)
        scene = Scene(
            grid,
            Meaning(meaning),
            members["occupied"].fill_null(value=True).to_numpy(),
            members["resolution"].fill_null(1000).to_numpy(),
            away[rows],
            _take_partner(call, members, grid) if meaning == Meaning.WATER_TEMPERATURE else None,
        )
        for rule in RULES:
            spec = call.thresholds.pick(
                rule.kind, customer_class=str(customer_class), meaning=str(meaning), unit=str(unit), day=day
            )
            if spec is not None:
                yield _derive_kind(scene, rule, spec, open_now)


def _take_grid(whole: Grid, rows: Integers) -> Grid:
    if len(rows) == len(whole.series):
        return whole
    return dataclasses.replace(
        whole,
        series=whole.series[rows],
        values=whole.values[rows],
        valued=whole.valued[rows],
        trusted=whole.trusted[rows],
    )


def _take_partner(call: _Call, members: pl.DataFrame, grid: Grid) -> Grid | None:
    """The use of the same meters, row by row; unknown where a series has no partner."""
    partners = members.select("partner", place=pl.int_range(pl.len())).drop_nulls("partner")
    if partners.is_empty():
        return None
    series = partners["partner"].unique().sort().to_numpy()
    own = fill_grid(derive_cells(call.hourly, series, grid.hours.first, grid.width), series, grid.hours, grid.start)
    at, place = np.searchsorted(series, partners["partner"].to_numpy()), partners["place"].to_numpy()
    shape = grid.values.shape
    values, valued, trusted = np.zeros(shape, np.int64), np.zeros(shape, bool), np.zeros(shape, bool)
    values[place], valued[place], trusted[place] = own.values[at], own.valued[at], own.trusted[at]
    return dataclasses.replace(grid, values=values, valued=valued, trusted=trusted)


def _find_away_hours(away: pl.DataFrame, grid: Grid) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """(n, m): hours that lie whole within a time in which nobody is there."""
    result = np.zeros(grid.values.shape, bool)
    numbers = pl.DataFrame({"series": grid.series, "row": np.arange(len(grid.series))})
    hour = 3_600_000_000
    windows = away.join(numbers, on="series").select(
        "row",
        -(-pl.col("starts_at").dt.timestamp("us") // hour) - grid.hours.first,
        (pl.col("ends_at").dt.timestamp("us") // hour - grid.hours.first).fill_null(grid.width),
    )
    for row, begin, end in windows.iter_rows():  # a handful of people's own words, not measurements
        result[row, max(begin, 0) : max(end, 0)] = True
    return result


def _derive_kind(scene: Scene, rule: Rule, spec: Any, open_now: pl.DataFrame) -> pl.DataFrame:
    """Alarms of one kind in one group of series."""
    prepared = rule.prepare(scene) if rule.prepare else scene
    carried = find_carried(open_now, rule.kind, prepared.grid)
    measures = measure(prepared, rule, spec, _find_episodes(prepared, rule, spec, carried), carried)
    return make_rows([(rule, prepared.grid, measures)], prepared.grid.hours.first)


def _find_episodes(scene: Scene, rule: Rule, spec: Any, carried: Carried) -> Episodes:
    signals = rule.find(scene, spec)
    if rule.is_event:
        row, column = np.nonzero(signals.opens)
        return Episodes(row, column, column)
    return latch(signals, carried.is_open)
