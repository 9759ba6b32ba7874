# SPDX-License-Identifier: Apache-2.0
"""Severity, probable cause and what to check, from a table of rules.  Pure."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, reduce
from importlib import resources
from typing import Any

import polars as pl

from avlest.insight.contracts import ALARMS, AlarmKind, Cause, Severity

_KEYS = {"kinds", "rate_from", "rate_to", "months", "classes", "cause", "severity", "advice", "source", "reason"}


class CauseError(ValueError):
    """A table of causes cannot be used; says where and what is expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A condition and what follows: `result` is a cause or a severity."""

    kinds: tuple[str, ...]
    rate_from: int | None
    rate_to: int | None
    months: tuple[int, ...]
    classes: tuple[str, ...]
    result: str
    advice: tuple[str, ...]

    def condition(self) -> pl.Expr:
        """Whether an alarm fits; needs the columns `kind`, `rate`, `month` and `customer_class`."""
        parts = [pl.col("kind").is_in(self.kinds)]
        if self.rate_from is not None:
            parts.append((pl.col("rate") >= self.rate_from).fill_null(value=False))
        if self.rate_to is not None:
            parts.append((pl.col("rate") < self.rate_to).fill_null(value=False))
        if self.months:
            parts.append(pl.col("month").is_in(self.months))
        if self.classes:
            parts.append(pl.col("customer_class").is_in(self.classes).fill_null(value=False))
        return reduce(lambda left, right: left & right, parts)


@dataclasses.dataclass(frozen=True, slots=True)
class Causes:
    """The whole table."""

    severity: Mapping[str, str]
    severe: tuple[Row, ...]
    causes: tuple[Row, ...]


@cache
def load_causes() -> Causes:
    """The table that comes with Avlest."""
    return parse_causes(resources.files("avlest.insight.causes").joinpath("causes.toml").read_text("utf-8"))


def parse_causes(text: str) -> Causes:
    """A table from TOML text; `CauseError` where a kind, cause or severity is unknown or a kind is left out."""
    content = tomllib.loads(text)
    severity = content.get("severity", {})
    missing = {str(kind) for kind in AlarmKind} - set(severity)
    if missing:
        raise CauseError(f"[severity] has nothing for {', '.join(sorted(missing))}")
    _check(severity.values(), Severity, "[severity]")
    severe = [_parse_row(row, "severity", f"[[severe]] {place}") for place, row in enumerate(content["severe"], 1)]
    causes = [_parse_row(row, "cause", f"[[cause]] {place}") for place, row in enumerate(content["cause"], 1)]
    _check((row.result for row in severe), Severity, "[[severe]]")
    _check((row.result for row in causes), Cause, "[[cause]]")
    return Causes(severity, tuple(severe), tuple(causes))


def _check(names: Any, known: Any, place: str) -> None:
    strange = set(names) - {str(name) for name in known}
    if strange:
        raise CauseError(f"{place}: unknown {', '.join(sorted(strange))}; known are {', '.join(known)}")


def _parse_row(row: Mapping[str, Any], result: str, place: str) -> Row:
    if set(row) - _KEYS or result not in row:
        raise CauseError(f"{place}: expected {result} and some of {', '.join(sorted(_KEYS))}")
    _check(row.get("kinds", []), AlarmKind, place)
    return Row(
        tuple(row["kinds"]),
        _scale_rate(row.get("rate_from")),
        _scale_rate(row.get("rate_to")),
        tuple(row.get("months", ())),
        tuple(row.get("classes", ())),
        row[result],
        tuple(row.get("advice", ())),
    )


def _scale_rate(litres: int | None) -> int | None:
    return None if litres is None else litres * 1000


def add_causes(alarms: pl.DataFrame, parameters: pl.DataFrame, zone: str, table: Causes | None = None) -> pl.DataFrame:
    """`alarms` with severity, cause and advice found by kind, rate, local month it began in and class of the customer.

    `parameters`: `series`, `customer_class`; alarms about something else have no class.
    """
    chosen = load_causes() if table is None else table
    classes = parameters.select(pl.col("series").alias("subject"), "customer_class")
    seen = alarms.join(classes, on="subject", how="left", maintain_order="left").with_columns(
        pl.col("since").dt.convert_time_zone(zone).dt.month().alias("month")
    )
    none = pl.lit([], pl.List(pl.String))
    severities = pl.col("kind").replace_strict(dict(chosen.severity), return_dtype=pl.String)
    return seen.with_columns(
        _choose(chosen.severe, [row.result for row in chosen.severe], severities).alias("severity"),
        _choose(chosen.causes, [row.result for row in chosen.causes], pl.lit(str(Cause.UNKNOWN))).alias("cause"),
        _choose(chosen.causes, [list(row.advice) for row in chosen.causes], none).alias("advice"),
    ).select(list(ALARMS))


def _choose(rows: Sequence[Row], results: Sequence[Any], otherwise: pl.Expr) -> pl.Expr:
    """The result of the first row that fits."""
    expression = otherwise
    for row, result in reversed(list(zip(rows, results, strict=True))):
        expression = pl.when(row.condition()).then(_make_literal(result)).otherwise(expression)
    return expression


def _make_literal(result: Any) -> pl.Expr:
    if isinstance(result, list):
        return pl.lit(pl.Series([result], dtype=pl.List(pl.String))).first()
    return pl.lit(result)
