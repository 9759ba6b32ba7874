# SPDX-License-Identifier: Apache-2.0
"""Columns of values to columns of data bytes: the twin of `encode.values` for many telegrams at once.

Every function gives a matrix (n, length) of bytes, row for row what the scalar encoder
gives, and raises ValueError where a value does not fit, with the first one that does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from avlest.telegrams.layouts.batch import Bytes
from avlest.telegrams.records.dates import CENTURY_WINDOW
from avlest.telegrams.records.model import Coding

Values = npt.NDArray[Any]

_SECOND: Final = np.timedelta64(1, "s")
_DAYS_TO_MONDAY: Final = 3  # 1970-01-01 was a Thursday


def encode_column(coding: Coding, values: Values, length: int) -> Bytes:
    """The data bytes of a column of values, shape (n, length).

    Integers for INT, UINT, BCD and BINARY_VAR, floats for REAL, datetime64 (of the
    meter's own clock) for dates; for everything else, and always accepted, the bytes
    themselves as a matrix of uint8.
    """
    if values.ndim == 2 and values.dtype == np.uint8:
        if values.shape[1] != length:
            raise ValueError(f"{coding.value}: {values.shape[1]} bytes a row, the record has {length}")
        return values
    encode = _ENCODERS.get(coding)
    if encode is None:
        raise ValueError(f"{coding.value}: columns of this coding are given as bytes")
    return encode(values, length)


def _check_range(values: Values, low: int, high: int, name: str) -> None:
    outside = (values < low) | (values > high)
    if outside.any():
        raise ValueError(f"{name}: {values[outside][0]} is not between {low} and {high}")


def _as_integers(values: Values, name: str) -> npt.NDArray[np.int64]:
    if values.dtype.kind not in "iu":
        raise ValueError(f"{name}: whole numbers are needed, not {values.dtype}")
    return values.astype(np.int64, copy=False)


def _low_bytes(numbers: npt.NDArray[np.int64], length: int) -> Bytes:
    return np.ascontiguousarray(numbers, "<i8").view(np.uint8).reshape(-1, 8)[:, :length]


def encode_int_column(values: Values, length: int) -> Bytes:
    """Two's complement, least significant byte first."""
    numbers = _as_integers(values, "int")
    half = 1 << 8 * length - 1
    _check_range(numbers, -half, half - 1, "int")
    return _low_bytes(numbers, length)


def encode_uint_column(values: Values, length: int) -> Bytes:
    """Unsigned, least significant byte first; in 8 bytes up to 2**63 - 1."""
    numbers = _as_integers(values, "uint")
    _check_range(numbers, 0, min((1 << 8 * length) - 1, (1 << 63) - 1), "uint")
    if length > 8:
        return np.pad(_low_bytes(numbers, 8), ((0, 0), (0, length - 8)))
    return _low_bytes(numbers, length)


def encode_bcd_column(values: Values, length: int) -> Bytes:
    """Packed decimal digits; a negative number has F as its most significant digit."""
    numbers = _as_integers(values, "bcd")
    _check_range(numbers, 1 - 10 ** (2 * length - 1), 10 ** (2 * length) - 1, "bcd")
    rest = np.abs(numbers)
    data = np.empty((len(numbers), length), np.uint8)
    for place in range(length):
        rest, pair = np.divmod(rest, 100)
        data[:, place] = pair // 10 << 4 | pair % 10
    data[numbers < 0, -1] |= 0xF0
    return data


def encode_real_column(values: Values, _length: int) -> Bytes:
    """IEEE 754 single precision; not-a-number stands for no value."""
    if values.dtype.kind not in "iuf":
        raise ValueError(f"real: numbers are needed, not {values.dtype}")
    with np.errstate(over="ignore"):
        singles = values.astype("<f4")
    beyond = np.isinf(singles) & np.isfinite(values)
    if beyond.any():
        raise ValueError(f"real: {values[beyond][0]!r} is beyond single precision")
    data = singles.view(np.uint8).reshape(-1, 4)
    data[np.isnan(singles)] = (0x00, 0x00, 0xC0, 0x7F)
    return data


def _as_seconds(values: Values, name: str) -> npt.NDArray[np.datetime64]:
    if values.dtype.kind != "M":
        raise ValueError(f"{name}: datetime64 is needed, not {values.dtype}")
    moments = values.astype("datetime64[s]")
    first = 1900 + CENTURY_WINDOW
    _check_range(moments.astype("datetime64[Y]").astype(np.int64) + 1970, first, first + 99, f"{name} year")
    return moments


def _day_bytes(moments: npt.NDArray[np.datetime64]) -> Bytes:
    """Day in the low five bits, month in the high byte's low four, year in the rest; (n, 2)."""
    months = moments.astype("datetime64[M]")
    day = (moments.astype("datetime64[D]") - months).astype(np.int64) + 1
    index = months.astype(np.int64)
    year, month = (index // 12 + 1970) % 100, index % 12 + 1
    return np.stack((day | (year & 7) << 5, month | (year & 0x78) << 1), axis=1).astype(np.uint8)


def _clock(moments: npt.NDArray[np.datetime64]) -> tuple[npt.NDArray[np.int64], ...]:
    seconds = (moments - moments.astype("datetime64[D]")) // _SECOND
    return seconds % 60, seconds // 60 % 60, seconds // 3600


def encode_date_column(values: Values, _length: int) -> Bytes:
    """Type G: a day."""
    return _day_bytes(_as_seconds(values, "date_g"))


def encode_datetime_f_column(values: Values, _length: int) -> Bytes:
    """Type F: minutes; seconds are cut off, summer time is not told."""
    moments = _as_seconds(values, "datetime_f")
    _, minute, hour = _clock(moments)
    return np.column_stack((minute, hour, _day_bytes(moments))).astype(np.uint8)


def encode_datetime_i_column(values: Values, _length: int) -> Bytes:
    """Type I: seconds, day of the week and ISO week; summer time is not told."""
    moments = _as_seconds(values, "datetime_i")
    second, minute, hour = _clock(moments)
    days = moments.astype("datetime64[D]")
    weekday = (days.astype(np.int64) + _DAYS_TO_MONDAY) % 7
    thursday = days - weekday.astype("timedelta64[D]") + np.timedelta64(3, "D")
    week = (thursday - thursday.astype("datetime64[Y]")).astype(np.int64) // 7 + 1
    return np.column_stack((second, minute, hour | weekday + 1 << 5, _day_bytes(moments), week)).astype(np.uint8)


_ENCODERS: Final[dict[Coding, Callable[[Values, int], Bytes]]] = {
    Coding.INT: encode_int_column,
    Coding.UINT: encode_uint_column,
    Coding.BINARY_VAR: encode_uint_column,
    Coding.BCD: encode_bcd_column,
    Coding.BCD_VAR: encode_bcd_column,
    Coding.REAL: encode_real_column,
    Coding.DATE_G: encode_date_column,
    Coding.DATETIME_F: encode_datetime_f_column,
    Coding.DATETIME_I: encode_datetime_i_column,
}
