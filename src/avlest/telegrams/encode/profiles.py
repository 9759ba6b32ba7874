# SPDX-License-Identifier: Apache-2.0
"""Compact profiles from their entries: the inverse of `records.profiles` (EN 13757-3:2018, annex F)."""

from __future__ import annotations

from collections.abc import Sequence

from avlest.telegrams.encode.keys import derive_data_field
from avlest.telegrams.encode.values import encode_bcd, encode_int, encode_invalid, encode_real, encode_uint
from avlest.telegrams.records.model import Coding
from avlest.telegrams.records.profiles import IncrementMode, Spacing

Number = int | float | None

_UNITS = {"s": 0, "min": 1, "h": 2, "d": 3}
_MONTHS = {6: (1, 254), 3: (2, 254), 1: (3, 254)}
_MODES = tuple(IncrementMode)


def encode_profile(
    values: Sequence[Number],
    *,
    base: Number = None,
    mode: IncrementMode,
    spacing: Spacing,
    coding: Coding,
    length: int,
    inverse: bool = False,
) -> bytes:
    """The data of a profile record (after its LVAR byte): control byte, spacing byte, elements.

    `values` are the raw entries, the one next to the base first; the difference modes
    need `base`.  `coding` is INT, BCD or REAL with elements of `length` bytes.
    Raises ValueError where an entry or a difference does not fit its element.
    """
    unit, step = derive_spacing_bytes(spacing)
    control = _MODES.index(mode) << 6 | unit << 4 | derive_data_field(coding, length)
    elements = list(values)
    if mode is not IncrementMode.ABSOLUTE:
        elements = _subtract(values, base, sign=-1 if (mode is IncrementMode.DECREMENT) != inverse else 1)
    signed = mode in (IncrementMode.ABSOLUTE, IncrementMode.DIFFERENCE)
    data = (_encode_element(element, coding, length, signed=signed) for element in elements)
    return bytes((control, step)) + b"".join(data)


def derive_spacing_bytes(spacing: Spacing) -> tuple[int, int]:
    """The unit bits of the control byte and the spacing value byte."""
    if spacing.unit == "array" and 1 <= spacing.count <= 4:
        return spacing.count - 1, 0
    if spacing.unit == "month" and spacing.count in _MONTHS:
        return _MONTHS[spacing.count]
    if spacing.unit == "half_month" and spacing.count == 1:
        return 3, 253
    if spacing.unit in _UNITS and 1 <= spacing.count <= 250:
        return _UNITS[spacing.unit], spacing.count
    raise ValueError(f"spacing: a profile cannot have one of {spacing.count} {spacing.unit}")


def _subtract(values: Sequence[Number], base: Number, *, sign: int) -> list[Number]:
    """Differences from entry to entry; nothing is known after a missing one."""
    differences: list[Number] = []
    before = base
    for value in values:
        differences.append(None if before is None or value is None else sign * (value - before))
        before = value
    return differences


def _encode_element(element: Number, coding: Coding, length: int, *, signed: bool) -> bytes:
    if coding is Coding.BCD:
        return encode_invalid(coding, length) if element is None else encode_bcd(element, length)
    if coding is Coding.REAL:
        return encode_invalid(coding, length) if element is None else encode_real(element, length)
    bits = 8 * length
    if signed:
        lowest = -(1 << bits - 1)
        return _encode_marked(lowest if element is None else element, lowest, element, length)
    highest = (1 << bits) - 1
    data = encode_uint(highest if element is None else element, length)
    if element == highest:
        raise ValueError(f"profile: {element} means a missing entry in elements of {length} bytes")
    return data


def _encode_marked(number: int | float, lowest: int, element: Number, length: int) -> bytes:
    if element == lowest:
        raise ValueError(f"profile: {element} means a missing entry in elements of {length} bytes")
    return encode_int(number, length)
