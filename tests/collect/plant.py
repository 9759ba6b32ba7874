# SPDX-License-Identifier: Apache-2.0
"""A make-believe plant: meters with keys that send encrypted telegrams, and what their readings must be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from avlest.catalogue.catalogue import build_catalogue
from avlest.collect.heard import Heard
from avlest.collect.options import CollectOptions
from avlest.collect.worker import Worker
from avlest.readings.tables import Store, open_store
from avlest.registry.models import Meter
from avlest.registry.rights import Actor
from avlest.registry.services.keys import do_set_meter_key
from avlest.registry.services.rows import do_create_row
from tests.collect.senders import MAKER, Sender

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)


def hear(telegram: bytes, at: datetime, *, source: str = "roof", gateway: str = "g1", rssi: float = -70.0) -> Heard:
    return Heard(at, source, "wmbus", telegram, gateway=gateway, rssi=rssi)


def register(actor: Actor, senders: Iterable[Sender], *, with_keys: bool = True) -> dict[str, int]:
    """Make the meters and set their keys; their numbers by serial."""
    made = {}
    for sender in senders:
        row = Meter(manufacturer=MAKER, serial=sender.serial, state=Meter.State.INSTALLED)
        made[sender.serial] = do_create_row(actor, row, now=MADE_AT)
        if with_keys:
            do_set_meter_key(actor, made[sender.serial], sender.key, now=MADE_AT)
    return made


@dataclass(slots=True)
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = START + timedelta(hours=1)

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class Plant:
    """A worker on a folder of its own."""

    folder: Path
    options: CollectOptions = field(default_factory=lambda: CollectOptions(interval_minutes=0))
    clock: Clock = field(default_factory=Clock)
    store: Store = field(init=False)
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_store(str(self.folder / "readings"))
        self.worker = self.make_worker()

    def make_worker(self) -> Worker:
        """A new worker, as after a restart."""
        return Worker(self.options, self.store, CATALOGUE, self.folder / "locks", clock=self.clock)

    def restart(self) -> None:
        """The old worker is gone, a new one begins."""
        self.worker.locks.release_all()
        self.worker = self.make_worker()


CATALOGUE = build_catalogue()
