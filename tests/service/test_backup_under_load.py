# SPDX-License-Identifier: Apache-2.0
"""A backup made in the middle of the work: what it held becomes the same readings, once each."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection

from avlest.collect.inbox import Inbox
from avlest.collect.options import CollectOptions
from avlest.project.config import Config
from avlest.readings.tables import Store, open_store
from avlest.readings.tables.freezing import FrozenTable
from avlest.registry.access import make_system_actor
from avlest.registry.services.organisations import do_create_organisation
from avlest.service.backup.making import make_backup
from tests.collect.plant import MADE_AT, START, Plant, hear, register
from tests.collect.senders import Sender
from tests.service.running import expect_success
from tests.support.services import wait_until

SETTINGS = "[collect]\ninterval_minutes = 0\n"
ROUNDS, BEFORE, SENDERS = 60, 20, 5
ALL = ROUNDS * SENDERS


class Load(threading.Thread):
    """Puts one telegram of each sender a round into the inbox; `done` rounds are acknowledged; waits for `go_on`."""

    def __init__(self, senders: list[Sender]) -> None:
        super().__init__()
        self.senders, self.done, self.go_on = senders, 0, threading.Event()

    def run(self) -> None:
        try:
            for number in range(ROUNDS):
                at = derive_instant(number)
                Inbox().put([hear(sender.send(1000 + number), at) for sender in self.senders])
                self.done = number + 1
                if self.done == BEFORE:
                    self.go_on.wait()
        finally:
            connection.close()


def derive_instant(number: int) -> datetime:
    return START + timedelta(seconds=30 * number)


def run_worker(plant: Plant, stop: threading.Event) -> threading.Thread:
    def run() -> None:
        try:
            plant.worker.run(stop)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def read_pairs(store: Store) -> list[tuple[int, datetime]]:
    rows = store.history("readings", ids=None)
    return rows.select("register", "at").rows()


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
@pytest.mark.slow
@pytest.mark.parametrize("appended_before", [True, False], ids=["after the first append", "before the first append"])
def test_what_was_acknowledged_before_a_backup_is_read_once_after_its_restore(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, appended_before: bool
) -> None:
    """The tables are taken as late as can be: when all that came after the copy of the database is in them."""
    if connection.vendor != "sqlite":
        pytest.skip("restores into a new SQLite file; PostgreSQL has its round trip in test_backup.py")
    plant, load = make_plant(tmp_path / "data")
    stop = threading.Event()
    workers: list[threading.Thread] = []
    freeze = Store.freeze

    def freeze_late(store: Store, table: str, *, last_batches: Mapping[str, int]) -> FrozenTable:
        load.go_on.set()
        if not workers:
            workers.append(run_worker(plant, stop))
        wait_until(lambda: load.done == ROUNDS and len(read_pairs(plant.store)) == 2 * ALL, what="all", seconds=60)
        return freeze(store, table, last_batches=last_batches)

    monkeypatch.setattr(Store, "freeze", freeze_late)
    try:
        if appended_before:
            workers.append(run_worker(plant, stop))
        load.start()
        wait_until(lambda: load.done == BEFORE, what="some rounds", seconds=60)
        if appended_before:
            wait_until(lambda: len(read_pairs(plant.store)) > 0, what="a first append", seconds=60)
        made = make_backup(tmp_path / "b", config=Config(data_dir=tmp_path / "data", text=SETTINGS), now=START)
    finally:
        load.go_on.set()
        stop.set()
        for thread in (load, *workers):
            thread.join(60)
    assert made.manifest.tables[1].rows < 2 * ALL
    check_restored(tmp_path)


def make_plant(data: Path) -> tuple[Plant, Load]:
    data.mkdir()
    number = do_create_organisation(name="Vik", slug="vik", by="test", now=MADE_AT)
    senders = [Sender(n) for n in range(1, SENDERS + 1)]
    register(make_system_actor(number, name="test"), senders)
    return Plant(data, options=CollectOptions(interval_minutes=0, append_seconds=0.05)), Load(senders)


def check_restored(folder: Path) -> None:
    """Restore, let a worker finish, and compare with what was sent."""
    ring = {"AVLEST_METER_KEY_RING": os.environ["AVLEST_METER_KEY_RING"]}
    expect_success("restore", folder / "b", "--data", folder / "new", **ring)
    expect_success("work", "--once", "--data", folder / "new", **ring)
    pairs = read_pairs(open_store(str(folder / "new" / "readings")))
    assert len(pairs) == len(set(pairs)), "a reading is there twice"
    instants = {at for _, at in pairs}
    assert instants == {derive_instant(n) for n in range(BEFORE)}
    assert len(pairs) == 2 * SENDERS * len(instants)
