# SPDX-License-Identifier: Apache-2.0
"""What a telegram must print, worked out from the values put into it and not from its bytes.

This is a second, slow and plain reading of the rules for catalogue files, so that an
example checks the decoder instead of repeating it.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from avlest.catalogue.model import Family, Field, Lookup, Selector, Value
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.model import Coding
from avlest.telegrams.units import UNITS
from scripts.examples.plan import Item

_TRANSPORT_NAMES = {0x04: "POWER_LOW", 0x08: "PERMANENT_ERROR", 0x10: "TEMPORARY_ERROR"}


def expect_fields(family: Family, items: Sequence[Item], status: int | None) -> dict[str, Value]:
    """The printed fields that can be told from the inputs; those computed by a reader's code are left out."""
    values: dict[str, Value] = {}
    sources: dict[str, Field] = {}
    for field in family.fields:
        if field.select is None or field.compute:
            continue
        own: dict[str, Value] = {}
        for item, count in matching(field.select, items):
            own.setdefault(fill_name(field.name, item, count), print_value(field, item))
        values |= own
        sources |= dict.fromkeys(own, field)
    add_formulas(family, values)
    add_status(family, values, sources, status)
    hidden = {name for name, field in sources.items() if field.hidden}
    hidden |= {field.name for field in family.fields if field.hidden}
    computed = {field.name for field in family.fields if field.compute}
    return {name: value for name, value in values.items() if name not in hidden | computed}


def matching(select: Selector, items: Sequence[Item]) -> list[tuple[Item, int]]:
    """The records that a selector takes, with how manieth of its kind each is."""
    alike = [item for item in items if is_wanted(select, item)]
    counted = [(item, number) for number, item in enumerate(alike, start=1)]
    spread = not (select.key or (select.storage.is_single and select.tariff.is_single and select.subunit.is_single))
    if spread and select.nth.is_single:
        return counted
    return [(item, number) for item, number in counted if number in select.nth]


def is_wanted(select: Selector, item: Item) -> bool:
    """Whether the record's header is what the selector asks for."""
    if select.key is not None:
        return item.spec.key == select.key
    header, meaning = item.header, item.header.meaning
    wanted = (
        (select.quantities, meaning.quantity), (select.units, meaning.unit),
        (select.storage, header.storage), (select.tariff, header.tariff), (select.subunit, header.subunit),
    )  # fmt: skip
    if any(allowed is not None and value not in allowed for allowed, value in wanted):  # type: ignore[operator]
        return False
    if select.function not in (None, header.function.value):
        return False
    return select.modifiers is None or set(meaning.modifiers) == select.modifiers


def fill_name(template: str, item: Item, count: int) -> str:
    """The field's name with the record's numbers."""
    numbers = {
        "storage": item.header.storage, "tariff": item.header.tariff, "subunit": item.header.subunit, "nth": count,
    }  # fmt: skip

    def fill(part: re.Match[str]) -> str:
        return str(evaluate(part[1], numbers))

    return re.sub(r"\{([^}]*)\}", fill, template)


def print_value(field: Field, item: Item) -> Value:
    """One field from the value put in."""
    if field.lookups:
        return translate(field.lookups, item.raw if isinstance(item.raw, int) else 0)
    if field.kind in ("date", "datetime") or field.form in ("date", "datetime", "datetime_minutes"):
        wants_clock = field.kind == "datetime" or field.form in ("datetime", "datetime_minutes")
        return print_moment(item.raw, with_clock=wants_clock, seconds=field.form != "datetime_minutes")
    if field.kind == "text":
        return print_text(field, item)
    return print_number(field, item)


def print_moment(raw: object, *, with_clock: bool, seconds: bool) -> str | None:
    """A date or a clock, as people write it."""
    if isinstance(raw, MeterTime):
        if not with_clock:
            return raw.day.isoformat()
        clock = f"{raw.hour:02}:{raw.minute:02}"
        return f"{raw.day.isoformat()} {clock}" + (f":{raw.second:02}" if seconds and raw.second is not None else "")
    if isinstance(raw, date):
        return raw.isoformat() + (" 00:00" if with_clock else "")
    return None


def print_text(field: Field, item: Item) -> str:
    """Characters or hexadecimal digits."""
    data = item.data
    if field.form == "hex":
        return data.hex().upper()
    if field.form == "ascii":
        return data.decode("latin-1").strip()
    if field.form == "ascii_reversed" or (field.form == "auto" and item.coding is Coding.TEXT):
        return data[::-1].decode("latin-1")
    return data[::-1].hex().upper()


def print_number(field: Field, item: Item) -> Value:
    """The number in the unit of the field: exact, then the nearest double."""
    raw = item.raw
    if field.mask:
        shift = (field.mask & -field.mask).bit_length() - 1
        exact = Fraction((raw & field.mask) >> shift) * field.scale
    elif field.raw:
        exact = Fraction(raw) * field.scale
    else:
        meaning = item.header.meaning
        source, target = UNITS.get(meaning.unit), UNITS[field.unit]
        exact = (Fraction(raw) * meaning.scale + meaning.offset) * field.scale
        if source is not None:
            exact = exact * source.factor / target.factor
        if source is not None and "difference" not in meaning.quantity:
            exact += (source.zero - target.zero) / target.factor
    if exact.denominator == 1:
        return int(exact)
    return float(exact) if is_decimal(exact.denominator) else round(float(exact), 6)


def is_decimal(denominator: int) -> bool:
    """Whether a fraction with this denominator has an end when written out."""
    return 10**60 % denominator == 0


def translate(lookups: Sequence[Lookup], raw: int) -> str:
    """Names of what is set."""
    words: set[str] = set()
    for lookup in lookups:
        words |= set(_translate_one(lookup, raw))
    clear = [lookup.ok for lookup in lookups if lookup.ok]
    return " ".join(sorted(words)) or (clear[0] if clear else "")


def _translate_one(lookup: Lookup, raw: int) -> list[str]:
    part, names = raw & lookup.mask, dict(lookup.names)
    if lookup.kind == "index":
        if part in names:
            return [names[part]] if names[part] else []
        return [f"{lookup.name}_{part:X}"] if part or not lookup.ok else []
    if lookup.kind == "decimal":
        rest = int(f"{raw:x}")
        found = []
        for weight in sorted(names, reverse=True):
            if weight and rest >= weight:
                rest -= weight
                found.append(names[weight])
        return found
    set_ones = [name for bits, name in names.items() if name and part & bits]
    unset = [name for bits, name in lookup.names_unset if not raw & bits]
    unknown = part
    for bits in [*names, *dict(lookup.names_unset)]:
        unknown &= ~bits
    return set_ones + unset + ([f"{lookup.name}_{unknown:X}"] if unknown else [])


def add_status(family: Family, values: dict[str, Value], sources: Mapping[str, Field], status: int | None) -> None:
    """Put the words of all parts of the status together."""
    injected = [str(values[name] or "") for name, field in sources.items() if field.into_status]
    for field in family.fields:
        if not field.status:
            continue
        own = values.pop(field.name, "")
        parts = [str(own or ""), *injected]
        if field.transport_status and status is not None:
            parts.append(translate_transport(family, status))
        words = {word for part in parts for word in part.split()} - {"OK"}
        fallback = field.lookups[0].ok if field.lookups else ""
        values[field.name] = " ".join(sorted(words)) or (
            "OK" if any("OK" in part for part in parts) else fallback or "OK"
        )


def translate_transport(family: Family, status: int) -> str:
    """Names of the transport header's status bits."""
    bits = family.transport_bits
    covered = bits.mask if bits else 0xE0
    words = [name for bit, name in _TRANSPORT_NAMES.items() if status & bit & ~covered]
    if bits and status & covered:
        words.append(translate([bits], status & covered))
    return " ".join(words) or "OK"


def add_formulas(family: Family, values: dict[str, Value]) -> None:
    """Calculate what can be calculated."""
    for field in family.fields:
        names = set(re.findall(r"[a-z_]\w*", field.formula)) - {"sqrt"}
        if field.formula and names <= values.keys() and all(isinstance(values[name], int | float) for name in names):
            values[field.name] = round(evaluate(field.formula, values), 6)


_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
}


def evaluate(text: str, numbers: Mapping[str, object]) -> float:
    """The value of a formula with + - * / and sqrt."""

    def walk(node: ast.AST) -> float:
        match node:
            case ast.Expression():
                return walk(node.body)
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name():
                return (
                    float(str(numbers[node.id])) if isinstance(numbers[node.id], float) else int(str(numbers[node.id]))
                )
            case ast.BinOp():
                return _OPERATORS[type(node.op)](walk(node.left), walk(node.right))
            case ast.UnaryOp():
                return _OPERATORS[type(node.op)](walk(node.operand))
            case ast.Call():
                return math.sqrt(walk(node.args[0]))
        raise ValueError(f"{text}: {ast.dump(node)}")

    return walk(ast.parse(text, mode="eval"))
