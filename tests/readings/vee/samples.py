# SPDX-License-Identifier: Apache-2.0
"""Invented meters for the tests of VEE."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from avlest.readings.vee import contracts
from avlest.readings.vee.contracts import VeeInputs, VeeResult
from avlest.readings.vee.engine import derive_series

UTC = dt.UTC
KNOWN = dt.datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def utc(*members: int) -> dt.datetime:
    return dt.datetime(*members, tzinfo=UTC)


def frame(schema: contracts.Schema, rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema))


def reading(
    at: dt.datetime,
    value: int,
    *,
    register: int = 1,
    quality: int = 50,
    known: dt.datetime | None = None,
    status: int = 0,
) -> dict[str, Any]:
    return {
        "register": register,
        "at": at,
        "value": value,
        "status": status,
        "quality": quality,
        "known_at": known or at,
    }


def feed(
    start: dt.datetime, stop: dt.datetime | None = None, *, series: int = 1, register: int = 1, **more: Any
) -> dict[str, Any]:
    return {"series": series, "register": register, "starts_at": start, "ends_at": stop, **more}


def series(number: int = 1, *, kind: str = "counter", meter_class: str = "any", **more: Any) -> dict[str, Any]:
    return {"series": number, "kind": kind, "unit": "l", "meter_class": meter_class, **more}


def make_inputs(
    readings: Sequence[dict[str, Any]],
    feeds: Sequence[dict[str, Any]],
    those: Sequence[dict[str, Any]] | None = None,
    **more: Sequence[dict[str, Any]],
) -> VeeInputs:
    """Inputs from rows; `more` are rows of the other frames by name."""
    names = ("limits", "expectations", "decisions", "outages", "degree_days", "statuses")
    schemas = {name: getattr(contracts, name.upper()) for name in names}
    return VeeInputs(
        readings=frame(contracts.READINGS, readings),
        feeds=frame(contracts.FEEDS, feeds),
        series=frame(contracts.SERIES, those or [series()]),
        **{name: frame(schemas[name], rows) for name, rows in more.items()},
    )


def derive(inputs: VeeInputs, start: dt.date, stop: dt.date, *, horizon: dt.datetime = KNOWN, **more: Any) -> VeeResult:
    return derive_series(inputs, start=start, stop=stop, horizon=horizon, known_at=KNOWN, **more)


def values(result: VeeResult, number: int = 1) -> dict[dt.datetime, int | None]:
    rows = result.hourly.filter(pl.col("series") == number)
    return dict(zip(rows["hour"], rows["value"], strict=True))


def total(result: VeeResult) -> int:
    """The sum of all hours."""
    return sum(value for value in result.hourly["value"] if value is not None)


def rules(result: VeeResult) -> list[str]:
    return sorted(set(result.findings["rule"].to_list()))


def hourly_register(start: dt.datetime, uses: Sequence[int], *, first: int = 0, **more: Any) -> list[dict[str, Any]]:
    """A register read on each full hour; `uses` is what each hour used."""
    rows, total = [reading(start, first, **more)], first
    for number, use in enumerate(uses, start=1):
        total += use
        rows.append(reading(start + HOUR * number, total, **more))
    return rows
