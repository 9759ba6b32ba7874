# SPDX-License-Identifier: Apache-2.0
"""The four tables: their columns, what identifies a row, and which row of several wins.

Instants are UTC with microseconds, values are int64 thousandths of the canonical unit, ids are int64.
The partition columns (`month`, `year`, `bucket`) are derived when rows are appended and never given by a caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl

BUCKET_SIZE = 65_536
"""Ids per bucket: the bucket of an id is `id // BUCKET_SIZE`."""

ROW_GROUP_ROWS = 65_536
"""Rows per Parquet row group: small enough that one register-month decodes in milliseconds."""

UTC_MICROSECONDS = pl.Datetime("us", "UTC")


class Rule(StrEnum):
    """Which row is read when several share an id and a time."""

    EVERY = "every"
    """All of them: a telegram heard twice was heard twice."""
    QUALITY = "quality"
    """Inputs: the highest quality rank, then the latest `known_at`."""
    NEWEST = "newest"
    """Derived: the latest `known_at`."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """What one table holds.

    `columns` are the columns a caller appends and reads, in order; `required` those that are never null.
    `statistics` are the columns whose smallest and largest value are kept in the Delta log, for pruning; values are
    left out, so that the log holds nothing about a person that an erasure would have to reach.
    """

    name: str
    columns: Mapping[str, pl.DataType]
    required: tuple[str, ...]
    id_column: str
    time_column: str
    partitions: tuple[str, ...]
    rule: Rule
    statistics: tuple[str, ...]
    packed: tuple[str, ...] = field(default=())
    """Columns stored as differences: instants, and values that only rise. The values of an hour repeat each other and
    are smaller as a dictionary."""

    @property
    def period_column(self) -> str:
        """The partition column that counts time: `month` (202611) or `year` (2026)."""
        return self.partitions[0]

    @property
    def is_bucketed(self) -> bool:
        """Whether rows are also divided by id."""
        return "bucket" in self.partitions

    @property
    def has_value(self) -> bool:
        """Whether a row carries a value that may be missing."""
        return "value" in self.columns

    @property
    def has_knowledge_time(self) -> bool:
        """Whether a row says since when it is known."""
        return "known_at" in self.columns


TELEGRAMS = TableSpec(
    name="telegrams",
    columns={
        "received_at": UTC_MICROSECONDS,
        "source": pl.String(),
        "road": pl.String(),
        "manufacturer": pl.String(),
        "address": pl.String(),
        "payload": pl.Binary(),
        "rssi": pl.Int16(),
        "outcome": pl.String(),
    },
    required=("received_at", "address", "payload", "outcome"),
    id_column="address",
    time_column="received_at",
    partitions=("month",),
    rule=Rule.EVERY,
    statistics=("address", "received_at"),
    packed=("received_at",),
)

READINGS = TableSpec(
    name="readings",
    columns={
        "register": pl.Int64(),
        "at": UTC_MICROSECONDS,
        "value": pl.Int64(),
        "status": pl.Int64(),
        "quality": pl.Int16(),
        "source": pl.String(),
        "known_at": UTC_MICROSECONDS,
    },
    required=("register", "at", "value", "quality", "known_at"),
    id_column="register",
    time_column="at",
    partitions=("month", "bucket"),
    rule=Rule.QUALITY,
    statistics=("register", "at", "known_at"),
    packed=("at", "value", "known_at"),
)

HOURLY = TableSpec(
    name="hourly",
    columns={
        "series": pl.Int64(),
        "hour": UTC_MICROSECONDS,
        "value": pl.Int64(),
        "quality": pl.Int16(),
        "rule": pl.String(),
        "known_at": UTC_MICROSECONDS,
    },
    required=("series", "hour", "quality", "known_at"),
    id_column="series",
    time_column="hour",
    partitions=("month", "bucket"),
    rule=Rule.NEWEST,
    statistics=("series", "hour", "known_at"),
    packed=("hour",),
)

DAILY = TableSpec(
    name="daily",
    columns={
        "series": pl.Int64(),
        "day": pl.Date(),
        "value": pl.Int64(),
        "quality": pl.Int16(),
        "min_hour": pl.Int64(),
        "max_hour": pl.Int64(),
        "zero_hours": pl.Int16(),
        "night_value": pl.Int64(),
        "hours_measured": pl.Int16(),
        "known_at": UTC_MICROSECONDS,
    },
    required=("series", "day", "quality", "known_at"),
    id_column="series",
    time_column="day",
    partitions=("year", "bucket"),
    rule=Rule.NEWEST,
    statistics=("series", "day", "known_at"),
    packed=("day",),
)

TABLES: Mapping[str, TableSpec] = {spec.name: spec for spec in (TELEGRAMS, READINGS, HOURLY, DAILY)}
"""The tables of a store by name."""


def get_spec(name: str) -> TableSpec:
    """Return the table called `name`; `KeyError` naming the tables there are."""
    try:
        return TABLES[name]
    except KeyError:
        raise KeyError(f"no table {name!r}; the tables are {', '.join(TABLES)}") from None
