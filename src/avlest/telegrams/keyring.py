# SPDX-License-Identifier: Apache-2.0
"""The keys at hand, by the identity that meters send in clear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by meter identity (the four bytes as sent), and keys to try for every meter.

    The first key of a meter is the one that whole columns are tried with; the others,
    and the keys for every meter, are tried one telegram at a time where it fails.
    """

    by_identity: Mapping[bytes, Sequence[bytes]] = field(default_factory=dict, repr=False)
    for_all: Sequence[bytes] = field(default=(), repr=False)

    def keys_for(self, identity: bytes) -> tuple[bytes, ...]:
        """All keys to try for one meter, its own first."""
        return (*self.by_identity.get(identity, ()), *self.for_all)

    def candidates(self, identities: Iterable[bytes], own: bytes | None = None) -> tuple[bytes, ...]:
        """All keys to try for a telegram with these identities, the key it brought along first."""
        meters = [key for identity in identities for key in self.by_identity.get(identity, ())]
        return tuple(dict.fromkeys([*([own] if own else []), *meters, *self.for_all]))


def build_keyring(pairs: Iterable[tuple[bytes, bytes]], *, for_all: Sequence[bytes] = ()) -> KeyRing:
    """A key ring from (identity as sent, key) pairs; repeated pairs count once, order is kept."""
    by_identity: dict[bytes, list[bytes]] = {}
    for identity, key in pairs:
        own = by_identity.setdefault(identity, [])
        if key not in own:
            own.append(key)
    return KeyRing(by_identity, tuple(dict.fromkeys(for_all)))
