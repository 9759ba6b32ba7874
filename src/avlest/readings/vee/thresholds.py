# SPDX-License-Identifier: Apache-2.0
"""Thresholds of the rules by meter class and date, from `thresholds.toml`.  Pure."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """One rule of validation: `V05`, what it is about, and the severity of what it finds."""

    code: str
    title: str
    severity: str


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """Thresholds of one class in `[valid_from, valid_to)`; `valid_to` None: still."""

    meter_class: str
    valid_from: dt.date
    valid_to: dt.date | None
    source: str
    values: Mapping[str, float]

    def holds(self, day: dt.date) -> bool:
        """Whether the row counts on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class ThresholdBook:
    """All rules, classes and thresholds. `parents` is from class to parent, empty at the root."""

    rules: Mapping[str, RuleInfo]
    parents: Mapping[str, str]
    titles: Mapping[str, str]
    rows: tuple[ThresholdRow, ...]

    def values_on(self, meter_class: str, day: dt.date) -> dict[str, float]:
        """The thresholds of a class on a day; before the first date the earliest rows count.

        Raises `KeyError` naming the classes there are.
        """
        if meter_class not in self.parents:
            raise KeyError(f"no meter class {meter_class!r}; the classes are {', '.join(self.parents)}")
        parent = self.parents[meter_class]
        values = self.values_on(parent, day) if parent else {}
        day = max(day, min(row.valid_from for row in self.rows))
        for row in self.rows:
            if row.meter_class == meter_class and row.holds(day):
                values |= row.values
        return values

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """Days on which some threshold changes, ascending."""
        found = {row.valid_from for row in self.rows} | {row.valid_to for row in self.rows if row.valid_to}
        return tuple(sorted(found))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all thresholds."""
        return tuple(sorted({name for row in self.rows for name in row.values}))


def parse_thresholds(text: str) -> ThresholdBook:
    """Read a threshold file; `ValueError` names the entry that is wrong."""
    content = tomllib.loads(text)
    classes: Mapping[str, Mapping[str, str]] = content["classes"]
    for name, item in classes.items():
        if item["parent"] and item["parent"] not in classes:
            raise ValueError(f"classes.{name}: parent {item['parent']!r} is not a class")
    rows = tuple(_parse_row(number, item, classes) for number, item in enumerate(content["threshold"]))
    known = {name for row in rows if row.meter_class == "any" for name in row.values}
    for row in rows:
        if unknown := set(row.values) - known:
            raise ValueError(f"threshold of {row.meter_class}: {', '.join(sorted(unknown))} is not one of class any")
    rules = {code: RuleInfo(code, item["title"], item["severity"]) for code, item in content["rules"].items()}
    return ThresholdBook(
        rules=rules,
        parents={name: item["parent"] for name, item in classes.items()},
        titles={name: item["title"] for name, item in classes.items()},
        rows=rows,
    )


def _parse_row(number: int, item: Mapping[str, Any], classes: Mapping[str, object]) -> ThresholdRow:
    place = f"threshold {number + 1}"
    if item.get("class") not in classes:
        raise ValueError(f"{place}: class {item.get('class')!r} is not one of {', '.join(classes)}")
    if not isinstance(item.get("valid_from"), dt.date) or not item.get("source"):
        raise ValueError(f"{place}: expected a date valid_from and a source")
    values = {name: float(value) for name, value in item["values"].items()}
    return ThresholdRow(item["class"], item["valid_from"], item.get("valid_to"), item["source"], values)


@cache
def load_thresholds() -> ThresholdBook:
    """The thresholds that come with the package."""
    return parse_thresholds((resources.files("avlest.readings.vee") / "thresholds.toml").read_text("utf-8"))
