# SPDX-License-Identifier: Apache-2.0
"""Compact profiles: many values in one record (EN 13757-3:2018, annex F).

The data of such a record (VIFE 13, 1E or 1F) is a spacing control byte, a spacing value
byte and elements of one size.  Elements are values or differences from the entry before;
the first is a difference from a base value sent in another record of the same storage
number.  VIFE 1F and 1E walk forward in time from the base, VIFE 13 backward.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.dif import DATA_FIELDS
from avlest.telegrams.records.model import Coding, Record, VifMeaning
from avlest.telegrams.records.values import decode_bcd, decode_real

PROFILE_MODIFIERS: Final = (
    "compact_profile",
    "inverse_compact_profile",
    "compact_profile_with_registers",
)

_TIMES: Final = (Coding.DATE_G, Coding.DATETIME_F, Coding.DATETIME_I)
_SECONDS: Final = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_UNITS: Final = ("s", "min", "h", "d")
# (spacing unit bits, spacing value) -> months between entries
_MONTHS: Final = {(1, 254): 6, (2, 254): 3, (3, 254): 1}
_HALF_MONTH: Final = (3, 253)


class IncrementMode(StrEnum):
    """What an element of a profile is (the two highest bits of the spacing control byte)."""

    ABSOLUTE = "value"
    INCREMENT = "unsigned increase from the older to the younger value"
    DECREMENT = "unsigned decrease from the older to the younger value"
    DIFFERENCE = "signed difference, younger minus older value"


_MODES: Final = tuple(IncrementMode)


@dataclass(frozen=True, slots=True)
class Spacing:
    """Distance between entries: `count` of `unit`.

    `unit` is a unit name (s, min, h, d, month), "half_month", "array" (the entries are
    elements side by side, not points in time) or "reserved".
    """

    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Entries of a profile as raw numbers, to be scaled by the record's meaning.

    Entry i belongs to storage number `first_storage + i` and lies i + 1 spacings after
    the base, or before it where `inverse`.  None marks an entry that the meter marked
    invalid, and in the difference modes everything beyond it.
    """

    values: tuple[int | float | None, ...]
    spacing: Spacing
    mode: IncrementMode
    inverse: bool
    first_storage: int


def parse_spacing(control: int, value: int) -> Spacing:
    """The spacing that the control byte's unit bits and the spacing value byte give."""
    unit = control >> 4 & 0x03
    if value == 0:
        return Spacing(unit + 1, "array")
    if value <= 250:
        return Spacing(value, _UNITS[unit])
    if (unit, value) == _HALF_MONTH:
        return Spacing(1, "half_month")
    months = _MONTHS.get((unit, value))
    return Spacing(value, "reserved") if months is None else Spacing(months, "month")


def _decode_integer(element: bytes, *, signed: bool) -> int | None:
    """Two's complement with the lowest number invalid, or unsigned with the highest."""
    number = int.from_bytes(element, "little", signed=signed)
    bits = 8 * len(element)
    invalid = -(1 << bits - 1) if signed else (1 << bits) - 1
    return None if number == invalid else number


def _decode_element(element: bytes, coding: Coding, mode: IncrementMode) -> int | float | None:
    if coding is Coding.BCD:
        return decode_bcd(element)
    if coding is Coding.REAL:
        return decode_real(element)
    signed = mode in (IncrementMode.ABSOLUTE, IncrementMode.DIFFERENCE)
    return _decode_integer(element, signed=signed)


def _sum_differences(
    base: int | float | None, steps: Iterable[int | float | None], *, sign: int
) -> tuple[int | float | None, ...]:
    values: list[int | float | None] = []
    value = base
    for step in steps:
        value = None if value is None or step is None else value + sign * step
        values.append(value)
    return tuple(values)


def is_profile(record: Record) -> bool:
    """Whether the record's VIFEs say that its data is a compact profile."""
    return any(name in PROFILE_MODIFIERS for name in record.meaning.modifiers)


def _check_layout(record: Record) -> tuple[int, Coding]:
    """Length and coding of the elements; raises when the data is no profile."""
    data = record.data
    if not is_profile(record) or len(data) < 2:
        detail = f"record {record.key.hex().upper()} holds no compact profile"
        raise TelegramError(Outcome.BAD_RECORDS, detail, offset=record.data_offset)
    length, coding = DATA_FIELDS.get(data[0] & 0x0F, (0, Coding.NONE))
    if length < 1:
        detail = f"element size {data[0] & 0x0F:X} is none a compact profile can have"
        raise TelegramError(Outcome.BAD_RECORDS, detail, offset=record.data_offset)
    if (len(data) - 2) % length:
        detail = f"{len(data) - 2} bytes are no whole number of elements of {length}"
        raise TelegramError(Outcome.BAD_RECORDS, detail, offset=record.data_offset)
    return length, coding


def decode_profile(record: Record, base: int | float | None) -> Profile:
    """The entries of a profile record, given the raw number of its base value.

    `base` is not used where the elements are values themselves; in the other modes None
    makes every entry None.  Raises `TelegramError` (BAD_RECORDS) when the record is no
    profile or its data does not have the form of annex F.
    """
    length, coding = _check_layout(record)
    data = record.data
    mode = _MODES[data[0] >> 6]
    inverse = "inverse_compact_profile" in record.meaning.modifiers
    starts = range(2, len(data), length)
    elements = [_decode_element(data[at : at + length], coding, mode) for at in starts]
    values: tuple[int | float | None, ...] = tuple(elements)
    if mode is not IncrementMode.ABSOLUTE:
        sign = -1 if (mode is IncrementMode.DECREMENT) != inverse else 1
        values = _sum_differences(base, elements, sign=sign)
    spacing = parse_spacing(data[0], data[1])
    return Profile(values, spacing, mode, inverse, record.storage + 1)


def _plain_meaning(meaning: VifMeaning) -> VifMeaning:
    kept = tuple(name for name in meaning.modifiers if name not in PROFILE_MODIFIERS)
    return replace(meaning, modifiers=kept)


def find_profile_base(profile: Record, records: Iterable[Record]) -> tuple[Record | None, Record | None]:
    """(base value, base time) of a profile among the records of its telegram.

    The value has the same storage, tariff, subunit, function and VIF; the time has the
    same storage number (annex F).
    """
    wanted = _plain_meaning(profile.meaning)
    place = (profile.tariff, profile.subunit, profile.function)
    value: Record | None = None
    moment: Record | None = None
    for record in records:
        if record.storage != profile.storage:
            continue
        if moment is None and record.coding in _TIMES:
            moment = record
        same_place = (record.tariff, record.subunit, record.function) == place
        if value is None and same_place and record.meaning == wanted:
            value = record
    return value, moment


def _shift_months(day: date, months: int) -> date | None:
    """The same day some months on; the last day of a month stays a last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    was_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if was_last else min(day.day, last))


def _shift_seconds(moment: MeterTime, seconds: int) -> MeterTime | None:
    total = moment.hour * 3600 + moment.minute * 60 + (moment.second or 0) + seconds
    days, rest = divmod(total, 86_400)
    try:
        day = moment.day + timedelta(days=days)
    except OverflowError:
        return None
    second = None if moment.second is None and seconds % 60 == 0 else rest % 60
    return replace(moment, day=day, hour=rest // 3600, minute=rest // 60 % 60, second=second)


def shift_time(moment: MeterTime | date, spacing: Spacing, steps: int) -> MeterTime | date | None:
    """The reading of the meter's clock `steps` spacings after `moment` (before, if negative).

    None for spacings that are no time (arrays, reserved) or have no agreed calendar
    (half months), for parts of a day after a bare date, and outside years 1 to 9999.
    """
    amount = spacing.count * steps
    if spacing.unit == "month":
        if isinstance(moment, MeterTime):
            day = _shift_months(moment.day, amount)
            return None if day is None else replace(moment, day=day)
        return _shift_months(moment, amount)
    if spacing.unit not in _SECONDS:
        return None
    seconds = amount * _SECONDS[spacing.unit]
    if isinstance(moment, MeterTime):
        return _shift_seconds(moment, seconds)
    days, rest = divmod(seconds, 86_400)
    shifted = _shift_seconds(MeterTime(moment, 0, 0), days * 86_400)
    return None if rest or shifted is None else shifted.day


def derive_entry_times(profile: Profile, base: MeterTime | date) -> tuple[MeterTime | date | None, ...]:
    """When each entry was recorded, by the meter's own clock."""
    sign = -1 if profile.inverse else 1
    count = len(profile.values)
    return tuple(shift_time(base, profile.spacing, sign * step) for step in range(1, count + 1))
