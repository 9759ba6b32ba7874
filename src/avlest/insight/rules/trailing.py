# SPDX-License-Identifier: Apache-2.0
"""What has been so far, at each hour: columns of a matrix looked at from left to right.  Pure.

All functions take and give matrices (series, hours); nothing looks to the right, so that a day evaluated alone and the
same day within a year give the same.
"""

from __future__ import annotations

import numpy as np

from avlest.insight.rules.grid import Flags, Integers

NOTHING = np.iinfo(np.int64).max
"""Stands for a value that is not there where the smallest is looked for."""


def last_index(flags: Flags) -> Integers:
    """Column of the last true one at or before each column; -1 before the first."""
    columns = np.arange(flags.shape[1], dtype=np.int64)
    return np.asarray(np.maximum.accumulate(np.where(flags, columns, -1), axis=1))


def count_last(flags: Flags, width: int) -> Integers:
    """How many of the last `width` columns, the present one among them, are true."""
    total = np.cumsum(flags, axis=1, dtype=np.int64)
    result = total.copy()
    if width < total.shape[1]:
        result[:, width:] -= total[:, :-width]
    return result


def sum_last(values: Integers, width: int) -> Integers:
    """Sum of the last `width` columns, the present one among them."""
    result = values.copy()
    for back in range(1, min(width, values.shape[1])):
        result[:, back:] += values[:, :-back]
    return result


def min_last(values: Integers, width: int) -> Integers:
    """Smallest of the last `width` columns: windows of 1, 2, 4 … joined until they reach `width`."""
    result, reach = values.copy(), 1
    while reach < width:
        step = min(reach, width - reach)
        joined = result.copy()
        joined[:, step:] = np.minimum(result[:, step:], result[:, :-step]) if step < values.shape[1] else result[:, :0]
        result, reach = joined, reach + step
    return result


def run_length(flags: Flags) -> Integers:
    """How many in a row are true up to each column."""
    columns = np.arange(flags.shape[1], dtype=np.int64)
    return np.asarray(columns - last_index(~flags))
