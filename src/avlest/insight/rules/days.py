# SPDX-License-Identifier: Apache-2.0
"""Local days of a matrix of hours: sums, smallest hours, and what is normal for a series.  Pure."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from avlest.insight.rules.grid import Flags, Grid, Integers
from avlest.insight.rules.trailing import NOTHING
from avlest.insight.rules.windows import pick_quantile

Kind = TypeVar("Kind", bound=np.generic)

NORMAL_DAYS = 56
NORMAL_SHARE = 0.25
_KNOWN_DAYS = 14
_KNOWN_HOURS = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Days:
    """Local days of a grid (n, d): `begin` (d,) first column of each, `sums` and `lowest` of trusted hours, how many
    there are (`known`); `position` (m,): which day a column belongs to, `complete` (d,): its last hour is there."""

    begin: Integers
    position: Integers
    sums: Integers
    lowest: Integers
    known: Integers


def split_days(grid: Grid) -> tuple[Integers, Integers]:
    """First column of each local day, and of each column which day it is (counted from 0)."""
    changes = np.flatnonzero(np.diff(grid.hours.day)) + 1
    begin = np.concatenate([[0], changes]).astype(np.int64)
    return begin, (grid.hours.day - grid.hours.day[0]).astype(np.int64)


def sum_days(grid: Grid, rows: Integers | slice) -> Days:
    """The days of some rows."""
    begin, position = split_days(grid)
    trusted, values = grid.trusted[rows], grid.values[rows]
    return Days(
        begin,
        position,
        np.add.reduceat(np.where(trusted, values, 0), begin, axis=1),
        np.minimum.reduceat(np.where(trusted, values, NOTHING), begin, axis=1),
        np.add.reduceat(trusted.astype(np.int64), begin, axis=1),
    )


def last_columns(grid: Grid) -> Integers:
    """Last column of each local day; of a day that goes on after the matrix, -1."""
    begin, _ = split_days(grid)
    ends = np.append(begin[1:], grid.width) - 1
    following = grid.hours.hour[-1] == 23  # civil time never skips or repeats the hour before midnight
    return np.where(np.arange(len(ends)) == len(ends) - 1, ends if following else -1, ends)


def trail_normal(values: Integers, known: Flags, *, first: int, share: float = NORMAL_SHARE) -> tuple[Integers, Flags]:
    """Of the `NORMAL_DAYS` days before each day from `first` on, a quantile, and whether enough is known.

    `values` and `known` (n, d).  By default the low quartile: it follows a place's habits and is not pulled up by a
    leak of a month.
    """
    padded = np.pad(values, ((0, 0), (NORMAL_DAYS, 0)))
    there = np.pad(known, ((0, 0), (NORMAL_DAYS, 0)))
    view = np.lib.stride_tricks.sliding_window_view(padded, NORMAL_DAYS, axis=1)[:, first:-1]
    flags = np.lib.stride_tricks.sliding_window_view(there, NORMAL_DAYS, axis=1)[:, first:-1]
    return pick_quantile(view, flags, share), flags.sum(axis=-1) >= _KNOWN_DAYS


def normal_quiet(grid: Grid, rows: Integers | slice) -> tuple[Integers, Flags]:
    """Each series' own quietest hour of a day as a rule, per local day from `grid.start` on (n, d), and if known."""
    days = sum_days(grid, rows)
    first = int(days.position[grid.start]) if grid.start < grid.width else len(days.begin)
    return trail_normal(days.lowest, days.known >= _KNOWN_HOURS, first=first)


def spread_days(by_day: npt.NDArray[Kind], grid: Grid) -> npt.NDArray[Kind]:
    """Values per local day from `grid.start`'s on, at each column asked for."""
    _, position = split_days(grid)
    asked = position[grid.start :]
    return np.asarray(by_day[:, asked - asked[0]] if len(asked) else by_day[:, :0])
