# SPDX-License-Identifier: Apache-2.0
"""Which register of a meter a decoded value belongs to, and in which unit it is stored.  Pure.

A register is what the telegram says of the value (quantity, function, storage, tariff, subunit), not what the catalogue
calls it: so a catalogue file may be improved without breaking a series.  The catalogue's name is the qualifier where
the telegram's own words do not tell two values apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from avlest.catalogue.bind import Binding, Bound
from avlest.catalogue.model import FIRST
from avlest.catalogue.model import Field as CatalogueField
from avlest.telegrams.records.model import Record
from avlest.telegrams.units import UNITS

CANONICAL_UNITS: Final[Mapping[str, str]] = {
    "energy": "kwh",
    "reactive_energy": "kvarh",
    "apparent_energy": "kvah",
    "power": "w",
    "reactive_power": "var",
    "apparent_power": "va",
    "volume": "l",
    "volume_flow": "lh",
    "volume_temperature": "m3c",
    "mass": "kg",
    "mass_flow": "kgh",
    "temperature": "c",
    "relative_humidity": "rh",
    "pressure": "mbar",
    "voltage": "v",
    "current": "a",
    "frequency": "hz",
    "duration": "s",
    "ratio": "pct",
    "heat_cost_allocation": "hca",
    "count": "counter",
    "length": "mm",
    "illuminance": "lx",
    "angle": "deg",
}
"""The unit that values of a dimension are stored in, by thousandths; values of other dimensions are not readings."""

_COUNTED: Final = frozenset(
    {"energy", "reactive_energy", "apparent_energy", "volume", "mass", "volume_temperature", "heat_cost_allocation"}
)
# Words of record tables that say nothing about what is measured.
_VAGUE: Final = frozenset({"manufacturer_specific", "unknown", "any_vif", "text", "reserved", "dimensionless"})
_INSTANT: Final = "instant"
_TEXT_LIMIT: Final = 60
THOUSAND: Final = 1000


class Spec(NamedTuple):
    """What makes a register, but for the meter: the members of `registry.contracts.RegisterSpec`."""

    quantity: str
    unit: str
    qualifier: str = ""
    function: str = _INSTANT
    storage: int = 0
    tariff: int = 0
    subunit: int = 0
    kind: str = "counter"

    @property
    def is_present(self) -> bool:
        """Whether the value is of now, not of an earlier period and no extreme."""
        return self.storage == 0 and self.function == _INSTANT


@dataclass(slots=True)
class SpecBook:
    """Numbers for specs, so that columns carry an integer instead of eight words."""

    specs: list[Spec] = field(default_factory=list)
    _numbers: dict[Spec, int] = field(default_factory=dict)

    def number(self, spec: Spec) -> int:
        """The number of a spec; the same as long as the process lives."""
        found = self._numbers.get(spec)
        if found is None:
            found = self._numbers[spec] = len(self.specs)
            self.specs.append(spec)
        return found


class Scaling(NamedTuple):
    """How a number becomes thousandths of the canonical unit: `number * factor + offset`, exact."""

    factor: Fraction
    offset: Fraction


@dataclass(frozen=True, slots=True)
class Target:
    """Where the values of one field go: the number of the spec, and the scaling from the field's unit."""

    spec: int
    scaling: Scaling


@lru_cache(maxsize=4096)
def derive_scaling(unit: str) -> Scaling | None:
    """From a value in `unit` to thousandths of the canonical unit; None for what is no reading."""
    source = UNITS.get(unit)
    target = UNITS.get(CANONICAL_UNITS.get(source.dimension, "")) if source else None
    if source is None or target is None:
        return None
    return Scaling(source.factor / target.factor * THOUSAND, (source.zero - target.zero) / target.factor * THOUSAND)


def derive_targets(binding: Binding, records: tuple[Record, ...], book: SpecBook) -> dict[str, Target]:
    """The targets of all number fields of one skeleton, by printed name."""
    targets: dict[str, Target] = {}
    taken: set[Spec] = set()
    for bound in binding.bound:
        scaling = derive_scaling(bound.field.unit)
        if scaling is None:
            continue
        spec = derive_spec(bound, records[bound.record])
        if spec in taken:
            spec = spec._replace(qualifier=_stem(bound.name, bound.field.unit))
        taken.add(spec)
        targets[bound.name] = Target(book.number(spec), scaling)
    for item in binding.family.fields:
        if item.formula and not item.hidden and item.name not in targets:
            targets |= dict(_find_formula_target(item, taken, book))
    return targets


def _find_formula_target(item: CatalogueField, taken: set[Spec], book: SpecBook) -> Iterator[tuple[str, Target]]:
    target = derive_named_target(item.name, book, unit=item.unit)
    if target is not None and book.specs[target.spec] not in taken:
        yield item.name, target


def derive_spec(bound: Bound, record: Record) -> Spec:
    """The register of one bound field, from the record it is read from."""
    unit = bound.field.unit
    dimension = UNITS[unit].dimension
    meaning = record.meaning
    vague = meaning.quantity in _VAGUE or bound.field.raw or bool(bound.field.mask) or bool(bound.field.compute)
    quantity = dimension if vague else meaning.quantity
    qualifier = "_".join(meaning.modifiers)
    if (vague and not _is_main(bound.name, unit)) or (
        bound.field.select is not None and bound.field.select.nth != FIRST
    ):
        qualifier = _stem(bound.name, unit)
    return Spec(
        quantity[:_TEXT_LIMIT],
        CANONICAL_UNITS[dimension],
        qualifier[:_TEXT_LIMIT],
        record.function.value,
        record.storage,
        record.tariff,
        record.subunit,
        derive_kind(dimension, quantity, record.function.value),
    )


def derive_named_target(name: str, book: SpecBook, *, unit: str = "") -> Target | None:
    """The target of a value that is known by name only: `total_m3`, `last_month_total_m3`; None for what is none."""
    unit = unit or name.rpartition("_")[2]
    scaling = derive_scaling(unit)
    if scaling is None:
        return None
    dimension = UNITS[unit].dimension
    qualifier = "" if _is_main(name, unit) else _stem(name, unit)
    spec = Spec(dimension, CANONICAL_UNITS[dimension], qualifier, kind=derive_kind(dimension, dimension, _INSTANT))
    return Target(book.number(spec), scaling)


def derive_kind(dimension: str, quantity: str, function: str) -> str:
    """`counter` for what only adds up, `gauge` for momentary values, differences and extremes."""
    counts = dimension in _COUNTED and "difference" not in quantity and function == _INSTANT
    return "counter" if counts else "gauge"


def _is_main(name: str, unit: str) -> bool:
    return name in (f"total_{unit}", f"total_energy_consumption_{unit}", f"current_consumption_{unit}")


def _stem(name: str, unit: str) -> str:
    return name.removesuffix(f"_{unit}")[:_TEXT_LIMIT]
