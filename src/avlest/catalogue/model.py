# SPDX-License-Identifier: Apache-2.0
"""The values a catalogue file is made of.

A *family* says which meters it is for, which fields it prints and where each field
comes from.  It holds no telegram data: binding a family to the records of one telegram
skeleton is done in `bind`, evaluating it in `evaluate`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

Value = int | float | str | None
"""One printed value; text, number, or null where the meter marks it as missing."""

FieldKind = Literal["number", "text", "date", "datetime"]
TextForm = Literal[
    "auto", "ascii", "ascii_reversed", "hex", "hex_reversed", "digits", "date", "datetime", "datetime_minutes"
]
LookupKind = Literal["bits", "index", "decimal"]


class CatalogueError(ValueError):
    """A catalogue file says something that cannot be read; names file and place."""

    def __init__(self, origin: str, place: str, problem: str) -> None:
        super().__init__(f"{origin}: {place}: {problem}")
        self.origin = origin
        self.place = place
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Span:
    """An inclusive range of record numbers (storage, tariff, subunit or occurrence)."""

    low: int
    high: int

    def __contains__(self, number: int) -> bool:
        return self.low <= number <= self.high

    @property
    def is_single(self) -> bool:
        """Whether the range names exactly one number."""
        return self.low == self.high


ZERO = Span(0, 0)
FIRST = Span(1, 1)
ANY_NUMBER = Span(0, 1 << 41)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which record of a telegram a field is read from.

    Either `key` (the DIF/VIF bytes exactly as sent) or the meaning of the record:
    quantities, function, numbers and modifiers.  `modifiers` is the exact set of
    orthogonal VIFEs the record must have; None accepts any.
    """

    key: bytes | None = None
    quantities: frozenset[str] | None = None
    units: frozenset[str] | None = None
    function: str | None = "instant"
    storage: Span = ZERO
    tariff: Span = ZERO
    subunit: Span = ZERO
    modifiers: frozenset[str] | None = frozenset()
    nth: Span = FIRST

    @property
    def is_single(self) -> bool:
        """Whether at most one record of a telegram can feed the field."""
        return self.nth.is_single and (
            self.key is not None or (self.storage.is_single and self.tariff.is_single and self.subunit.is_single)
        )


@dataclass(frozen=True, slots=True)
class Lookup:
    """Names for the bits, the codes or the decimal digits of a status value.

    `names` maps bit mask, code or decimal weight to the name printed when set;
    `names_unset` likewise for bits that mean something when they are zero.
    """

    name: str
    kind: LookupKind
    mask: int
    names: tuple[tuple[int, str], ...]
    names_unset: tuple[tuple[int, str], ...] = ()
    ok: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One printed field: its name (may hold `{storage}` and the like), unit and source.

    `compute` names a function of a payload reader ("techem.format_current_date") that
    makes the value of the record's data bytes, where no coding of EN 13757-3 fits.
    """

    name: str
    kind: FieldKind
    unit: str = ""
    select: Selector | None = None
    raw: bool = False
    unsigned: bool = False
    scale: Fraction = Fraction(1)
    mask: int = 0
    compute: str = ""
    required: bool = False
    hidden: bool = False
    form: TextForm = "auto"
    lookups: tuple[Lookup, ...] = ()
    status: bool = False
    transport_status: bool = False
    into_status: bool = False
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """One meter model: manufacturer letters, version and device type; None matches any."""

    manufacturer: str
    version: int | None
    device_type: int | None


@dataclass(frozen=True, slots=True)
class Condition:
    """What a telegram must hold besides for a family that shares its model with another."""

    ci: frozenset[int] = frozenset()
    has: tuple[bytes, ...] = ()
    lacks: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A telegram of the family made with our own encoder, and the object it must give."""

    telegram: str
    key: str
    expected: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """One meter family of the catalogue."""

    name: str
    title: str
    source: str
    matches: tuple[Match, ...]
    fields: tuple[Field, ...]
    media: str = ""
    payload: str = ""
    like: str = ""
    when: Condition = field(default_factory=Condition)
    transport_bits: Lookup | None = None
    formats: tuple[bytes, ...] = ()
    examples: tuple[Example, ...] = ()
    origin: str = ""
