# SPDX-License-Identifier: Apache-2.0
"""OBIS codes of electricity: systematic names, quantities and units (IEC 62056-6-1).

``A-B:C.D.E.F``: A = 1 is electricity, C says what is measured on which phase, D how it
is processed (7 instantaneous, 8 counted), E the tariff.  Names follow from the groups,
so a register that no Norwegian list holds still gets a sensible one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """Name, quantity and base unit (a name of `units.py`) of an OBIS code."""

    name: str
    quantity: str
    unit: str


_POWERS: Final = {  # C within a group of twenty: kind, what follows the quantity's name
    1: ("active", "import"), 2: ("active", "export"),
    3: ("reactive", "import"), 4: ("reactive", "export"),
    5: ("reactive", "q1"), 6: ("reactive", "q2"), 7: ("reactive", "q3"), 8: ("reactive", "q4"),
    9: ("apparent", "import"), 10: ("apparent", "export"),
    15: ("active", "absolute"), 16: ("active", "net"),
}  # fmt: skip
_POWER: Final = {
    "active": ("power", "w"), "reactive": ("reactive_power", "var"),
    "apparent": ("apparent_power", "va"),
}  # fmt: skip
_ENERGY: Final = {
    "active": ("energy", "wh"), "reactive": ("reactive_energy", "varh"),
    "apparent": ("apparent_energy", "vah"),
}  # fmt: skip
_OTHERS: Final = {
    11: ("current", "a"), 12: ("voltage", "v"), 13: ("power_factor", "factor"),
    14: ("frequency", "hz"),
}  # fmt: skip
_PHASES: Final = ("", "_l1", "_l2", "_l3")
_PROCESSING: Final = {
    7: "", 3: "_minimum", 4: "_average", 5: "_last_average", 6: "_maximum",
    24: "_average", 25: "_last_average", 27: "_average",
}  # fmt: skip
_TEXTS: Final = {  # (C, D, E): name
    (0, 2, 129): "list_version", (96, 1, 0): "meter_id", (96, 1, 7): "meter_type",
    (0, 0, 5): "meter_id", (96, 1, 1): "meter_type", (42, 0, 0): "logical_device_name",
    (96, 13, 0): "message", (96, 3, 10): "breaker_state", (96, 14, 0): "tariff",
}  # fmt: skip
CLOCK: Final = (1, 0, 0)


def format_obis(code: bytes) -> str:
    """The six groups as text, e.g. ``1-0:1.7.0.255``."""
    a, b, c, d, e, f = code
    return f"{a}-{b}:{c}.{d}.{e}.{f}"


def is_clock(code: bytes) -> bool:
    """Whether the register is the meter's clock (0-b:1.0.0)."""
    return code[0] == 0 and code[2:5] == bytes(CLOCK)


@lru_cache(maxsize=2048)
def derive_meaning(code: bytes) -> Meaning:
    """What the six bytes of `code` name; quantity "unknown" when the rules do not say."""
    a, _, c, d, e, f = code
    text = _TEXTS.get((c, d, e))
    if text is not None and a in (0, 1):
        return Meaning(text, "text", "")
    known = _derive_electricity(c, d, e) if a == 1 and f == 0xFF else None
    if known is not None:
        return known
    return Meaning("obis_" + "_".join(str(group) for group in code), "unknown", "")


def _derive_electricity(c: int, d: int, e: int) -> Meaning | None:
    if c == 91 and d == 7 and e == 0:
        return Meaning("current_n", "current", "a")
    if not 1 <= c < 80:
        return None
    group, phase = c % 20, _PHASES[c // 20]
    if d == 8 and group in _POWERS:
        kind, tail = _POWERS[group]
        quantity, unit = _ENERGY[kind]
        tariff = f"_t{e}" if e else ""
        return Meaning(f"{kind}_energy_{tail}{phase}{tariff}", quantity, unit)
    if d not in _PROCESSING or e != 0:
        return None
    return _derive_momentary(group, phase, _PROCESSING[d])


def _derive_momentary(group: int, phase: str, processing: str) -> Meaning | None:
    if group in _POWERS:
        kind, tail = _POWERS[group]
        quantity, unit = _POWER[kind]
        return Meaning(f"{kind}_power_{tail}{phase}{processing}", quantity, unit)
    if group in _OTHERS:
        quantity, unit = _OTHERS[group]
        return Meaning(f"{quantity}{phase}{processing}", quantity, unit)
    return None


UNITS: Final = {  # DLMS unit code (IEC 62056-6-2, enum unit): name in units.py
    4: "d", 5: "h", 6: "min", 7: "s", 8: "deg", 9: "c", 13: "m3", 14: "m3", 15: "m3h",
    16: "m3h", 20: "kg", 23: "pa", 24: "bar", 25: "j", 27: "w", 28: "va", 29: "var",
    30: "wh", 31: "vah", 32: "varh", 33: "a", 35: "v", 44: "hz", 52: "k", 56: "pct",
    70: "dbm", 255: "counter",
}  # fmt: skip
"""Codes 1 (year), 2 (month), 3 (week) and those of no unit here stay nameless."""
