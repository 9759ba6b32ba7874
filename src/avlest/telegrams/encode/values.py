# SPDX-License-Identifier: Apache-2.0
"""Values to data bytes, for every coding of a record (EN 13757-3:2018, annexes A and B).

The inverse of `records.values` and `records.dates`.  What a coding cannot hold raises
ValueError with the value and the limits.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import date, time
from typing import Final

from avlest.telegrams.records.dates import CENTURY_WINDOW, MeterTime
from avlest.telegrams.records.model import Coding
from avlest.telegrams.records.values import Value

INVALID: Final = 0xFF
_INVALID_REAL: Final = b"\x00\x00\xc0\x7f"  # a quiet not-a-number
_SUMMER_F: Final = 0x80
_SUMMER_I: Final = 0x40


def encode_value(coding: Coding, value: Value, length: int) -> bytes:
    """The `length` data bytes of a value; None gives what the coding has for "no value".

    Integers, BCD and dates take exactly `length` bytes; text and bytes must fit it.
    """
    if value is None and coding is not Coding.NONE:
        return encode_invalid(coding, length)
    data = _ENCODERS[coding](value, length)
    if len(data) != length:
        raise ValueError(f"{coding.value}: the value takes {len(data)} bytes, the record has {length}")
    return data


def encode_invalid(coding: Coding, length: int) -> bytes:
    """What a meter sends for "no value": not-a-number, all ones in BCD and dates.

    Integers have no such code in EN 13757-3 outside profiles: ValueError.
    """
    if coding is Coding.REAL:
        return _INVALID_REAL
    if coding in (Coding.INT, Coding.UINT, Coding.BINARY_VAR, Coding.TEXT, Coding.RAW):
        raise ValueError(f"{coding.value}: there is no code for a missing value")
    return bytes((INVALID,)) * length


def _integer(value: Value, coding: Coding) -> int:
    if not isinstance(value, int):
        raise ValueError(f"{coding.value}: a whole number is needed, not {value!r}")
    return value


def encode_int(value: Value, length: int) -> bytes:
    """Two's complement, least significant byte first."""
    number = _integer(value, Coding.INT)
    half = 1 << 8 * length - 1
    if not -half <= number < half:
        raise ValueError(f"int: {number} is not between {-half} and {half - 1} ({length} bytes)")
    return number.to_bytes(length, "little", signed=True)


def encode_uint(value: Value, length: int) -> bytes:
    """Unsigned, least significant byte first."""
    number = _integer(value, Coding.UINT)
    if not 0 <= number < 1 << 8 * length:
        raise ValueError(f"uint: {number} is not between 0 and {(1 << 8 * length) - 1} ({length} bytes)")
    return number.to_bytes(length, "little")


def encode_bcd(value: Value, length: int) -> bytes:
    """Packed decimal digits; a negative number has F as its most significant digit."""
    number = _integer(value, Coding.BCD)
    digits = f"{abs(number):0{2 * length}d}"
    if number < 0:
        digits = "f" + digits.removeprefix("0") if digits[:1] == "0" else "f" + digits
    if len(digits) > 2 * length:
        raise ValueError(f"bcd: {number} does not fit {2 * length} digits (a minus sign takes one)")
    return bytes.fromhex(digits)[::-1]


def encode_real(value: Value, _length: int) -> bytes:
    """IEEE 754 single precision."""
    if not isinstance(value, int | float):
        raise ValueError(f"real: a number is needed, not {value!r}")
    try:
        return struct.pack("<f", value)
    except OverflowError:
        raise ValueError(f"real: {value!r} is beyond single precision") from None


def encode_text(value: Value, _length: int) -> bytes:
    """ISO 8859-1, last character first."""
    if not isinstance(value, str):
        raise ValueError(f"text: text is needed, not {value!r}")
    try:
        return value.encode("latin-1")[::-1]
    except UnicodeEncodeError:
        raise ValueError(f"text: {value!r} has characters outside ISO 8859-1") from None


def encode_negative_bcd(value: Value, length: int) -> bytes:
    """The digits of a negative number whose sign stands in the LVAR byte."""
    number = _integer(value, Coding.BCD_VAR_NEGATIVE)
    return encode_bcd(-number, length)


def encode_bytes(value: Value, length: int) -> bytes:
    """Bytes as they are, or a number as unsigned."""
    return value if isinstance(value, bytes) else encode_uint(value, length)


def _encode_day(day: date) -> tuple[int, int]:
    """Day in the low five bits, month in the high byte's low four, year in the rest."""
    year = day.year % 100
    return day.day | (year & 7) << 5, day.month | (year & 0x78) << 1


def _check_century(day: date, coding: Coding) -> None:
    first = 1900 + CENTURY_WINDOW
    if not first <= day.year < first + 100:
        raise ValueError(f"{coding.value}: the year {day.year} is not between {first} and {first + 99}")


def encode_date_g(value: Value, _length: int) -> bytes:
    """Type G: a day."""
    if not isinstance(value, date):
        raise ValueError(f"date_g: a date is needed, not {value!r}")
    _check_century(value, Coding.DATE_G)
    return bytes(_encode_day(value))


def _moment(value: Value, coding: Coding) -> MeterTime:
    if not isinstance(value, MeterTime):
        raise ValueError(f"{coding.value}: a MeterTime is needed, not {value!r}")
    return value


def encode_datetime_f(value: Value, _length: int) -> bytes:
    """Type F: minutes, summer time; the century is sent where the two-digit year needs it."""
    moment = _moment(value, Coding.DATETIME_F)
    if moment.second is not None:
        raise ValueError(f"datetime_f: {moment} has seconds, type F has none")
    century = 0 if 1900 + CENTURY_WINDOW <= moment.day.year < 2000 + CENTURY_WINDOW else moment.day.year // 100 - 19
    if not 0 <= century <= 3 or moment.day.year < 1900 + CENTURY_WINDOW:
        raise ValueError(f"datetime_f: the year {moment.day.year} is not between {1900 + CENTURY_WINDOW} and 2299")
    hour = moment.hour | century << 5 | (_SUMMER_F if moment.summer_time else 0)
    return bytes((moment.minute, hour, *_encode_day(moment.day)))


def encode_datetime_i(value: Value, _length: int) -> bytes:
    """Type I: seconds, summer time, day of the week and week of the year."""
    moment = _moment(value, Coding.DATETIME_I)
    _check_century(moment.day, Coding.DATETIME_I)
    _, week, weekday = moment.day.isocalendar()
    second = (moment.second or 0) | (_SUMMER_I if moment.summer_time else 0)
    return bytes((second, moment.minute, moment.hour | weekday << 5, *_encode_day(moment.day), week))


def encode_time_j(value: Value, _length: int) -> bytes:
    """Type J: a time of day to the second."""
    if not isinstance(value, time):
        raise ValueError(f"time_j: a time is needed, not {value!r}")
    return bytes((value.second, value.minute, value.hour))


def _encode_none(value: Value, _length: int) -> bytes:
    if value is not None:
        raise ValueError(f"none: the record has no data, so no value {value!r}")
    return b""


_ENCODERS: Final[dict[Coding, Callable[[Value, int], bytes]]] = {
    Coding.NONE: _encode_none,
    Coding.INT: encode_int,
    Coding.UINT: encode_uint,
    Coding.REAL: encode_real,
    Coding.BCD: encode_bcd,
    Coding.BCD_VAR: encode_bcd,
    Coding.BCD_VAR_NEGATIVE: encode_negative_bcd,
    Coding.BINARY_VAR: encode_bytes,
    Coding.TEXT: encode_text,
    Coding.DATE_G: encode_date_g,
    Coding.DATETIME_F: encode_datetime_f,
    Coding.DATETIME_I: encode_datetime_i,
    Coding.TIME_J: encode_time_j,
    Coding.RAW: encode_bytes,
}
