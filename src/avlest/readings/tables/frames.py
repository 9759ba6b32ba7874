# SPDX-License-Identifier: Apache-2.0
"""Frames at the border: check what comes in, derive the partition columns, choose among versions.

Pure: no file, no clock.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from avlest.readings.tables.errors import FrameError, FrameProblem
from avlest.readings.tables.schemas import BUCKET_SIZE, Rule, TableSpec

EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
"""Instants outside [EARLIEST, LATEST) come from a wrong clock and would make a partition of their own."""

_LARGEST_KEY = 2**62


def prepare_frame(frame: pl.DataFrame, *, spec: TableSpec) -> pl.DataFrame:
    """Return `frame` as it is stored: exact types, partition columns, sorted by (id, time).

    Raises `FrameError` naming column and row. Columns may come in any order and any integer width; nullable columns
    may be absent.
    """
    problems = find_column_problems(frame, spec=spec)
    if problems:
        raise FrameError(table=spec.name, problems=problems)
    typed = _add_absent(frame, spec=spec)
    problems = find_row_problems(typed, spec=spec)
    if problems:
        raise FrameError(table=spec.name, problems=problems)
    typed = typed.select(pl.col(name).cast(dtype) for name, dtype in spec.columns.items())
    return typed.with_columns(derive_partitions(typed, spec=spec)).sort(sort_order(spec))


def find_column_problems(frame: pl.DataFrame, *, spec: TableSpec) -> tuple[FrameProblem, ...]:
    """List unknown, missing and wrongly typed columns."""
    problems = [
        FrameProblem(name, None, _unknown_column(name, spec=spec)) for name in frame.columns if name not in spec.columns
    ]
    for name, expected in spec.columns.items():
        if name not in frame.columns:
            if name in spec.required:
                problems.append(FrameProblem(name, None, f"missing; expected {expected}"))
        elif not _is_convertible(frame.schema[name], expected):
            problems.append(FrameProblem(name, None, f"is {frame.schema[name]}; expected {expected}"))
    return tuple(problems)


def _unknown_column(name: str, *, spec: TableSpec) -> str:
    if name in spec.partitions:
        return "is derived by the store; leave it out"
    return f"is not a column of this table ({', '.join(spec.columns)})"


def _is_convertible(given: pl.DataType, expected: pl.DataType) -> bool:
    """Whether every value of `given` can be `expected` without loss, but for the range of integers."""
    if given == expected or given == pl.Null():
        return True
    if expected.is_integer():
        return given.is_integer()
    if isinstance(expected, pl.Datetime) and isinstance(given, pl.Datetime):
        return given.time_zone == "UTC" and given.time_unit in ("ms", "us")
    return isinstance(expected, pl.String) and isinstance(given, pl.Categorical | pl.Enum)


def _add_absent(frame: pl.DataFrame, *, spec: TableSpec) -> pl.DataFrame:
    absent = [pl.lit(None, dtype=t).alias(c) for c, t in spec.columns.items() if c not in frame.columns]
    return frame.with_columns(absent) if absent else frame


def find_row_problems(frame: pl.DataFrame, *, spec: TableSpec) -> tuple[FrameProblem, ...]:
    """List nulls where a value is required, integers out of range, negative ids and impossible instants."""
    checks = {name: list(_row_checks(name, spec=spec)) for name in spec.columns}
    flags = [test.alias(f"{name}:{n}") for name, tests in checks.items() for n, (test, _) in enumerate(tests)]
    found = frame.select(flag.any() for flag in flags).row(0, named=True)
    problems = []
    for name, tests in checks.items():
        for n, (test, message) in enumerate(tests):
            if found[f"{name}:{n}"]:
                rows = tuple(frame.select(test.arg_true().alias("row"))["row"].to_list())
                value = frame[name][rows[0]]
                problems.append(FrameProblem(name, rows[0], message.format(value=value), rows))
    return tuple(problems)


def _row_checks(name: str, *, spec: TableSpec) -> list[tuple[pl.Expr, str]]:
    expected, column, checks = spec.columns[name], pl.col(name), []
    if name in spec.required:
        checks.append((column.is_null(), f"is null; expected {expected}"))
    if expected.is_integer():
        fits = column.cast(expected, strict=False).is_null() & column.is_not_null()
        checks.append((fits, f"{{value}} does not fit {expected}"))
    if name == spec.id_column and expected == pl.Int64():
        checks.append((_or_false(column < 0), "{value} is negative; ids start at 0"))
    if name == spec.time_column:
        low, high = time_limits(spec)
        outside = (column < low) | (column >= high)
        checks.append((_or_false(outside), f"{{value}} is outside [{low:%Y-%m-%d}, {high:%Y-%m-%d})"))
    return checks


def _or_false(test: pl.Expr) -> pl.Expr:
    return test.fill_null(value=False)


def time_limits(spec: TableSpec) -> tuple[dt.datetime, dt.datetime] | tuple[dt.date, dt.date]:
    """The instants (or days) a table accepts, half-open."""
    if spec.columns[spec.time_column] == pl.Date():
        return EARLIEST.date(), LATEST.date()
    return EARLIEST, LATEST


def derive_partitions(frame: pl.DataFrame, *, spec: TableSpec) -> list[pl.Expr]:
    """Expressions for the partition columns: `month` (year × 100 + month, UTC) or `year`, and `bucket`."""
    columns = [_derive_period_column(frame[spec.time_column], spec=spec).alias(spec.period_column)]
    if spec.is_bucketed:
        columns.append((pl.col(spec.id_column) // BUCKET_SIZE).cast(pl.Int32).alias("bucket"))
    return columns


def _derive_period_column(time: pl.Series, *, spec: TableSpec) -> pl.Expr:
    """The period of each row; taken from the first and last instant alone where they agree, as they mostly do."""
    first, last = time.min(), time.max()
    if isinstance(first, dt.date) and isinstance(last, dt.date):
        period = derive_period(first, spec=spec)
        if period == derive_period(last, spec=spec):
            return pl.lit(period, dtype=pl.Int32)
    column = pl.col(spec.time_column).dt
    year = column.year().cast(pl.Int32)
    return year if spec.period_column == "year" else year * 100 + column.month().cast(pl.Int32)


def derive_period(moment: dt.date, *, spec: TableSpec) -> int:
    """The value of the period column for one instant (UTC) or day."""
    return moment.year if spec.period_column == "year" else moment.year * 100 + moment.month


def sort_order(spec: TableSpec) -> list[str]:
    """Columns by which stored rows are sorted: id, then time, then when it was known."""
    known = ["known_at"] if spec.has_knowledge_time else []
    return [spec.id_column, spec.time_column, *known]


def resolve_frame(frame: pl.DataFrame, *, spec: TableSpec) -> pl.DataFrame:
    """Keep the one row that counts for each (id, time), sorted by them.

    Inputs: highest quality, then latest `known_at`. Derived: latest `known_at`, then highest quality. Rows that tie in
    both are told apart by the rest of their content, so that the order of arrival never matters.
    """
    if spec.rule is Rule.EVERY:
        return frame.sort(sort_order(spec))
    keys = [spec.id_column, spec.time_column]
    if _is_strictly_sorted(frame, keys=keys):
        return frame
    ordered = sort_by_keys(frame, keys=keys)
    if _is_strictly_sorted(ordered, keys=keys):
        return ordered
    several = _shares_key(keys)
    ranking = ["quality", "known_at"] if spec.rule is Rule.QUALITY else ["known_at", "quality"]
    rest = [name for name in frame.columns if name not in (*keys, *ranking)]
    winners = (
        ordered.filter(several).sort([*keys, *ranking, *rest]).unique(subset=keys, keep="last", maintain_order=True)
    )
    return sort_by_keys(pl.concat([ordered.filter(~several), winners]), keys=keys)


def sort_by_keys(frame: pl.DataFrame, *, keys: list[str]) -> pl.DataFrame:
    """Sort by id and time: as one integer of both where that fits, which is three times as fast as by two columns."""
    identity, time = (frame[key] for key in keys)
    if not frame.height or identity.dtype != pl.Int64():
        return frame.sort(keys)
    moment = time.to_physical().cast(pl.Int64)
    low_id, low_time = _lowest(identity), _lowest(moment)
    span = int(moment.max() or 0) - low_time + 1  # type: ignore[arg-type]
    if (int(identity.max() or 0) - low_id + 1) * span >= _LARGEST_KEY:  # type: ignore[arg-type]
        return frame.sort(keys)
    return frame[((identity - low_id) * span + (moment - low_time)).arg_sort()]


def _lowest(column: pl.Series) -> int:
    return int(column.min() or 0)  # type: ignore[arg-type]


def _is_strictly_sorted(frame: pl.DataFrame, *, keys: list[str]) -> bool:
    if frame.height < 2:
        return True
    first, second = (pl.col(key) for key in keys)
    rises = (first > first.shift(1)) | ((first == first.shift(1)) & (second > second.shift(1)))
    return bool(frame.select(rises.slice(1).all()).item())


def _shares_key(keys: list[str]) -> pl.Expr:
    """Whether a row of a sorted frame has the keys of the row before or after it."""
    before = pl.all_horizontal(pl.col(key) == pl.col(key).shift(1) for key in keys).fill_null(value=False)
    after = pl.all_horizontal(pl.col(key) == pl.col(key).shift(-1) for key in keys).fill_null(value=False)
    return before | after
