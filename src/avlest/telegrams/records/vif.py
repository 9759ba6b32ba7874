# SPDX-License-Identifier: Apache-2.0
"""Value information block: what VIF and VIFEs say (EN 13757-3:2018, 6.4)."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Final, NamedTuple

from avlest.telegrams.records import vif_tables as tables
from avlest.telegrams.records.model import VifMeaning
from avlest.telegrams.records.vif_tables import DataKind, Effect, VifeRow, VifRow

PLAIN_TEXT: Final = 0x7C
MANUFACTURER: Final = 0x7F


def _spread_vifes(rows: tuple[VifeRow, ...]) -> dict[int, VifeRow]:
    return {code: row for row in rows for code in range(row.first, row.last + 1)}


_ONE: Final = Fraction(1)
_ZERO: Final = Fraction(0)


class Vib(NamedTuple):
    """A decoded value information block: meaning, and how it wants integers read."""

    meaning: VifMeaning
    kind: DataKind
    is_profile: bool


class _Base(NamedTuple):
    """The VIF proper: its meaning, and how many bytes of the block it took."""

    quantity: str
    unit: str
    scale: Fraction
    kind: DataKind
    used: int
    text: str = ""


@lru_cache(maxsize=64)
def derive_power_of_ten(exponent: int) -> Fraction:
    """10 ** `exponent`, exact for negative exponents too."""
    return Fraction(10) ** exponent


def _derive_base(row: VifRow, code: int, used: int) -> _Base:
    if row.units:
        return _Base(row.quantity, row.units[code - row.first], _ONE, row.kind, used)
    scale = row.factor * derive_power_of_ten(row.exponent + code - row.first)
    return _Base(row.quantity, row.unit, scale, row.kind, used)


def _spread_rows(rows: tuple[VifRow, ...], *, used: int) -> dict[int, _Base]:
    """Every code of a table whose codes are the last of `used` bytes."""
    codes = ((row, code) for row in rows for code in range(row.first, row.last + 1))
    return {code: _derive_base(row, code, used) for row, code in codes}


def _unknown(used: int) -> _Base:
    return _Base("unknown", "", _ONE, DataKind.SIGNED, used)


_PRIMARY: Final = _spread_rows(tables.PRIMARY, used=1)
_FB: Final = _spread_rows(tables.FB, used=2)
_FD: Final = _spread_rows(tables.FD, used=2)
_FD_FD: Final = _spread_rows(tables.FD_FD, used=3)
_COMBINABLE: Final = _spread_vifes(tables.COMBINABLE)
_COMBINABLE_FC: Final = _spread_vifes(tables.COMBINABLE_FC)


def _parse_extension(vib: bytes, table: dict[int, _Base]) -> _Base:
    if table is _FD and vib[1] == 0xFD and len(vib) > 2:
        return _FD_FD.get(vib[2] & 0x7F) or _unknown(3)
    return table.get(vib[1] & 0x7F) or _unknown(2)


def _parse_base(vib: bytes) -> _Base:
    vif = vib[0]
    code = vif & 0x7F
    if len(vib) == 1 and vif in (0xFB, 0xFD, 0xEF):  # only from other hands: a walk never cuts here
        return _unknown(1)
    if vif == 0xFB:
        return _parse_extension(vib, _FB)
    if vif == 0xFD:
        return _parse_extension(vib, _FD)
    if vif == 0xEF:
        return _parse_extension(vib, {})
    if code == PLAIN_TEXT:
        length = vib[1]
        text = vib[2 : 2 + length][::-1].decode("latin-1")
        return _Base("text", "", _ONE, DataKind.SIGNED, 2 + length, text)
    if code == MANUFACTURER:
        return _Base("manufacturer_specific", "", _ONE, DataKind.SIGNED, 1)
    return _PRIMARY.get(code) or _unknown(1)


class _Builder:
    """Collects what the VIFEs do to a base meaning; used once per distinct block."""

    def __init__(self, base: _Base) -> None:
        self.unit = base.unit
        self.scale = base.scale
        self.offset = _ZERO
        self.kind = base.kind
        self.is_profile = False
        self.modifiers: list[str] = []

    def _restate(self, unit: str, kind: DataKind) -> None:
        """The value is no longer the quantity but something about it, in another unit."""
        self.unit, self.scale, self.offset, self.kind = unit, _ONE, _ZERO, kind

    def _apply_effect(self, row: VifeRow, code: int) -> None:
        exponent = row.exponent + code - row.first
        match row.effect:
            case Effect.MULTIPLY:
                self.scale *= derive_power_of_ten(exponent)
                self.offset *= derive_power_of_ten(exponent)
            case Effect.ADD:
                self.offset += derive_power_of_ten(exponent) * self.scale
            case Effect.COUNT:
                self._restate("counter", DataKind.UNSIGNED)
            case Effect.DURATION:
                self._restate(tables.TIME_UNITS[code & 3], DataKind.SIGNED)
            case Effect.POINT_IN_TIME:
                self._restate("datetime", DataKind.POINT_IN_TIME)
            case Effect.UNSIGNED:
                self.kind = DataKind.UNSIGNED
            case Effect.UNIT_UNKNOWN:
                self.unit = ""
            case Effect.PROFILE:
                self.is_profile = True
            case Effect.NAME:
                pass

    def add(self, row: VifeRow | None, code: int, *, table: str) -> None:
        """Take one VIFE in; a reserved one is kept by its number."""
        if row is None:
            self.modifiers.append(f"{table}_{code:02x}")
            return
        self._apply_effect(row, code)
        if row.effect not in (Effect.MULTIPLY, Effect.ADD):
            self.modifiers.append(row.name)


def _add_vifes(builder: _Builder, vifes: bytes, *, manufacturer: bool) -> None:
    """Read VIFEs in order; after FF (7F) all that follow belong to the manufacturer."""
    extension = False
    for vife in vifes:
        code = vife & 0x7F
        if manufacturer:
            builder.modifiers.append(f"mfct_{code:02x}")
        elif extension:
            builder.add(_COMBINABLE_FC.get(code), code, table="vife_fc")
            extension = False
        elif vife == 0xFC:
            extension = True
        elif code == MANUFACTURER:
            manufacturer = True
        else:
            builder.add(_COMBINABLE.get(code), code, table="vife")


@lru_cache(maxsize=4096)
def parse_vib(vib: bytes) -> Vib:
    """The meaning of VIF and VIFEs, a plain-text VIF included.

    The scale already holds multiplicative corrections (VIFE 70-77, 7D) and `offset` the
    additive ones (78-7B), which therefore do not appear among the modifiers.  VIFEs that
    turn the value into a count, a duration or a date change `unit` and leave `quantity`.
    After a VIFE FF every further one is named `mfct_xx`; reserved ones are `vife_xx` and,
    in the table behind FC, `vife_fc_xx`.  Source: EN 13757-3:2018, 6.4 and annex C.
    """
    base = _parse_base(vib)
    builder = _Builder(base)
    _add_vifes(builder, vib[base.used :], manufacturer=vib[0] & 0x7F == MANUFACTURER)
    meaning = VifMeaning(
        quantity=base.quantity,
        unit=builder.unit,
        scale=builder.scale,
        modifiers=tuple(builder.modifiers),
        text=base.text,
        offset=builder.offset,
    )
    return Vib(meaning, builder.kind, builder.is_profile)
