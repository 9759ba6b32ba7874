# SPDX-License-Identifier: Apache-2.0
"""Many telegrams as one flat array of bytes, and groups of equal length as matrices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[np.uint8]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TelegramBatch:
    """`n` telegrams: telegram i is `data[starts[i]:starts[i] + lengths[i]]`.

    `keys[key_index[i]]` is the key known for telegram i, -1 for none.
    """

    data: Bytes
    starts: Rows
    lengths: Rows

    def __len__(self) -> int:
        return len(self.starts)

    def telegram(self, row: int) -> bytes:
        """The bytes of one telegram."""
        start = int(self.starts[row])
        return self.data[start : start + int(self.lengths[row])].tobytes()

    def matrix(self, rows: Rows, *, offset: int = 0, width: int | None = None) -> Bytes:
        """The bytes `[offset, offset + width)` of telegrams of one length, one row each."""
        if width is None:
            width = int(self.lengths[rows[0]]) - offset
        if not width:
            return np.empty((len(rows), 0), np.uint8)
        return np.lib.stride_tricks.sliding_window_view(self.data, width)[self.starts[rows] + offset]

    def by_length(self) -> Iterator[tuple[int, Rows]]:
        """Groups of telegrams of equal length: (length, row numbers)."""
        order = np.argsort(self.lengths, kind="stable")
        edges = np.flatnonzero(np.diff(self.lengths[order])) + 1
        for rows in np.split(order, edges):
            if len(rows):
                yield int(self.lengths[rows[0]]), rows


def build_batch(telegrams: Iterable[bytes]) -> TelegramBatch:
    """A batch from telegrams as byte strings."""
    parts = list(telegrams)
    lengths = np.fromiter(map(len, parts), np.int64, len(parts))
    data = np.frombuffer(b"".join(parts), np.uint8)
    return TelegramBatch(data, np.cumsum(lengths) - lengths, lengths)
