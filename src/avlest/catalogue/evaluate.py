# SPDX-License-Identifier: Apache-2.0
"""Evaluate a binding over the records of one telegram: the readable reference.

The columnar decoder (`avlest.telegrams.layouts` with `catalogue.columns`) must agree
with this on every telegram.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from avlest.catalogue.bind import Binding, Bound
from avlest.catalogue.formula import parse_formula
from avlest.catalogue.instants import format_instant
from avlest.catalogue.lookup import join_words, translate_all, translate_transport_status
from avlest.catalogue.model import Family, Field, Value
from avlest.catalogue.payload_reader import get_function
from avlest.telegrams.records.model import Coding, Record
from avlest.telegrams.records.values import decode_number

DECIMALS = 6
MINUTES = len("2021-11-30 10:06")
_SCALE: int = 10**DECIMALS


def evaluate_binding(binding: Binding, records: Sequence[Record], status: int | None) -> dict[str, Value]:
    """All fields of one telegram, in catalogue order, the status last.

    `status` is the transport header's status byte or None.  Hidden fields take part in
    formulas and the status but are not in the result.
    """
    values: dict[str, Value] = {}
    hidden: list[str] = []
    injected: list[str] = []
    for bound in binding.bound:
        value = evaluate_bound(bound, records[bound.record])
        if bound.field.into_status and isinstance(value, str):
            injected.append(value)
        values[bound.name] = value
        if bound.field.hidden:
            hidden.append(bound.name)
    for field in binding.missing:
        values.setdefault(field.name, missing_value(field))
    _evaluate_formulas(binding, values, hidden)
    _assemble_status(binding.family, values, injected, status)
    for name in hidden:
        del values[name]
    return values


def missing_value(field: Field) -> Value:
    """What a required field prints when no record feeds it: null, or the all-clear of its lookup."""
    if field.lookups:
        return field.lookups[0].ok
    return "" if field.kind == "text" else None


def evaluate_bound(bound: Bound, record: Record) -> Value:
    """One field's value from its record."""
    if bound.field.compute:
        return get_function(bound.field.compute)(record.data)
    if bound.field.kind == "number":
        return evaluate_number(bound, record)
    if bound.field.kind == "text":
        return evaluate_text(bound.field, record)
    return format_instant(record, bound.field.kind)


def evaluate_number(bound: Bound, record: Record) -> int | float | None:
    """The number of a record in the unit of the field; None where the meter marks it invalid."""
    if bound.field.mask:
        bits = unsigned_number(record, as_sent=True)
        return scale_number(take_bits(bits, bound.field.mask), bound.factor, bound.offset)
    number = decode_number(record)
    if number is None:
        return None
    if isinstance(number, int) and number < 0 and bound.field.unsigned:
        number += 1 << (8 * record.data_length)
    return scale_number(number, bound.factor, bound.offset)


def take_bits(number: int, mask: int) -> int:
    """The bits of `number` under `mask`, moved down to the low end."""
    return (number & mask) >> ((mask & -mask).bit_length() - 1)


def scale_number(number: int | float, factor: Fraction, offset: Fraction = Fraction(0)) -> int | float:
    """`number * factor + offset`, the nearest double; six decimals where the factor is no finite decimal.

    One multiplication and one division of doubles, so that columns do exactly the same.
    """
    if isinstance(number, int) and factor.denominator == 1 and not offset:
        return number * factor.numerator
    value = float(number) * factor.numerator / factor.denominator
    if offset:
        value += float(offset)
    if isinstance(number, int) and not offset and is_decimal_factor(factor.denominator):
        return value
    return round_decimals(value)


def is_decimal_factor(denominator: int) -> bool:
    """Whether one over `denominator` has a finite decimal expansion (it is 2^a 5^b)."""
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1


def round_decimals(value: float) -> float:
    """Round to six decimals, half to even, in the way a column of doubles is rounded."""
    if not math.isfinite(value) or abs(value) >= 2**52 / _SCALE:
        return value
    return round(value * _SCALE) / _SCALE


def evaluate_text(field: Field, record: Record) -> str | None:
    """A text field: status names, or the bytes read in the form the catalogue asks for."""
    if field.lookups:
        digits = any(lookup.kind == "decimal" for lookup in field.lookups)
        return translate_all(field.lookups, unsigned_number(record, as_sent=digits))
    if field.form in ("date", "datetime", "datetime_minutes"):
        text = format_instant(record, "date" if field.form == "date" else "datetime")
        return (text[:MINUTES] if field.form == "datetime_minutes" else text) if text else ""
    return read_text(record, field.form)


def unsigned_number(record: Record, *, as_sent: bool = False) -> int:
    """The bytes of a record as one number, most significant last; BCD as its decimal number unless `as_sent`."""
    if not as_sent and record.coding in (Coding.BCD, Coding.BCD_VAR):
        number = decode_number(record)
        if isinstance(number, int):
            return abs(number)
    return int.from_bytes(record.data, "little")


def read_text(record: Record, form: str) -> str:
    """The data bytes as text in one of the catalogue's forms."""
    data = record.data
    if form == "auto":
        form = _natural_form(record)
    match form:
        case "ascii":
            return _printable(data)
        case "ascii_reversed":
            return _printable(data[::-1])
        case "hex":
            return data.hex().upper()
        case "text":
            return _readable(data[::-1])
    return data[::-1].hex().upper()


def _natural_form(record: Record) -> str:
    """Text as text; a whole number that holds nothing but printable characters too; else digits."""
    if record.coding is Coding.TEXT:
        return "text"
    is_whole = record.coding in (Coding.INT, Coding.UINT)
    return "text" if is_whole and all(0x20 <= byte < 0x7F for byte in record.data) else "digits"


def _printable(data: bytes) -> str:
    return data.decode("latin-1").rstrip("\x00").strip()


def _readable(data: bytes) -> str:
    """Text where it can be printed (trailing blanks kept), else its bytes as hex."""
    text = data.replace(b"\x00", b"")
    if all(0x20 <= byte < 0x7F or byte >= 0xA1 for byte in text) and not _looks_binary(text):
        return text.decode("latin-1")
    return data.hex().upper()


def _looks_binary(text: bytes) -> bool:
    return bool(text) and all(byte >= 0x80 for byte in text)


def _evaluate_formulas(binding: Binding, values: dict[str, Value], hidden: list[str]) -> None:
    """Add the calculated fields whose parts the telegram sends, null where one of them is marked invalid."""
    absent = {field.name for field in binding.missing}
    for field in binding.family.fields:
        if not field.formula:
            continue
        sent = all(name in values and name not in absent for name in parse_formula(field.formula).names)
        if sent or field.required:
            values[field.name] = evaluate_formula(field.formula, values)
            if field.hidden:
                hidden.append(field.name)


def evaluate_formula(text: str, values: Mapping[str, Value]) -> float | None:
    """A calculated number, in doubles; None where a part of it is missing or it divides by zero."""
    formula = parse_formula(text)
    numbers: dict[str, float] = {}
    for name in formula.names:
        number = values.get(name)
        if not isinstance(number, int | float):
            return None
        numbers[name] = float(number)
    try:
        result = float(formula.evaluate(numbers))
    except (ZeroDivisionError, OverflowError):
        return None
    return round_decimals(result) if math.isfinite(result) else None


def _assemble_status(family: Family, values: dict[str, Value], injected: list[str], status: int | None) -> None:
    for field in family.fields:
        if not field.status:
            continue
        own = values.pop(field.name, None)
        parts = [own] if isinstance(own, str) else []
        parts += injected
        if field.transport_status and status is not None:
            parts.append(translate_transport_status(status, family.transport_bits))
        values[field.name] = join_words(parts) or missing_value(field) or "OK"
