# SPDX-License-Identifier: Apache-2.0
"""Raw numbers out of byte columns, for every coding of a data record.

Each function takes the data bytes of one record of `n` telegrams, shape (n, width), and
must give for every row what `records.values.decode_number` gives for that row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avlest.telegrams.layouts.batch import Bytes, Mask

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Numbers as sent, before scaling: int64 or float64, and which rows are valid (None: all)."""

    values: Integers | Floats
    valid: Mask | None = None


def decode_int_column(data: Bytes) -> Integers:
    """Two's complement, least significant byte first, 1 to 8 bytes."""
    width = data.shape[1]
    if width in (1, 2, 4, 8):
        numbers: Integers = np.ascontiguousarray(data).view(f"<i{width}").reshape(-1).astype(np.int64)
        return numbers
    shift = 8 * (8 - width)
    return (decode_uint_column(data) << np.int64(shift)) >> np.int64(shift)


def decode_uint_column(data: Bytes) -> Integers:
    """Unsigned, least significant byte first, up to 8 bytes (8 bytes wrap to two's complement)."""
    padded = np.zeros((len(data), 8), np.uint8)
    padded[:, : data.shape[1]] = data
    return padded.view("<i8").reshape(-1)


_DIGITS = np.full(256, -1, np.int64)
for _high in range(10):
    for _low in range(10):
        _DIGITS[_high * 16 + _low] = _high * 10 + _low
_TOP_DIGITS = _DIGITS.copy()
_TOP_DIGITS[0xF0:0xFA] = np.arange(10)
_WEIGHTS = 100 ** np.arange(9, dtype=np.int64)


def decode_bcd_column(data: Bytes) -> NumberColumn:
    """BCD, least significant byte first; F in the top digit is a minus sign (EN 13757-3 annex A)."""
    digits = _DIGITS[data]
    top = data[:, -1]
    digits[:, -1] = _TOP_DIGITS[top]
    valid: Mask = np.min(digits, axis=1) >= 0
    values = digits @ _WEIGHTS[: data.shape[1]]
    negative = top >= 0xF0
    if negative.any():
        values = np.where(negative, -values, values)
    return NumberColumn(values, None if valid.all() else valid)


def decode_real_column(data: Bytes) -> NumberColumn:
    """IEEE 754 single, least significant byte first; not-a-number and infinities are invalid."""
    with np.errstate(invalid="ignore"):  # signalling not-a-numbers are values like any other here
        values = np.ascontiguousarray(data).view("<f4").reshape(-1).astype(np.float64)
    valid = np.isfinite(values)
    return NumberColumn(values, None if valid.all() else valid)
