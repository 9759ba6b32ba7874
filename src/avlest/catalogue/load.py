# SPDX-License-Identifier: Apache-2.0
"""Read a catalogue file (TOML text) into a `Family`, or say what is wrong and where."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, get_args

from avlest.catalogue.model import (
    ANY_NUMBER,
    FIRST,
    ZERO,
    CatalogueError,
    Condition,
    Example,
    Family,
    Field,
    FieldKind,
    Lookup,
    LookupKind,
    Match,
    Selector,
    Span,
    TextForm,
)
from avlest.catalogue.payload_reader import get_function
from avlest.telegrams.units import UNITS

Table = Mapping[str, Any]

_FAMILY_KEYS = {
    "family", "title", "source", "meters", "media", "payload", "like", "when",
    "transport_bits", "compact_formats", "use", "field", "example",
}  # fmt: skip
_FIELD_KEYS = {
    "name", "from", "as", "raw", "unsigned", "scale", "mask", "compute", "required", "hidden", "lookup",
    "status", "transport_status", "into_status", "formula",
}  # fmt: skip
_SELECT_KEYS = {"key", "vif", "unit", "function", "storage", "tariff", "subunit", "with", "nth"}
_LOOKUP_KEYS = {"name", "kind", "mask", "names", "unset", "ok"}
_METER = re.compile(r"^([A-Z]{3}):([0-9A-Fa-f]{2}|\*):([0-9A-Fa-f]{2}|\*)$")
_UNIT_SUFFIX = re.compile(r"_([a-z0-9]+)$")


class _Reader:
    """Reads values out of parsed TOML and names the place of whatever does not fit."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def fail(self, place: str, problem: str) -> CatalogueError:
        return CatalogueError(self.origin, place, problem)

    def check_keys(self, table: Table, known: set[str], place: str) -> None:
        for key in table:
            if key not in known:
                raise self.fail(place, f"unknown key {key!r}; expected one of {', '.join(sorted(known))}")

    def text(self, table: Table, key: str, place: str, *, default: str | None = None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            raise self.fail(place, f"{key} must be text, not {value!r}")
        return value

    def flag(self, table: Table, key: str, place: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self.fail(place, f"{key} must be true or false, not {value!r}")
        return value

    def number(self, table: Table, key: str, place: str) -> int:
        value = table.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.fail(place, f"{key} must be a number, not {value!r}")
        return value

    def choice(self, value: str, allowed: tuple[str, ...], place: str) -> str:
        if value not in allowed:
            raise self.fail(place, f"{value!r} is not one of {', '.join(allowed)}")
        return value

    def hexadecimal(self, value: object, place: str) -> bytes:
        try:
            return bytes.fromhex(str(value))
        except ValueError:
            raise self.fail(place, f"{value!r} is not hexadecimal") from None

    def span(self, table: Table, key: str, default: Span, place: str) -> Span:
        value = table.get(key)
        match value:
            case None:
                return default
            case "any":
                return ANY_NUMBER
            case bool():
                pass
            case int():
                return Span(value, value)
            case [int() as low, int() as high] if low <= high:
                return Span(low, high)
        raise self.fail(place, f"{key} must be a number, [low, high] or 'any', not {value!r}")

    def names(self, table: Table, key: str, place: str) -> tuple[tuple[int, str], ...]:
        rows = table.get(key, {})
        try:
            return tuple((int(code, 0), str(name)) for code, name in rows.items())
        except (ValueError, AttributeError):
            raise self.fail(place, f"{key} must map numbers (0x01, 16) to names") from None


def parse_family(text: str, *, origin: str, shared: Mapping[str, Field] | None = None) -> Family:
    """Parse one catalogue file.

    `origin` is named in errors; `shared` holds the fields that `use = […]` may name.
    Raises `CatalogueError` with the file, the place in it and what was expected.
    """
    read = _Reader(origin)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise read.fail("TOML", str(error)) from None
    read.check_keys(table, _FAMILY_KEYS, "file")
    bits = table.get("transport_bits")
    return Family(
        name=read.text(table, "family", "file"),
        title=read.text(table, "title", "file"),
        source=read.text(table, "source", "file"),
        matches=tuple(_parse_match(read, item) for item in table.get("meters", [])),
        fields=_parse_fields(read, table, shared or {}),
        media=read.text(table, "media", "file", default=""),
        payload=read.text(table, "payload", "file", default=""),
        like=read.text(table, "like", "file", default=""),
        when=_parse_condition(read, table.get("when", {})),
        transport_bits=_parse_lookup(read, bits, "transport_bits") if bits else None,
        formats=tuple(read.hexadecimal(item, "compact_formats") for item in table.get("compact_formats", [])),
        examples=tuple(_parse_example(read, item) for item in table.get("example", [])),
        origin=origin,
    )


def parse_shared_fields(text: str, *, origin: str) -> dict[str, Field]:
    """Parse the file of fields that many families share; returns them by name."""
    read = _Reader(origin)
    table = tomllib.loads(text)
    return {item["name"]: _parse_field(read, item, f"field {item['name']}") for item in table["field"]}


def _parse_fields(read: _Reader, table: Table, shared: Mapping[str, Field]) -> tuple[Field, ...]:
    fields = []
    for name in table.get("use", []):
        if name not in shared:
            raise read.fail("use", f"no shared field is called {name!r}")
        fields.append(shared[name])
    for number, item in enumerate(table.get("field", []), start=1):
        fields.append(_parse_field(read, item, f"field {number} {item.get('name', '')}".rstrip()))
    return tuple(fields)


def _parse_match(read: _Reader, item: object) -> Match:
    found = _METER.match(str(item))
    if not found:
        raise read.fail("meters", f"{item!r} is not MANUFACTURER:VERSION:TYPE such as 'KAM:1b:16' (hex, * for any)")
    letters, version, device = found.groups()
    return Match(letters, *(None if part == "*" else int(part, 16) for part in (version, device)))


def _parse_condition(read: _Reader, table: Table) -> Condition:
    read.check_keys(table, {"ci", "has", "lacks"}, "when")
    return Condition(
        ci=frozenset(int(str(item), 16) for item in table.get("ci", [])),
        has=tuple(read.hexadecimal(item, "when.has") for item in table.get("has", [])),
        lacks=tuple(read.hexadecimal(item, "when.lacks") for item in table.get("lacks", [])),
    )


def _parse_example(read: _Reader, table: Table) -> Example:
    expected = table.get("expected", {})
    return Example(
        telegram=read.text(table, "telegram", "example"),
        key=read.text(table, "key", "example", default=""),
        expected=tuple((name, None if value == "null" else value) for name, value in expected.items()),
    )


def _parse_field(read: _Reader, item: Table, place: str) -> Field:
    read.check_keys(item, _FIELD_KEYS, place)
    name = read.text(item, "name", place)
    kind, unit, form = _derive_kind(read, item, name, place)
    lookups = item.get("lookup", [])
    return Field(
        name=name,
        kind=kind,
        unit=unit,
        select=_parse_selector(read, item["from"], place) if "from" in item else None,
        raw=read.flag(item, "raw", place),
        unsigned=read.flag(item, "unsigned", place),
        scale=_parse_scale(read, item.get("scale", 1), place),
        mask=read.number(item, "mask", place),
        compute=_parse_compute(read, item, place),
        required=read.flag(item, "required", place),
        hidden=read.flag(item, "hidden", place),
        form=form,
        lookups=tuple(_parse_lookup(read, table, f"{place} lookup") for table in lookups),
        status=read.flag(item, "status", place),
        transport_status=read.flag(item, "transport_status", place),
        into_status=read.flag(item, "into_status", place),
        formula=read.text(item, "formula", place, default=""),
    )


def _parse_compute(read: _Reader, item: Table, place: str) -> str:
    name = read.text(item, "compute", place, default="")
    try:
        if name:
            get_function(name)
    except LookupError as error:
        raise read.fail(place, str(error)) from None
    return name


def _derive_kind(read: _Reader, item: Table, name: str, place: str) -> tuple[FieldKind, str, TextForm]:
    """A field is text where the file says `as` or has lookups; else its unit is the last part of its name."""
    if "as" in item or "lookup" in item or any(item.get(key) for key in ("status", "into_status")):
        form = read.choice(read.text(item, "as", place, default="auto"), get_args(TextForm), f"{place} as")
        return "text", "", form  # type: ignore[return-value]
    suffix = _UNIT_SUFFIX.search(name)
    unit = suffix.group(1) if suffix else ""
    if unit in ("date", "datetime"):
        return unit, unit, "auto"  # type: ignore[return-value]
    if unit not in UNITS:
        raise read.fail(place, f"the name ends in no known unit ({unit!r}); text fields say as = 'auto'")
    return "number", unit, "auto"


def _parse_scale(read: _Reader, value: object, place: str) -> Fraction:
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise read.fail(place, f"scale must be a number or a fraction such as '1/10', not {value!r}") from None


def _parse_selector(read: _Reader, item: Table, place: str) -> Selector:
    read.check_keys(item, _SELECT_KEYS, f"{place} from")
    nth = read.span(item, "nth", FIRST, place)
    if "key" in item:
        return Selector(key=read.hexadecimal(item["key"], f"{place} key"), nth=nth)
    function = read.text(item, "function", place, default="instant")
    read.choice(function, ("instant", "maximum", "minimum", "error", "any"), f"{place} function")
    modifiers = item.get("with", [])
    return Selector(
        quantities=_parse_words(item.get("vif", "any")),
        units=_parse_words(item.get("unit", "any")),
        function=None if function == "any" else function,
        storage=read.span(item, "storage", ZERO, place),
        tariff=read.span(item, "tariff", ZERO, place),
        subunit=read.span(item, "subunit", ZERO, place),
        modifiers=None if modifiers == "any" else frozenset(modifiers),
        nth=nth,
    )


def _parse_words(value: object) -> frozenset[str] | None:
    if value == "any":
        return None
    return frozenset([value] if isinstance(value, str) else value)  # type: ignore[call-overload,no-any-return]


def _parse_lookup(read: _Reader, item: Table, place: str) -> Lookup:
    read.check_keys(item, _LOOKUP_KEYS, place)
    kind = read.choice(read.text(item, "kind", place, default="bits"), get_args(LookupKind), place)
    mask = item.get("mask", 0xFFFFFFFFFFFFFFFF)
    if not isinstance(mask, int) or isinstance(mask, bool):
        raise read.fail(place, f"mask must be a number, not {mask!r}")
    return Lookup(
        name=read.text(item, "name", place, default="UNKNOWN"),
        kind=kind,  # type: ignore[arg-type]
        mask=mask,
        names=read.names(item, "names", place),
        names_unset=read.names(item, "unset", place),
        ok=read.text(item, "ok", place, default=""),
    )
