# SPDX-License-Identifier: Apache-2.0
"""The dated thresholds of the alarm rules: read from TOML, picked by class, meaning, unit and day.  Pure."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any

from avlest.insight.contracts import AlarmKind, CustomerClass, Meaning
from avlest.insight.rules.specs import SCALED, SPECS, Battery, Spec

_COMMON = ("kind", "classes", "meanings", "unit", "from", "until", "source", "reason")
_MEANINGS = (*Meaning, "meter")


class ThresholdError(ValueError):
    """A row of a threshold file cannot be used; says which row, which field and what is expected."""


@dataclasses.dataclass(frozen=True, slots=True)
class Threshold:
    """One dated row: `spec` is in force for `[starts, ends)`; `ends` None: until further notice."""

    kind: AlarmKind
    classes: frozenset[str]
    meanings: frozenset[str]
    unit: str
    starts: date
    ends: date | None
    source: str
    reason: str
    spec: Spec

    def applies(self, customer_class: str, meaning: str, unit: str, day: date) -> bool:
        """Whether it is in force for such a series on `day`."""
        in_force = self.starts <= day and (self.ends is None or day < self.ends)
        return in_force and customer_class in self.classes and meaning in self.meanings and unit == self.unit


@dataclasses.dataclass(frozen=True, slots=True)
class Thresholds:
    """All rows; later ones win over earlier ones of the same `from`."""

    rows: tuple[Threshold, ...]

    def pick(self, kind: AlarmKind, *, customer_class: str, meaning: str, unit: str, day: date) -> Spec | None:
        """The thresholds in force, None where the rule does not apply."""
        fitting = [row for row in self.rows if row.kind is kind and row.applies(customer_class, meaning, unit, day)]
        return max(reversed(fitting), key=lambda row: row.starts).spec if fitting else None

    def change_days(self) -> list[date]:
        """Days on which some row begins or ends, in order."""
        return sorted({day for row in self.rows for day in (row.starts, row.ends) if day is not None})

    def battery_years(self, *, customer_class: str, day: date) -> int | None:
        """After how many years a battery is due."""
        spec = self.pick(AlarmKind.LOW_BATTERY, customer_class=customer_class, meaning="meter", unit="", day=day)
        return spec.years if isinstance(spec, Battery) else None


def load_thresholds(own: str = "") -> Thresholds:
    """The thresholds that come with Avlest, an organisation's own TOML text laid over them."""
    text = resources.files("avlest.insight.rules").joinpath("thresholds.toml").read_text("utf-8")
    given = parse_thresholds(own, origin="own thresholds").rows if own else ()
    return Thresholds((*parse_thresholds(text, origin="thresholds.toml").rows, *given))


def parse_thresholds(text: str, *, origin: str) -> Thresholds:
    """Rows of a TOML text; `ThresholdError` names `origin`, the row and the field."""
    try:
        content = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ThresholdError(f"{origin}: not TOML: {error}") from error
    rows = content.pop("threshold", [])
    if content or not isinstance(rows, list):
        raise ThresholdError(f"{origin}: only [[threshold]] tables are expected, found {', '.join(content) or 'one'}")
    return Thresholds(tuple(_parse_row(row, f"{origin}, row {number}") for number, row in enumerate(rows, 1)))


def _parse_row(row: Mapping[str, Any], place: str) -> Threshold:
    kind = _parse_kind(row, place)
    days = {key: row.get(key) for key in ("from", "until")}
    if not isinstance(days["from"], date) or not isinstance(days["until"], date | None):
        raise ThresholdError(f"{place}: `from` must be a day, `until` a day or absent")
    for key in ("source", "reason"):
        if not isinstance(row.get(key), str) or not row[key]:
            raise ThresholdError(f"{place}: `{key}` must say where the number comes from")
    return Threshold(
        kind=kind,
        classes=_parse_names(row, "classes", CustomerClass, place),
        meanings=_parse_names({"meanings": ["use"], **row}, "meanings", _MEANINGS, place),
        unit=str(row.get("unit", "")),
        starts=days["from"],
        ends=days["until"],
        source=row["source"],
        reason=row["reason"],
        spec=_parse_spec(SPECS[kind], row, place),
    )


def _parse_kind(row: Mapping[str, Any], place: str) -> AlarmKind:
    kinds = {str(kind): kind for kind in SPECS}
    if row.get("kind") not in kinds:
        raise ThresholdError(f"{place}: `kind` is {row.get('kind')!r}, expected one of {', '.join(kinds)}")
    return kinds[row["kind"]]


def _parse_names(row: Mapping[str, Any], key: str, allowed: Iterable[str], place: str) -> frozenset[str]:
    names, known = row.get(key), [str(name) for name in allowed]
    if not isinstance(names, list) or not names or not set(names) <= set(known):
        raise ThresholdError(f"{place}: `{key}` is {names!r}, expected a list of {', '.join(known)}")
    return frozenset(names)


def _parse_spec(spec: type[Spec], row: Mapping[str, Any], place: str) -> Spec:
    given = {key: value for key, value in row.items() if key not in _COMMON}
    unknown = set(given) - {item.name for item in dataclasses.fields(spec)}
    if unknown:
        raise ThresholdError(f"{place}: {spec.__name__} has no {', '.join(sorted(unknown))}")
    return spec(**dict(_convert_fields(spec, given, place)))


def _convert_fields(spec: type[Spec], given: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    for item in dataclasses.fields(spec):
        value = given.get(item.name)
        if value is None:
            if item.default is dataclasses.MISSING:
                raise ThresholdError(f"{place}: `{item.name}` is missing")
        elif isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
            raise ThresholdError(f"{place}: `{item.name}` is {value!r}, expected a number of 0 or more")
        elif item.metadata.get(SCALED):
            yield item.name, _convert_amount(value, f"{place}: `{item.name}`")
        elif item.type == "int" and not isinstance(value, int):
            raise ThresholdError(f"{place}: `{item.name}` is {value}, expected a whole number")
        else:
            yield item.name, value if item.type == "int" else float(value)


def _convert_amount(value: int | Decimal, place: str) -> int:
    scaled = value * 1000
    if scaled != int(scaled):
        raise ThresholdError(f"{place} is {value}, expected at most three decimals")
    return int(scaled)
