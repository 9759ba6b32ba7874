# SPDX-License-Identifier: Apache-2.0
"""From a record's data bytes to a value (EN 13757-3:2018, annexes A and B)."""

from __future__ import annotations

import math
import struct
from datetime import date, time
from fractions import Fraction
from typing import Final

from avlest.telegrams.records.dates import (
    MeterTime,
    decode_date_g,
    decode_datetime_f,
    decode_datetime_i,
    decode_time_j,
)
from avlest.telegrams.records.model import Coding, Record

Value = int | float | str | date | time | MeterTime | bytes | None
"""What `decode_value` gives; None says that the meter sent no valid value."""

_REAL: Final = struct.Struct("<f")


def decode_bcd(data: bytes) -> int | None:
    """Packed decimal digits, least significant byte first.

    F as the most significant digit is a minus sign; any other digit above 9 is one of
    the error codes of annex B (no value), and gives None.  No bytes give None.
    """
    digits = data[::-1].hex()
    sign = 1
    if digits[:1] == "f":
        sign, digits = -1, digits[1:]
    return sign * int(digits) if digits.isdecimal() else None


def decode_real(data: bytes) -> float | None:
    """IEEE 754 single precision; None for NaN and the infinities."""
    if len(data) != 4:
        return None
    (value,) = _REAL.unpack(data)
    return value if math.isfinite(value) else None


def decode_text(data: bytes) -> str:
    """ISO 8859-1 text as sent by meters: last character first; NULs around it are padding."""
    return data[::-1].decode("latin-1").strip("\x00")


def _negate(number: int | None) -> int | None:
    return None if number is None else -number


def decode_number(record: Record) -> int | float | None:
    """The number sent, before scaling; None when invalid or not a number at all."""
    data = record.data
    match record.coding:
        case Coding.INT:
            return int.from_bytes(data, "little", signed=True)
        case Coding.UINT | Coding.BINARY_VAR:
            return int.from_bytes(data, "little")
        case Coding.BCD | Coding.BCD_VAR:
            return decode_bcd(data)
        case Coding.BCD_VAR_NEGATIVE:
            return _negate(decode_bcd(data))
        case Coding.REAL:
            return decode_real(data)
        case _:
            return None


def decode_value(record: Record) -> Value:
    """The value sent, before scaling: a number, text, a date or time, or raw bytes.

    None when the coding says that there is none: BCD with digits above 9, a date marked
    invalid or with "every day", NaN, no data.  Bytes for what has no coding of its own
    (profiles, odd lengths under a date VIF).
    """
    match record.coding:
        case Coding.TEXT:
            return decode_text(record.data)
        case Coding.DATE_G:
            return decode_date_g(record.data)
        case Coding.DATETIME_F:
            return decode_datetime_f(record.data)
        case Coding.DATETIME_I:
            return decode_datetime_i(record.data)
        case Coding.TIME_J:
            return decode_time_j(record.data)
        case Coding.RAW:
            return record.data
        case _:
            return decode_number(record)


def scale_number(record: Record) -> Fraction | float | None:
    """The number in `record.meaning.unit`: exact for integers and BCD, float for REAL."""
    number = decode_number(record)
    if number is None:
        return None
    meaning = record.meaning
    if isinstance(number, float):
        return number * float(meaning.scale) + float(meaning.offset)
    return number * meaning.scale + meaning.offset
