# SPDX-License-Identifier: Apache-2.0
"""Keys in an import: compared with what is stored, sealed when their meter has a number."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from avlest.registry.importing.draft import Draft
from avlest.registry.keys.ring import get_key_ring
from avlest.registry.keys.seal import KeyRing, SealError
from avlest.registry.models import Meter, MeterKey
from avlest.registry.rights import Right


@dataclasses.dataclass(slots=True)
class Sealer:
    """Takes keys into a draft; needs the right to write keys."""

    draft: Draft
    ring: KeyRing
    current: dict[int, MeterKey]
    now: datetime

    @classmethod
    def read(cls, draft: Draft, now: datetime) -> Sealer:
        """Read the organisation's current keys, sealed."""
        draft.actor.require(Right.WRITE_KEYS)
        rows = MeterKey.objects.of(draft.actor.organisation_id).filter(retired_at__isnull=True)
        current = {row.meter_id: row for row in rows.iterator(chunk_size=10_000)}
        return cls(draft, get_key_ring(), current, now)

    def take(self, meter: Meter, key: bytes) -> bool:
        """Have `key` set for `meter`, the old one retired; say whether it differs."""
        # A meter that is about to be made has no number yet, and so no key.
        old = self.current.get(meter.pk)
        if old is not None and self._opens_to(old, key):
            return False
        if old is not None:
            # The object the row belongs to is known: its label in the audit log asks nothing.
            old.meter = meter
            self.draft.change(old, {"retired_at": self.now})
        row = MeterKey(meter=meter, created_at=self.now)

        def seal() -> None:
            row.meter = meter
            row.sealed = self.ring.seal(key, meter_id=meter.pk)

        self.draft.create(row, finish=seal)
        return True

    def _opens_to(self, row: MeterKey, key: bytes) -> bool:
        try:
            return self.ring.open(row.sealed, meter_id=row.meter_id) == key
        except SealError:
            # A key that no longer opens is worth replacing.
            return False
