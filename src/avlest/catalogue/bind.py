# SPDX-License-Identifier: Apache-2.0
"""Bind a family's fields to the records of one telegram skeleton.

Binding looks only at record headers, never at data, so one binding serves every
telegram of the same skeleton: the scalar decoder caches it, the columnar decoder
evaluates it over whole columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from avlest.catalogue.model import Family, Field, Selector
from avlest.telegrams.records.model import Record
from avlest.telegrams.units import UNITS

_TEMPLATE = re.compile(r"\{(?:(\d+)-)?(storage|tariff|subunit|nth)([+-]\d+)?\}")


@dataclass(frozen=True, slots=True)
class Bound:
    """One field read from one record.

    For numbers the printed value is `number sent * factor + offset`, both exact.
    """

    name: str
    field: Field
    record: int
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Binding:
    """All fields of a family that one skeleton can feed, in the order of the catalogue file."""

    family: Family
    bound: tuple[Bound, ...]

    @property
    def missing(self) -> tuple[Field, ...]:
        """Required fields that no record of the skeleton feeds; they print as null."""
        found = {item.field.name for item in self.bound}
        return tuple(item for item in self.family.fields if item.required and item.name not in found)


def bind_fields(family: Family, records: Sequence[Record]) -> Binding:
    """Find for every field of `family` the record(s) that feed it.

    A field that selects single numbers takes the n-th matching record; one with a range
    takes each match, named by its template, and the first wins where two give one name.
    A later field of the catalogue file replaces an earlier one of the same name.
    """
    found: dict[str, Bound] = {}
    for field in family.fields:
        if field.select is not None:
            own: dict[str, Bound] = {}
            for item in _bind_field(field, field.select, records):
                own.setdefault(item.name, item)
            found |= own
    return Binding(family, tuple(found.values()))


def _bind_field(field: Field, select: Selector, records: Sequence[Record]) -> Iterator[Bound]:
    occurrence = 0
    for index, record in enumerate(records):
        if not matches(select, record):
            continue
        occurrence += 1
        if occurrence in select.nth or (not select.is_single and select.nth.is_single):
            factor, offset = derive_factor(field, record)
            yield Bound(expand_name(field.name, record, occurrence), field, index, factor, offset)


def matches(select: Selector, record: Record) -> bool:
    """Whether a record is one that the selector means."""
    if select.key is not None:
        return record.key == select.key
    meaning = record.meaning
    return (
        (select.quantities is None or meaning.quantity in select.quantities)
        and (select.units is None or meaning.unit in select.units)
        and (select.function is None or record.function == select.function)
        and record.storage in select.storage
        and record.tariff in select.tariff
        and record.subunit in select.subunit
        and (select.modifiers is None or select.modifiers == frozenset(meaning.modifiers))
    )


def expand_name(template: str, record: Record, occurrence: int) -> str:
    """Fill `{storage}`, `{tariff-1}`, `{32-storage}`, `{subunit}`, `{nth}` of a field name from the record."""
    if "{" not in template:
        return template
    numbers = {
        "storage": record.storage,
        "tariff": record.tariff,
        "subunit": record.subunit,
        "nth": occurrence,
    }

    def fill(part: re.Match[str]) -> str:
        number = numbers[part[2]] + int(part[3] or 0)
        return str(int(part[1]) - number if part[1] else number)

    return _TEMPLATE.sub(fill, template)


def derive_factor(field: Field, record: Record) -> tuple[Fraction, Fraction]:
    """The exact factor and offset from the number sent to the field's unit.

    Where the VIF names another dimension than the field (a meter that sends reactive
    energy as Wh) the base units of both count as one: kWh, kvarh and kVAh alike.
    """
    if field.kind != "number":
        return Fraction(1), Fraction(0)
    if field.raw or field.mask:
        return field.scale, Fraction(0)
    meaning = record.meaning
    source, target = UNITS.get(meaning.unit), UNITS[field.unit]
    unit_factor = source.factor / target.factor if source else Fraction(1)
    absolute = source is not None and "difference" not in meaning.quantity
    zero = (source.zero - target.zero) / target.factor if source and absolute else Fraction(0)
    return meaning.scale * unit_factor * field.scale, meaning.offset * unit_factor * field.scale + zero
