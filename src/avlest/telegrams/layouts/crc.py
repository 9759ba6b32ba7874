# SPDX-License-Identifier: Apache-2.0
"""CRC-16 of EN 13757 over the rows of a matrix at once.

The CRC starts at zero, so it is linear: the CRC of a row is the exclusive-or of what
each byte gives at its distance from the end, and those are looked up in tables.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from avlest.telegrams.layouts.batch import Bytes

POLYNOMIAL = 0x3D65
_INVERT = np.uint16(0xFFFF)


@lru_cache(maxsize=1024)
def _byte_table(distance: int) -> npt.NDArray[np.uint16]:
    """What each byte value gives to the CRC when `distance` bytes follow it; shape (256,)."""
    values = np.arange(256, dtype=np.uint32) << 8 if not distance else _byte_table(distance - 1).astype(np.uint32)
    for _ in range(8):
        values = np.where(values & 0x8000, (values << 1) ^ POLYNOMIAL, values << 1) & 0xFFFF
    return values.astype(np.uint16)


def compute_crc_rows(matrix: Bytes) -> npt.NDArray[np.uint16]:
    """The CRC (polynomial 3D65, start 0, inverted at the end) of each row; shape (n,)."""
    total = np.full(len(matrix), _INVERT)
    part = np.empty_like(total)
    columns = np.ascontiguousarray(matrix.T)
    for distance, column in enumerate(columns[::-1]):
        total ^= np.take(_byte_table(distance), column, out=part)
    return total
