# SPDX-License-Identifier: Apache-2.0
"""A key ring as a table: which key to try for each of many telegrams."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from avlest.telegrams.keyring import KeyRing
from avlest.telegrams.layouts.batch import Rows

NO_KEY = -1


@dataclass(frozen=True, slots=True)
class KeyTable:
    """The first key of every meter of a ring; build it once and keep it, it sorts all meters."""

    ring: KeyRing
    keys: tuple[bytes, ...] = field(init=False, repr=False)
    _identities: npt.NDArray[np.uint32] = field(init=False)
    _index: Rows = field(init=False)

    def __post_init__(self) -> None:
        keys: dict[bytes, int] = {}
        meters = self.ring.by_identity.items()
        first = {identity: keys.setdefault(own[0], len(keys)) for identity, own in meters if own}
        numbers = np.frombuffer(b"".join(first), "<u4") if first else np.empty(0, np.uint32)
        order = np.argsort(numbers, kind="stable")
        default = keys.setdefault(self.ring.for_all[0], len(keys)) if self.ring.for_all else NO_KEY
        index = np.append(np.fromiter(first.values(), np.int64, len(first))[order], default)
        object.__setattr__(self, "keys", tuple(keys))
        object.__setattr__(self, "_identities", numbers[order])
        object.__setattr__(self, "_index", index)

    def find(self, identities: npt.NDArray[np.uint32]) -> Rows:
        """For each identity (four bytes, least significant first) its place in `keys`, or -1."""
        if not len(self._identities):
            return np.full(len(identities), self._index[-1])
        place = np.searchsorted(self._identities, identities)
        place[place == len(self._identities)] = 0
        known = self._identities[place] == identities
        found: Rows = np.where(known, self._index[place], self._index[-1])
        return found
