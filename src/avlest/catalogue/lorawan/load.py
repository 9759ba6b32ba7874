# SPDX-License-Identifier: Apache-2.0
"""Read a LoRaWAN profile (TOML text), or say what is wrong and where."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta, timezone, tzinfo
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from avlest.catalogue.lorawan.file_format import FILE, STATUS, TEXT, UPLINK, VALUE
from avlest.catalogue.lorawan.model import Layout, Profile, Rule, Scalar, StatusRule, TextRule, ValueRule
from avlest.catalogue.model import CatalogueError
from avlest.telegrams.units import UNITS, factor, get_unit

Table = Mapping[str, Any]

_DEV_EUI: Final = re.compile(r"^[0-9A-F]{2,16}$")
_OFFSET: Final = re.compile(r"^([+-])(\d\d):(\d\d)$")
_STEP: Final = re.compile(r"^(-?\d+)(s|min|h|d)$")
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


def parse_profile(text: str, *, origin: str) -> Profile:
    """One profile file; `origin` is named in errors.  Raises `CatalogueError` with the place."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(origin, "TOML", str(error)) from None
    node = _Node(table, origin, "file")
    node.check(FILE.keys)
    return Profile(
        name=node.text("profile"),
        title=node.text("title"),
        source=node.text("source"),
        zone=parse_zone(node),
        dev_eui=tuple(_parse_dev_eui(node, item) for item in node.texts("dev_eui")),
        kind=tuple(word.casefold() for word in node.texts("kind")),
        rules=_parse_rules(node),
        origin=origin,
    )


def _parse_rules(node: _Node) -> tuple[Rule, ...]:
    rules = tuple(_parse_rule(item) for item in node.tables("uplink"))
    if not rules:
        raise node.fail("there is no [[uplink]]")
    return rules


class _Node:
    """A TOML table with its place, so that whatever does not fit can be named."""

    def __init__(self, table: Table, origin: str, place: str) -> None:
        self.table = table
        self.origin = origin
        self.place = place

    def fail(self, problem: str) -> CatalogueError:
        return CatalogueError(self.origin, self.place, problem)

    def check(self, known: Mapping[str, str]) -> None:
        for key in self.table:
            if key not in known:
                raise self.fail(f"unknown key {key!r}; expected one of {', '.join(sorted(known))}")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.table.get(key, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self.fail(f"{key} must be text, not {value!r}")
        return value

    def texts(self, key: str) -> list[str]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.fail(f"{key} must be a list of texts, not {value!r}")
        return value

    def flag(self, key: str) -> bool:
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise self.fail(f"{key} must be true or false, not {value!r}")
        return value

    def whole(self, key: str) -> int:
        value = self.table.get(key, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 255:
            raise self.fail(f"{key} must be a whole number from 0 to 255, not {value!r}")
        return value

    def fraction(self, key: str, default: str) -> Fraction:
        value = self.table.get(key, default)
        try:
            if isinstance(value, bool | float):
                raise ValueError
            return Fraction(value)
        except (ValueError, TypeError, ZeroDivisionError):
            raise self.fail(
                f'{key} must be a whole number or a text such as "1/1000" or "0.001", not {value!r}'
            ) from None

    def path(self, key: str) -> tuple[str, ...] | None:
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.fail(f'{key} must be text such as "meter.volume", not {value!r}')
        return split_path(value)

    def tables(self, key: str) -> list[_Node]:
        value = self.table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(f"{key} must be written as [[{key}]]")
        return [
            _Node(item, self.origin, f"{'' if self.place == 'file' else self.place + ', '}{key} {number}")
            for number, item in enumerate(value, start=1)
        ]

    def mapping(self, key: str) -> dict[str, Any]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"{key} must be a table, not {value!r}")
        return value


def split_path(path: str) -> tuple[str, ...]:
    """The steps of a path: names and list numbers with dots between; "" is the object itself."""
    return tuple(path.split(".")) if path else ()


def parse_zone(node: _Node) -> tzinfo:
    """The zone of the meter's clock: UTC, an offset such as "+01:00", or a name of the tz database."""
    text = node.text("zone", "UTC")
    if text == "UTC":
        return UTC
    found = _OFFSET.match(text)
    if found:
        minutes = int(found[2]) * 60 + int(found[3])
        return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise node.fail(
            f'zone must be "UTC", an offset such as "+01:00" or a zone such as "Europe/Oslo", not {text!r}'
        ) from None


def _parse_dev_eui(node: _Node, text: str) -> str:
    digits = text.upper().replace("-", "").replace(":", "")
    if not _DEV_EUI.match(digits):
        raise node.fail(f"dev_eui must hold the first 2 to 16 hexadecimal digits of DevEUIs, not {text!r}")
    return digits


def _parse_rule(node: _Node) -> Rule:
    node.check(UPLINK.keys)
    layout = _choose_layout(node)
    rule = Rule(
        layout,
        ports=_parse_ports(node),
        starts=tuple(_parse_start(node, item) for item in node.texts("starts")),
        skip=node.whole("skip"),
        family=node.text("family", ""),
        codec=node.text("codec", ""),
        variables=_parse_variables(node),
        values=tuple(_parse_value(item) for item in node.tables("value")),
        statuses=tuple(_parse_status(item) for item in node.tables("status")),
        texts=tuple(_parse_text(item) for item in node.tables("text")),
    )
    if (rule.values or rule.statuses or rule.texts or rule.variables) and layout is not Layout.CODEC:
        raise node.fail("value, status, text and variables belong to a codec; records say themselves what they are")
    if layout is Layout.CODEC and not (rule.values or rule.statuses or rule.texts):
        raise node.fail("a codec needs at least one value, status or text to take from its object")
    return rule


def _choose_layout(node: _Node) -> Layout:
    text = node.text("layout", "codec" if "codec" in node.table else "")
    try:
        layout = Layout(text)
    except ValueError:
        raise node.fail(f"layout must be one of {', '.join(Layout)}, not {text!r}") from None
    if (layout is Layout.CODEC) != ("codec" in node.table):
        raise node.fail("a file name `codec` and layout codec go together")
    if "skip" in node.table and layout not in (Layout.RECORDS, Layout.APPLICATION):
        raise node.fail("skip is for records")
    return layout


def _parse_ports(node: _Node) -> frozenset[int]:
    value = node.table.get("ports", [])
    is_list = isinstance(value, list)
    if not is_list or not all(type(item) is int and 1 <= item <= 223 for item in value):
        raise node.fail(f"ports must be a list of numbers from 1 to 223, not {value!r}")
    return frozenset(value)


def _parse_start(node: _Node, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise node.fail(f"starts must hold hexadecimal bytes, not {text!r}") from None


def _parse_variables(node: _Node) -> tuple[tuple[str, str], ...]:
    values = node.mapping("variables")
    if not all(isinstance(value, str) for value in values.values()):
        raise node.fail("variables must be texts, as network servers have them")
    return tuple(values.items())


def _parse_value(node: _Node) -> ValueRule:
    node.check(VALUE.keys)
    name = node.text("name")
    unit = name.rpartition("_")[2]
    if unit not in UNITS:
        raise node.fail(f"name {name!r} must end in its unit, such as total_m3; known units: {', '.join(UNITS)}")
    scale, offset = _derive_conversion(node, unit)
    path = node.path("path")
    if path is None:
        raise node.fail("path is missing: where the number stands in the codec's object")
    first, step = _parse_span(node, "first"), _parse_span(node, "step")
    if (first or step or "where" in node.table) and "each" not in node.table:
        raise node.fail("first, step and where are for the items of a list: say which with each")
    return ValueRule(
        name,
        node.text("quantity", get_unit(unit).dimension),
        unit,
        path,
        scale,
        offset,
        each=node.path("each"),
        where=_parse_where(node),
        at=node.path("at"),
        first=first,
        step=step,
        required=node.flag("required"),
    )


def _derive_conversion(node: _Node, unit: str) -> tuple[Fraction, Fraction]:
    """Exact factor and offset from the codec's number to the unit of the name."""
    scale = node.fraction("scale", "1")
    sent = node.text("unit", unit)
    if sent not in UNITS:
        raise node.fail(f"unit {sent!r} is not one of {', '.join(UNITS)}")
    source, target = get_unit(sent), get_unit(unit)
    if source.dimension != target.dimension:
        raise node.fail(f"unit {sent} is one of {source.dimension}, but the name's {unit} is one of {target.dimension}")
    return scale * factor(sent, unit), (source.zero - target.zero) / target.factor


def _parse_where(node: _Node) -> tuple[tuple[tuple[str, ...], Scalar], ...]:
    values = node.mapping("where")
    if not all(isinstance(value, str | int | bool) for value in values.values()):
        raise node.fail("where must compare members with texts, whole numbers, true or false")
    return tuple((split_path(key), value) for key, value in values.items())


def _parse_span(node: _Node, key: str) -> timedelta:
    text = node.text(key, "")
    found = _STEP.match(text)
    if text and not found:
        raise node.fail(f'{key} must be a time such as "1h", "-15min" or "1d", not {text!r}')
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]]) if found else timedelta(0)


def _parse_status(node: _Node) -> StatusRule:
    node.check(STATUS.keys)
    bits, names = node.mapping("bits"), node.mapping("names")
    if sum(map(bool, (bits, names, node.table.get("word")))) != 1:
        raise node.fail("a status has a word, bits or names, and only one of them")
    return StatusRule(
        node.path("path") or (),
        node.text("word", ""),
        tuple((_parse_bit(node, key), _word(node, value)) for key, value in bits.items()),
        tuple((key, _word(node, value)) for key, value in names.items()),
        each=node.path("each"),
        where=_parse_where(node),
    )


def _parse_bit(node: _Node, text: str) -> int:
    try:
        return int(text, 0)
    except ValueError:
        raise node.fail(f"bits must map masks such as 0x04 to words, not {text!r}") from None


def _word(node: _Node, value: object) -> str:
    if not isinstance(value, str) or " " in value:
        raise node.fail(f"a status word has no blanks, {value!r} is none")
    return value


def _parse_text(node: _Node) -> TextRule:
    node.check(TEXT.keys)
    return TextRule(node.text("name"), node.path("path") or ())


def find_codecs(rules: Sequence[Rule]) -> frozenset[str]:
    """The names of the codec files that rules ask for."""
    return frozenset(rule.codec for rule in rules if rule.codec)
