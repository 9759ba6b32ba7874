# SPDX-License-Identifier: Apache-2.0
"""From hours at which an alarm opens or clears to alarms with a beginning and an end.  Pure."""

from __future__ import annotations

import dataclasses

import numpy as np

from avlest.insight.rules.grid import Flags, Integers

CARRIED = -1
"""Opened before the first column."""
STILL_OPEN = -1
"""Not cleared by the last column."""


@dataclasses.dataclass(frozen=True, slots=True)
class Signals:
    """What one rule says at the columns asked for: `opens` and `clears` (n, k).  Opening wins where both are true."""

    opens: Flags
    clears: Flags


@dataclasses.dataclass(frozen=True, slots=True)
class Episodes:
    """Alarms of one kind: row, column of opening (or `CARRIED`) and of clearing (or `STILL_OPEN`), each (e,)."""

    row: Integers
    opened: Integers
    cleared: Integers

    def __len__(self) -> int:
        return len(self.row)


def latch(signals: Signals, carried: Flags) -> Episodes:
    """Alarms in order of row and opening; an open alarm stays open until it is cleared (one per row at a time).

    `carried` (n,): rows whose alarm was open before the first column.
    """
    rows = np.flatnonzero(signals.opens.any(axis=1) | carried)
    opens, clears = signals.opens[rows], signals.clears[rows]
    width = opens.shape[1]
    columns = np.arange(width)
    decided = np.maximum.accumulate(np.where(opens | clears, columns, -1), axis=1)
    last = np.take_along_axis(opens, np.maximum(decided, 0), axis=1)
    state = np.zeros((len(rows), width + 3), bool)
    state[:, 1] = carried[rows]
    state[:, 2:-1] = np.where(decided >= 0, last, carried[rows][:, None])
    change = np.diff(state.astype(np.int8), axis=1)
    row, opened = np.nonzero(change == 1)
    _, cleared = np.nonzero(change == -1)
    return Episodes(rows[row], opened - 1, np.where(cleared - 1 == width, STILL_OPEN, cleared - 1))
