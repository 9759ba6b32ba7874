# SPDX-License-Identifier: Apache-2.0
"""The dated numbers of the water balance.  Pure."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any


class BalanceError(ValueError):
    """A table of balance rules, or what a balance is asked of, cannot be used; says what is expected."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BalanceRule:
    """In force from `starts`; fields as the file explains them."""

    starts: date
    source: str
    uarl_per_km_main: Decimal
    uarl_per_connection: Decimal
    uarl_per_km_private: Decimal
    least_connections: int
    least_pressure: Decimal
    days_a_year: int
    night_from_hour: int
    night_to_hour: int
    least_coverage: float
    least_hourly: float
    night_use_per_connection: int
    hour_day_factor: Decimal
    clock_limit_seconds: int
    unusable_roads: tuple[str, ...]
    inflow_uncertainty: float
    metered_uncertainty: float
    unmetered_uncertainty: float


def load_balance_rules() -> tuple[BalanceRule, ...]:
    """The rules that come with Avlest."""
    return parse_balance_rules(resources.files("avlest.insight.balance").joinpath("rules.toml").read_text("utf-8"))


def parse_balance_rules(text: str) -> tuple[BalanceRule, ...]:
    """Rows of a TOML text; `BalanceError` names the row and what it should hold."""
    return tuple(_parse_row(row, f"rule {number}") for number, row in enumerate(tomllib.loads(text)["rule"], 1))


def _parse_row(row: Mapping[str, Any], place: str) -> BalanceRule:
    types = {item.name: item.type for item in dataclasses.fields(BalanceRule)}
    expected = set(types) - {"starts"} | {"from"}
    if set(row) != expected:
        raise BalanceError(f"{place}: expected {', '.join(sorted(expected))}; found {', '.join(sorted(row))}")
    converted: dict[str, Any] = {
        key: Decimal(value) if types[key] == "Decimal" else value for key, value in row.items() if key != "from"
    }
    converted["unusable_roads"] = tuple(row["unusable_roads"])
    return BalanceRule(starts=row["from"], **converted)


def pick_balance_rule(rules: Iterable[BalanceRule], day: date) -> BalanceRule:
    """The one in force on `day`; `BalanceError` before the first."""
    fitting = [rule for rule in rules if rule.starts <= day]
    if not fitting:
        raise BalanceError(f"no rule is in force on {day}")
    return max(fitting, key=lambda rule: rule.starts)
