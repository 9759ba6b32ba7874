# SPDX-License-Identifier: Apache-2.0
"""What was used: series as frames, for rooms that act for the installation, not a person.

Values are int64 thousandths of the series' unit, instants UTC, periods half-open.  Who acts for a person goes through
`readings.access`, which checks the right and the organisation first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from avlest.readings.contracts import CorrectionInfo, DeriveProgress, FindingInfo, FormulaInfo
from avlest.readings.tables import Store


def get_hourly(
    store: Store, series_ids: Sequence[int], start: datetime, stop: datetime, *, as_known_at: datetime | None = None
) -> pl.DataFrame:
    """Return `series, hour, value, quality, rule, known_at`, one row an hour, sorted; nothing is written.

    `as_known_at`: what would have been derived from what was known then (derived again, not read).
    """
    raise NotImplementedError


def get_daily(
    store: Store, series_ids: Sequence[int], first_day: date, stop_day: date, *, as_known_at: datetime | None = None
) -> pl.DataFrame:
    """Return the columns of the table `daily`, one row a local day, sorted."""
    raise NotImplementedError


def get_quarters(store: Store, series_ids: Sequence[int], start: datetime, stop: datetime) -> pl.DataFrame:
    """Return `series, quarter, value, quality, rule`: the four quarters of an hour sum to the hour exactly."""
    raise NotImplementedError


def get_totals(
    store: Store,
    series_ids: Sequence[int],
    periods: Sequence[tuple[datetime, datetime]],
    *,
    as_known_at: datetime | None = None,
) -> pl.DataFrame:
    """Return one row a (series, period): what was used, and how sure that is.

    Columns: `series, period` (index into `periods`), `start, stop, value` (null where nothing is known),
    `quality` (the lowest of its hours), `hours` (of the period), `hours_known`, `hours_measured`, `hours_edited`,
    `hours_estimated`, `hours_missing`, `value_measured` and `value_estimated` (amounts).
    """
    raise NotImplementedError


def get_latest_values(store: Store, series_ids: Sequence[int]) -> pl.DataFrame:
    """Return `series, register, at, value, quality`: the latest reading of the register that feeds each series."""
    raise NotImplementedError


def get_completeness(store: Store, series_ids: Sequence[int], first_day: date, stop_day: date) -> pl.DataFrame:
    """Return `series, day, hours, measured, estimated, missing, quality`, a row for each day, also where none is."""
    raise NotImplementedError


def get_findings(
    *, series_ids: Sequence[int] | None = None, organisation_id: int | None = None, open_only: bool = True
) -> list[FindingInfo]:
    """Return findings, oldest first."""
    raise NotImplementedError


def get_corrections(
    *, series_ids: Sequence[int] | None = None, organisation_id: int | None = None, open_only: bool = True
) -> list[CorrectionInfo]:
    """Return what changed after it was frozen, by series and day; `open_only`: not settled yet."""
    raise NotImplementedError


def get_formulas(series_ids: Sequence[int]) -> list[FormulaInfo]:
    """Return the formulas of virtual series, by series and time."""
    raise NotImplementedError


def get_derive_progress() -> DeriveProgress:
    """Return how far derivation has come."""
    raise NotImplementedError
