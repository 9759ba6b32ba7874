# SPDX-License-Identifier: Apache-2.0
"""A disk that is full: said, waited out, nothing lost and nothing doubled."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from avlest.collect.inbox import Inbox
from avlest.collect.models import Batch, Packet
from avlest.registry.access import make_system_actor
from avlest.registry.services.organisations import do_create_organisation
from avlest.service.backup.archive import open_sink
from tests.collect.plant import MADE_AT, START, Plant, hear, register
from tests.collect.senders import Sender
from tests.support.services import wait_until


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 kB of its own; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system (root, outside of most containers)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on a disk; the file to remove to make some."""
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler


def run_in_thread(plant: Plant, stop: threading.Event) -> threading.Thread:
    def run() -> None:
        try:
            plant.worker.run(stop)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_the_worker_says_that_the_disk_is_full_and_goes_on_when_there_is_room(
    small_disk: Path, caplog: pytest.LogCaptureFixture
) -> None:
    number = do_create_organisation(name="Vik", slug="vik", by="test", now=MADE_AT)
    sender = Sender(1)
    register(make_system_actor(number, name="test"), [sender])
    plant = Plant(small_disk)
    filler = fill(small_disk)
    minutes = [START + timedelta(minutes=n) for n in range(5)]
    Inbox().put([hear(sender.send(100 + n), at) for n, at in enumerate(minutes)])
    stop = threading.Event()
    with caplog.at_level(logging.ERROR):
        thread = run_in_thread(plant, stop)
        try:
            wait_until(lambda: "the disk is full" in caplog.text, what="a word about the disk", seconds=60)
            assert Packet.objects.count() + Batch.objects.filter(appended_at=None).count() > 0
            filler.unlink()
            wait_until(lambda: plant.store.history("readings", ids=None).height > 0, what="readings", seconds=60)
            wait_until(lambda: not Batch.objects.filter(appended_at=None).exists(), what="the rest", seconds=60)
        finally:
            stop.set()
            thread.join(60)
    stored = plant.store.history("readings", ids=None)
    assert sorted(stored["at"].unique()) == minutes
    assert stored.select("register", "at").is_duplicated().sum() == 0


def test_a_backup_onto_a_full_disk_leaves_no_half_of_one(small_disk: Path) -> None:
    filler = fill(small_disk)
    with pytest.raises(OSError, match="No space left"), open_sink(small_disk / "b.tar") as sink:
        for number in range(100):
            with Path("/dev/zero").open("rb") as zeros:
                sink.add(f"documents/{number}", zeros, size=10_000)
    assert list(small_disk.iterdir()) == [filler]
