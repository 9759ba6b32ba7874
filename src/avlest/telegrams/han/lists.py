# SPDX-License-Identifier: Apache-2.0
"""The push lists of the makers: which register each value is, and how it is scaled.

* Aidon: an array of structures (OBIS, value, (scaler, unit)); the scaling is in the list.
* Kaifa: values without OBIS, known by their number (Norway), or OBIS and value in turn
  (Sweden); mA, 0.1 V, W, Wh.
* Kamstrup: version text, then OBIS and value in turn, null where a phase is not there;
  0.01 A, V, W, 10 Wh.

Any other list of OBIS and value is read the same way, and so is one that announces its
registers first; without a scaling in the list and a maker whose rules are known its
numbers have no unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from avlest.telegrams.han import obis
from avlest.telegrams.han.axdr import BitString, Value
from avlest.telegrams.han.model import HanField, HanValue, Maker, Wiring
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.units import get_unit

Scaler = tuple[int, int]


class Entry(NamedTuple):
    """One register as found in the body: OBIS bytes, value, (scaler, unit) if sent."""

    code: bytes
    value: Value
    scaler: Scaler | None


def _obis(text: str) -> bytes:
    return bytes(int(group) for group in text.split("."))


LIST_VERSION: Final = _obis("1.1.0.2.129.255")
_IDENTITY: Final = (LIST_VERSION, _obis("0.0.96.1.0.255"), _obis("0.0.96.1.7.255"))
_POWER: Final = tuple(_obis(f"1.0.{c}.7.0.255") for c in (1, 2, 3, 4))
_ONE_PHASE: Final = tuple(_obis(f"1.0.{c}.7.0.255") for c in (31, 32))
_PHASES: Final = tuple(_obis(f"1.0.{c}.7.0.255") for c in (31, 51, 71, 32, 52, 72))
_HOURLY: Final = (
    _obis("0.0.1.0.0.255"), *(_obis(f"1.0.{c}.8.0.255") for c in (1, 2, 3, 4)),
)  # fmt: skip
KAIFA_LAYOUTS: Final = {
    len(codes): codes
    for codes in (
        _POWER[:1],
        _IDENTITY + _POWER + _ONE_PHASE,
        _IDENTITY + _POWER + _PHASES,
        _IDENTITY + _POWER + _ONE_PHASE + _HOURLY,
        _IDENTITY + _POWER + _PHASES + _HOURLY,
    )
}
"""Registers of a Kaifa list (KFM_001) by its number of values."""

SCALES: Final = {
    Maker.KAIFA: {"a": Fraction(1, 1000), "v": Fraction(1, 10)},
    Maker.KAMSTRUP: {"a": Fraction(1, 100), "wh": Fraction(10), "varh": Fraction(10)},
}
"""Factor from the number sent to the unit, where it is not 1 (makers' OBIS list papers)."""

_VERSIONS: Final = (
    ("aidon", Maker.AIDON), ("kfm", Maker.KAIFA), ("kamstrup", Maker.KAMSTRUP),
)  # fmt: skip
_WIRING_CODES: Final = (  # maker, start of the type code, where in it the figure of the wiring stands
    (Maker.KAIFA, "MA105", 2), (Maker.KAIFA, "MA304H", 6), (Maker.KAMSTRUP, "68", 5), (Maker.AIDON, "65", 2),
)  # fmt: skip
_WIRINGS: Final = {
    (Maker.KAIFA, "1"): Wiring.SINGLE_PHASE, (Maker.KAIFA, "3"): Wiring.THREE_WIRE,
    (Maker.KAIFA, "4"): Wiring.FOUR_WIRE, (Maker.KAMSTRUP, "1"): Wiring.SINGLE_PHASE,
    (Maker.KAMSTRUP, "2"): Wiring.THREE_WIRE, (Maker.KAMSTRUP, "3"): Wiring.FOUR_WIRE,
    (Maker.AIDON, "1"): Wiring.SINGLE_PHASE, (Maker.AIDON, "2"): Wiring.THREE_WIRE,
    (Maker.AIDON, "3"): Wiring.FOUR_WIRE,
}  # fmt: skip


def derive_entries(body: Value) -> tuple[Maker, str, list[Entry]]:
    """Maker, list version and registers of a data-notification's body.

    Raises `TelegramError` BAD_PAYLOAD when the body is no list of registers.
    """
    if not isinstance(body, list | tuple) or not body:
        raise TelegramError(Outcome.BAD_PAYLOAD, f"the body is a {type(body).__name__}, expected a list of values")
    version = _find_version(body)
    maker = _recognise(version, body)
    if maker is Maker.KAIFA and not _is_obis(body[0]):
        return maker, version, _name_positions(body)
    entries = _pair_definitions(body)
    if not entries:
        _collect(body, entries)
    if not entries:
        raise TelegramError(Outcome.BAD_PAYLOAD, "the list holds no OBIS code")
    if version and not any(entry.code[2:5] == LIST_VERSION[2:5] for entry in entries):
        entries.insert(0, Entry(LIST_VERSION, version, None))
    return maker, version, entries


def _find_version(body: Sequence[Value]) -> str:
    """The list version: the first text, or the text behind the version's OBIS code."""
    first = body[0]
    if isinstance(first, tuple | list):
        return _find_version(first) if len(first) == 2 else ""
    code, text = (first, body[1]) if _is_obis(first) and len(body) > 1 else (LIST_VERSION, first)
    if not isinstance(code, bytes) or code[2:5] != LIST_VERSION[2:5] or not isinstance(text, bytes | str):
        return ""
    return _read_text(text) or ""


def _recognise(version: str, body: Sequence[Value]) -> Maker:
    folded = version.lower()
    for start, maker in _VERSIONS:
        if folded.startswith(start):
            return maker
    if version:
        return Maker.UNKNOWN
    if len(body) == 1 and isinstance(body, tuple) and type(body[0]) is int:
        return Maker.KAIFA  # list 1 is a single number
    if isinstance(body, list) and any(_has_scaler(item) for item in body):
        return Maker.AIDON  # list 1, and all Swedish lists, carry no version
    return Maker.UNKNOWN


def _name_positions(body: Sequence[Value]) -> list[Entry]:
    codes = KAIFA_LAYOUTS.get(len(body))
    if codes is None:
        known = ", ".join(str(number) for number in sorted(KAIFA_LAYOUTS))
        raise TelegramError(Outcome.BAD_PAYLOAD, f"a Kaifa list of {len(body)} values, expected one of {known}")
    return [Entry(code, value, None) for code, value in zip(codes, body, strict=True)]


def _pair_definitions(body: Sequence[Value]) -> list[Entry]:
    """Registers of a body whose first element lists what follows (push object list, IEC 62056-6-2).

    Each definition is (class, OBIS, attribute, index); the values come after the list in its
    order, without one for the list itself where that stands first in it.
    """
    definitions = body[0]
    if not isinstance(definitions, list) or not definitions or not all(map(_is_definition, definitions)):
        return []
    codes = [definition[1] for definition in definitions if isinstance(definition, tuple)]
    values = body[1:]
    if len(codes) == len(values) + 1:
        codes = codes[1:]
    if len(codes) != len(values):
        raise TelegramError(Outcome.BAD_PAYLOAD, f"{len(codes)} registers are announced, {len(values)} values follow")
    pairs = zip(codes, values, strict=True)
    return [Entry(code, value, None) for code, value in pairs if isinstance(code, bytes)]


def _is_definition(item: Value) -> bool:
    return type(item) is tuple and len(item) == 4 and type(item[0]) is int and _is_obis(item[1])


def _collect(items: Sequence[Value], found: list[Entry]) -> None:
    """Add every OBIS code followed by a value, at any depth, in the order sent."""
    index, count = 0, len(items)
    while index < count:
        item = items[index]
        index += 1
        if type(item) is bytes and len(item) == 6 and index < count:
            scaler = _read_scaler(items[index + 1]) if index + 1 < count else None
            found.append(Entry(item, items[index], scaler))
            index += 1 if scaler is None else 2
        elif isinstance(item, list | tuple) and not _is_definition(item):
            _collect(item, found)


def _is_obis(item: Value) -> bool:
    return type(item) is bytes and len(item) == 6


def _read_scaler(item: Value) -> Scaler | None:
    """(scaler, unit) where `item` is such a pair: an 8-bit power of ten and a unit code."""
    if type(item) is not tuple or len(item) != 2:
        return None
    power, unit = item
    if type(power) is int and type(unit) is int and -128 <= power < 128 and 0 <= unit < 256:
        return power, unit
    return None


def _has_scaler(item: Value) -> bool:
    return isinstance(item, tuple) and len(item) == 3 and _is_obis(item[0]) and _read_scaler(item[2]) is not None


def build_values(entries: Sequence[Entry], maker: Maker) -> tuple[HanValue, ...]:
    """The values of `entries` with their names, units and exact scales."""
    owner = str(maker)
    return tuple([_build_value(entry, owner) for entry in entries])


def _build_value(entry: Entry, owner: str) -> HanValue:
    code, value, scaler = entry
    raw = value if type(value) is int else _read_raw(value)
    return HanValue(_derive_field(code, owner, scaler, type(raw) is str), raw)


@lru_cache(maxsize=4096)
def _derive_field(code: bytes, owner: str, scaler: Scaler | None, text: bool) -> HanField:  # noqa: FBT001
    meaning = obis.derive_meaning(code)
    unit, scale = ("", Fraction(1)) if text else _derive_scale(meaning.unit, Maker(owner), scaler)
    symbol = get_unit(unit).label if unit else ""
    return HanField(obis.format_obis(code), meaning.name, meaning.quantity, unit, symbol, scale)


def _derive_scale(unit: str, maker: Maker, scaler: Scaler | None) -> tuple[str, Fraction]:
    """Unit and factor: as the list says, else as the maker's lists are known to be scaled."""
    if scaler is not None:
        return obis.UNITS.get(scaler[1], ""), Fraction(10) ** scaler[0]
    if maker in SCALES:
        return unit, SCALES[maker].get(unit, Fraction(1))
    return "", Fraction(1)


def _read_raw(value: Value) -> int | Fraction | str | None:
    if type(value) is int:
        return value
    if isinstance(value, float):
        finite = value == value and value not in (float("inf"), float("-inf"))
        return Fraction(value) if finite else None
    return _read_text(value)


def _read_text(value: Value) -> str | None:
    """Text, or bytes that are printable text; other bytes in hexadecimal."""
    if isinstance(value, bytes):
        return value.decode("ascii") if _is_printable(value) else value.hex()
    if isinstance(value, BitString):
        return value.data.hex()
    return None if value is None else str(value)


def _is_printable(data: bytes) -> bool:
    return data.isascii() and data.decode("ascii").isprintable()


def derive_wiring(maker: Maker, model: str, values: Sequence[HanValue]) -> Wiring:
    """How the meter is connected: by its type code, else by the phases in the list."""
    for owner, start, at in _WIRING_CODES:
        if maker is owner and model.startswith(start):
            return _WIRINGS.get((maker, model[at : at + 1]), Wiring.UNKNOWN)
    names = {value.field.name for value in values if value.raw is not None}
    if "current_l3" in names and "current_l2" not in names:
        return Wiring.THREE_WIRE
    if "voltage_l1" in names and not names & {"voltage_l2", "voltage_l3"}:
        return Wiring.SINGLE_PHASE
    return Wiring.UNKNOWN
