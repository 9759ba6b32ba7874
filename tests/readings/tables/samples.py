# SPDX-License-Identifier: Apache-2.0
"""Invented rows for the tests of the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl

from avlest.readings.tables import TABLES, Store

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def hours(count: float) -> dt.datetime:
    """The instant so many hours after `START`."""
    return START + HOUR * count


def make_frame(table: str, rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """A frame with the exact columns of a table; what a row leaves out is null."""
    return pl.DataFrame(list(rows), schema=dict(TABLES[table].columns))


def reading(register: int, hour: float, value: int, *, quality: int = 50, known: float | None = None) -> dict[str, Any]:
    """One reading: `hour` and `known` are hours after `START`."""
    known_at = hours(hour if known is None else known)
    return {
        "register": register,
        "at": hours(hour),
        "value": value,
        "status": 0,
        "quality": quality,
        "source": "radio",
        "known_at": known_at,
    }


def series_hour(series: int, hour: float, value: int | None, *, quality: int = 50, known: float = 0) -> dict[str, Any]:
    """One hourly value: `hour` and `known` are hours after `START`."""
    return {
        "series": series,
        "hour": hours(hour),
        "value": value,
        "quality": quality,
        "rule": None,
        "known_at": hours(known),
    }


def telegram(address: str, hour: float, payload: bytes = b"\x2f\x2f") -> dict[str, Any]:
    """One telegram as heard."""
    return {
        "received_at": hours(hour),
        "source": "roof",
        "road": "mqtt",
        "manufacturer": "AVL",
        "address": address,
        "payload": payload,
        "rssi": -71,
        "outcome": "ok",
    }


def readings_batch(batch: int, *, registers: int = 20) -> pl.DataFrame:
    """The readings of one hour: batch n holds the hour n of every register."""
    return make_frame("readings", (reading(n, batch, 1000 * (batch + n)) for n in range(registers)))


def contents(store: Store, table: str = "readings") -> pl.DataFrame:
    """Every row of a table in one defined order."""
    rows = store.history(table, ids=None)
    return rows.sort(rows.columns)


def expected_rows(batches: range) -> pl.DataFrame:
    """What `contents` is after these batches."""
    rows = pl.concat([readings_batch(batch) for batch in batches])
    return rows.sort(rows.columns)
