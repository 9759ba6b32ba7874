# SPDX-License-Identifier: Apache-2.0
"""The keys at hand, by the identity that meters send in clear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

NO_KEY = -1


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by meter identity (the four bytes as sent), and keys to try for every meter.

    The first key of a meter is the one that whole columns are tried with; the others,
    and the keys for every meter, are tried one telegram at a time where it fails.
    """

    by_identity: Mapping[bytes, Sequence[bytes]] = field(default_factory=dict)
    for_all: Sequence[bytes] = ()
    table: tuple[bytes, ...] = field(init=False)
    _identities: npt.NDArray[np.uint32] = field(init=False)
    _index: npt.NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        keys: dict[bytes, int] = {}
        first = {identity: keys.setdefault(own[0], len(keys)) for identity, own in self.by_identity.items() if own}
        numbers = np.frombuffer(b"".join(first), "<u4") if first else np.empty(0, np.uint32)
        order = np.argsort(numbers, kind="stable")
        default = keys.setdefault(self.for_all[0], len(keys)) if self.for_all else NO_KEY
        object.__setattr__(self, "table", tuple(keys))
        object.__setattr__(self, "_identities", numbers[order])
        object.__setattr__(self, "_index", np.append(np.fromiter(first.values(), np.int64, len(first))[order], default))

    def keys_for(self, identity: bytes) -> tuple[bytes, ...]:
        """All keys to try for one meter, its own first."""
        return (*self.by_identity.get(identity, ()), *self.for_all)

    def find(self, identities: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
        """For each identity (four bytes, least significant first) its place in `table`, or -1."""
        if not len(self._identities):
            return np.full(len(identities), self._index[-1])
        place = np.searchsorted(self._identities, identities)
        place[place == len(self._identities)] = 0
        known = self._identities[place] == identities
        return np.where(known, self._index[place], self._index[-1])


def build_keyring(pairs: Iterable[tuple[bytes, bytes]], *, for_all: Sequence[bytes] = ()) -> KeyRing:
    """A key ring from (identity as sent, key) pairs; repeated pairs count once, order is kept."""
    by_identity: dict[bytes, list[bytes]] = {}
    for identity, key in pairs:
        own = by_identity.setdefault(identity, [])
        if key not in own:
            own.append(key)
    return KeyRing(by_identity, tuple(dict.fromkeys(for_all)))
