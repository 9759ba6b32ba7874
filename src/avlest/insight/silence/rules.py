# SPDX-License-Identifier: Apache-2.0
"""The dated numbers by which silence is judged.  Pure."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from importlib import resources
from typing import Any

_SHARES = ("gateway_share", "clear_share", "power_share")


class SilenceError(ValueError):
    """A table of silence rules cannot be used; says which row and field."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SilenceRule:
    """In force from `starts`; fields as the file explains them, `cadence_hours` by road."""

    starts: date
    source: str
    factor: float
    gateway_share: float
    gateway_minimum: int
    clear_share: float
    power_share: float
    power_minimum: int
    together: float
    cadence_hours: Mapping[str, float]


def load_silence_rules() -> tuple[SilenceRule, ...]:
    """The rules that come with Avlest."""
    return parse_silence_rules(resources.files("avlest.insight.silence").joinpath("rules.toml").read_text("utf-8"))


def parse_silence_rules(text: str) -> tuple[SilenceRule, ...]:
    """Rows of a TOML text."""
    return tuple(_parse_row(row, f"rule {number}") for number, row in enumerate(tomllib.loads(text)["rule"], 1))


def _parse_row(row: Mapping[str, Any], place: str) -> SilenceRule:
    fields = {item.name for item in dataclasses.fields(SilenceRule)} - {"starts"} | {"from"}
    if set(row) != fields:
        raise SilenceError(f"{place}: expected {', '.join(sorted(fields))}; found {', '.join(sorted(row))}")
    rule = SilenceRule(starts=row["from"], **{key: value for key, value in row.items() if key != "from"})
    if not all(0 <= getattr(rule, name) <= 1 for name in _SHARES) or "other" not in rule.cadence_hours:
        raise SilenceError(f"{place}: shares lie between 0 and 1, and cadence_hours has a row `other`")
    return rule


def pick_rule(rules: Iterable[SilenceRule], day: date) -> SilenceRule:
    """The one in force on `day`; `SilenceError` before the first."""
    fitting = [rule for rule in rules if rule.starts <= day]
    if not fitting:
        raise SilenceError(f"no rule is in force on {day}")
    return max(fitting, key=lambda rule: rule.starts)
