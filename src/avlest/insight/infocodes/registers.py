# SPDX-License-Identifier: Apache-2.0
"""The two info code registers of Kamstrup water meters, bit by bit (rules §5.1).  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import polars as pl

from avlest.insight.contracts import AlarmKind


@dataclasses.dataclass(frozen=True, slots=True)
class Duration:
    """For how many hours of the last 30 days: a class of the meter; clock hours touched, so short events count more."""

    hours_from: int
    hours_to: int


_DAY = 24
DURATIONS: tuple[Duration, ...] = (
    Duration(0, 0),
    Duration(1, 8),
    Duration(9, 24),
    Duration(2 * _DAY, 3 * _DAY),
    Duration(4 * _DAY, 7 * _DAY),
    Duration(8 * _DAY, 14 * _DAY),
    Duration(15 * _DAY, 21 * _DAY),
    Duration(22 * _DAY, 31 * _DAY),
)
"""By class 0-7: none, 1-8 h, 9-24 h, 2-3 d, 4-7 d, 8-14 d, 15-21 d, 22-31 d."""

_FLAGS_16 = ("DRY", "REVERSE", "LEAK", "BURST")
_FIRST_DURATION = 4
_FLAGS_32 = {
    0: "DRY", 1: "REVERSE", 2: "LEAK", 3: "BURST", 4: "TAMPER", 5: "LOW_BATTERY", 6: "LOW_AMBIENT_TEMPERATURE",
    7: "FLOW_ABOVE_Q4", 9: "NO_CONSUMPTION",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class InfoCode:
    """What a register says: words active now, how long each lasted of the last 30 days (register of 16 bits only), and
    the bits no document explains, kept as they came.  `is_silenced`: TAMPER is active, nothing else is sent."""

    active: frozenset[str]
    durations: Mapping[str, Duration]
    unknown: int

    @property
    def is_silenced(self) -> bool:
        """Whether the absence of the other words says nothing."""
        return str(AlarmKind.TAMPER).upper() in self.active


def decode_info_16(value: int) -> InfoCode:
    """Register `02FF20`: bits 0-3 active now, then three bits each of duration.  `ValueError` outside 16 bits.

    0x0071: DRY active, for 22-31 days of the last 30.
    """
    _check_bits(value, 16)
    active = frozenset(name for bit, name in enumerate(_FLAGS_16) if value >> bit & 1)
    durations = {
        name: DURATIONS[value >> (_FIRST_DURATION + 3 * place) & 0b111] for place, name in enumerate(_FLAGS_16)
    }
    return InfoCode(active, durations, 0)


def decode_info_32(value: int) -> InfoCode:
    """Register `04FF23`: one bit a word; bits without a word are kept in `unknown`.  `ValueError` outside 32 bits."""
    _check_bits(value, 32)
    active = frozenset(name for bit, name in _FLAGS_32.items() if value >> bit & 1)
    return InfoCode(active, {}, value & ~sum(1 << bit for bit in _FLAGS_32))


def decode_info_16_columns(values: pl.Series) -> pl.DataFrame:
    """Register `02FF20` of many meters: per word `<word>` (active now), `<word>_hours_from` and `<word>_hours_to`."""
    classes = list(range(len(DURATIONS)))
    column = pl.col("value")
    parts = []
    for place, name in enumerate(_FLAGS_16):
        lasted = column // 2 ** (_FIRST_DURATION + 3 * place) % len(DURATIONS)
        parts += [
            (column // 2**place % 2 == 1).alias(name.lower()),
            lasted.replace_strict(classes, [one.hours_from for one in DURATIONS]).alias(f"{name.lower()}_hours_from"),
            lasted.replace_strict(classes, [one.hours_to for one in DURATIONS]).alias(f"{name.lower()}_hours_to"),
        ]
    return pl.DataFrame({"value": values.cast(pl.Int64)}).select(parts)


def _check_bits(value: int, bits: int) -> None:
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{value} does not fit in {bits} bits")
