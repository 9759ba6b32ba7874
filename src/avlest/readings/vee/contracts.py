# SPDX-License-Identifier: Apache-2.0
"""What VEE is given and what it gives back: frames with exact columns.  Pure.

Values are int64 thousandths of the unit, instants UTC with microseconds, periods half-open. Every frame but `readings`,
`feeds` and `series` may be empty; columns that may be null may be left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

import polars as pl

UTC: Final = pl.Datetime("us", "UTC")
Schema = Mapping[str, pl.DataType]


class Kind(StrEnum):
    """How a series is counted."""

    COUNTER = "counter"
    """Readings are states of a register that rises."""
    INTERVAL = "interval"
    """Readings are amounts of an interval of `interval_s` seconds that ends at `at`."""
    GAUGE = "gauge"
    """Readings are momentary values."""


class Action(StrEnum):
    """What a person decided about a period of a series."""

    ACCEPT = "accept"
    """The readings in the period are right: no rule rejects them."""
    ESTIMATE = "estimate"
    """The readings within the period are wrong: leave them out and estimate."""
    EDIT = "edit"
    """`value` was used in the period (EDITED): gives way to measured values."""
    VERIFY = "verify"
    """`value` was used in the period (MANUAL_VERIFIED): stands above measured values."""
    DISCRETION = "discretion"
    """`value` was used in the period by a case worker's judgement (skjønn): holds until released."""
    RELEASE = "release"
    """The discretion for exactly this period ends."""


class Severity(StrEnum):
    """What a finding asks for."""

    INFO = "info"
    """To know; nothing to do."""
    SUSPECT = "suspect"
    """The value stands and a person should look."""
    REJECT = "reject"
    """A reading was left out; the hours are estimated."""
    TASK = "task"
    """Somebody must go there or decide before the value may be billed."""


READINGS: Final[Schema] = {
    "register": pl.Int64(),
    "at": UTC,
    "value": pl.Int64(),
    "status": pl.Int64(),
    "quality": pl.Int16(),
    "known_at": UTC,
}
"""Rows of the table `readings` (more columns are ignored), any order and any repetition.  Optional column `clock_s`
(Int64): what the meter's clock was ahead of the receiver's, in seconds, where it is known (V02)."""

FEEDS: Final[Schema] = {
    "series": pl.Int64(),
    "register": pl.Int64(),
    "starts_at": UTC,
    "ends_at": UTC,
    "start_value": pl.Int64(),
    "end_value": pl.Int64(),
    "digits": pl.Int16(),
    "scale": pl.Int64(),
    "unit": pl.String(),
}
"""`registry.contracts.SeriesFeed` as columns: a register feeds a series in `[starts_at, ends_at)`; `ends_at`,
`start_value`, `end_value` null: none.  `digits` and `scale` (thousandths of the unit for one step of the last digit)
bound a rollover; null: it cannot be told from a reset.  `unit` of the register, null: that of the series (V03)."""

SERIES: Final[Schema] = {
    "series": pl.Int64(),
    "kind": pl.String(),
    "unit": pl.String(),
    "meter_class": pl.String(),
    "interval_s": pl.Int64(),
    "cadence_s": pl.Int64(),
    "climate": pl.Int64(),
}
"""One row a series.  `kind` as `Kind`; `meter_class` a class of `thresholds.toml`; `interval_s` only for intervals
(null: 3600); `cadence_s` how often a reading is expected (null: that of the class); `climate` the key in
`degree_days` for what follows the weather (heating), else null."""

LIMITS: Final[Schema] = {"series": pl.Int64(), "name": pl.String(), "value": pl.Float64()}
"""A series' own thresholds over those of its class: the names of `thresholds.toml`, such as `max_per_hour`."""

EXPECTATIONS: Final[Schema] = {"series": pl.Int64(), "per_year": pl.Int64()}
"""Expected use of a year (thousandths), for E4 and V08."""

DECISIONS: Final[Schema] = {
    "series": pl.Int64(),
    "start": UTC,
    "stop": UTC,
    "action": pl.String(),
    "value": pl.Int64(),
    "known_at": UTC,
}
"""Decisions of people; `action` as `Action`.  Periods with a value begin and end on full hours."""

OUTAGES: Final[Schema] = {"series": pl.Int64(), "start": UTC, "stop": UTC}
"""Power was off: nothing was used."""

DEGREE_DAYS: Final[Schema] = {"climate": pl.Int64(), "day": pl.Date(), "value": pl.Float64()}
"""Degree days of a local day at a place."""

STATUSES: Final[Schema] = {"status": pl.Int64(), "tamper": pl.Boolean(), "dry": pl.Boolean()}
"""What the numbers in `readings.status` mean, where they mean one of these (V13)."""

HISTORY: Final[Schema] = {
    "series": pl.Int64(),
    "hour": UTC,
    "value": pl.Int64(),
    "quality": pl.Int16(),
    "rule": pl.String(),
}
"""Rows of the table `hourly`; only what was read (quality at least EDITED, no rule) shapes estimates."""

HOURLY: Final[Schema] = {
    "series": pl.Int64(),
    "hour": UTC,
    "value": pl.Int64(),
    "quality": pl.Int16(),
    "rule": pl.String(),
    "known_at": UTC,
}
"""Sorted by (series, hour).  `rule`: null as measured; `E1`…`E4` the estimation; `outage`; `edit`, `verify`,
`discretion` a person's decision; `virtual` from a formula; `unmetered` no meter was installed; `missing` nothing to
estimate from (both with value null and quality 0)."""

DAILY: Final[Schema] = {
    "series": pl.Int64(),
    "day": pl.Date(),
    "value": pl.Int64(),
    "quality": pl.Int16(),
    "min_hour": pl.Int64(),
    "max_hour": pl.Int64(),
    "zero_hours": pl.Int16(),
    "night_value": pl.Int64(),
    "hours_measured": pl.Int16(),
    "known_at": UTC,
}
"""Sorted by (series, day).  `value`: sum of the hours (gauge: mean), null when an hour is missing; `quality`: the
lowest of the hours; `night_value`: sum (gauge: mean) of the hours that begin 02, 03 and 04 on the local clock."""

FINDINGS: Final[Schema] = {
    "series": pl.Int64(),
    "rule": pl.String(),
    "start": UTC,
    "stop": UTC,
    "severity": pl.String(),
    "value": pl.Int64(),
    "limit": pl.Int64(),
    "detail": pl.String(),
    "action": pl.String(),
}
"""What a rule found, sorted by (series, rule, start): code `V01`…`V15`; `value` what was seen and `limit` what it was
held against (thousandths, seconds for times, or a count; may be null); `detail` a word that says which case; `action`
the suggested `Action` or empty."""

QUARTERS: Final[Schema] = {
    "series": pl.Int64(),
    "quarter": UTC,
    "value": pl.Int64(),
    "quality": pl.Int16(),
    "rule": pl.String(),
}
"""Quarter hours, sorted by (series, quarter): four of them sum to the hour exactly."""

MARGIN: Final = dt.timedelta(days=6)
"""Readings this long before and after a window are needed, and more for the series that `find_unanchored` names."""

PROFILE_HISTORY: Final = dt.timedelta(days=62)
"""How far back measured hours shape an estimate: eight weeks and the days around the gap."""

LONG_HISTORY: Final = dt.timedelta(days=430)
"""How far back they shape an estimate of an open gap longer than a week (last year's days)."""


class HistoryReader(Protocol):
    """Reads stored `hourly` rows (`HISTORY`) when a series turns out to have something to estimate."""

    def __call__(self, series: Sequence[int], start: dt.datetime, stop: dt.datetime, /) -> pl.DataFrame:
        """Return the rows of the series in `[start, stop)`; rows of other qualities do no harm."""


def no_history(series: Sequence[int], start: dt.datetime, stop: dt.datetime) -> pl.DataFrame:
    """The reader where every reading is given: there is nothing beside it."""
    return pl.DataFrame(schema=dict(HISTORY))


def _empty(schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(schema))


@dataclass(frozen=True, slots=True)
class VeeInputs:
    """All that VEE looks at; columns as the constants of this module say."""

    readings: pl.DataFrame
    feeds: pl.DataFrame
    series: pl.DataFrame
    limits: pl.DataFrame = field(default_factory=lambda: _empty(LIMITS))
    expectations: pl.DataFrame = field(default_factory=lambda: _empty(EXPECTATIONS))
    decisions: pl.DataFrame = field(default_factory=lambda: _empty(DECISIONS))
    outages: pl.DataFrame = field(default_factory=lambda: _empty(OUTAGES))
    degree_days: pl.DataFrame = field(default_factory=lambda: _empty(DEGREE_DAYS))
    statuses: pl.DataFrame = field(default_factory=lambda: _empty(STATUSES))


@dataclass(frozen=True, slots=True)
class VeeResult:
    """What was used, how sure that is, and what somebody should look at."""

    hourly: pl.DataFrame
    daily: pl.DataFrame
    findings: pl.DataFrame


class VeeError(ValueError):
    """An input frame is not what it must be; `place` names the frame and the column."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.message = message
