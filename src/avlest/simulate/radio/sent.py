# SPDX-License-Identifier: Apache-2.0
"""Telegrams about to go on the air, as columns.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Clocks = npt.NDArray[np.datetime64]


class EmissionError(ValueError):
    """Register values that a model cannot send: between two counts, beyond its digits, or a column missing."""


@dataclass(frozen=True, slots=True)
class Sent:
    """N telegrams of one model about to go on the air.

    `serials` (eight decimal digits), `counters` (the how-manieth telegram of the meter, from 0), `clocks` what the
    meter's own clock shows (datetime64[s], normal time), `status` bits of `models.Flag`; `values` by column, int64
    thousandths of the canonical unit; `keys[key_index[i]]` is telegram i's key.
    """

    serials: Integers
    counters: Integers
    clocks: Clocks
    status: Integers
    values: Mapping[str, Integers]
    keys: Sequence[bytes] = ()
    key_index: Integers | None = None

    def __len__(self) -> int:
        return len(self.serials)

    def take(self, rows: npt.NDArray[np.int64]) -> Sent:
        """Only these rows."""
        return Sent(
            self.serials[rows],
            self.counters[rows],
            self.clocks[rows],
            self.status[rows],
            {name: column[rows] for name, column in self.values.items()},
            self.keys,
            None if self.key_index is None else self.key_index[rows],
        )
