# SPDX-License-Identifier: Apache-2.0
"""Sources side by side: one that fails is started again, the others go on, and everybody can see it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from avlest.collect.inbox import AsyncInbox, Inbox
from avlest.collect.models import Packet
from avlest.collect.sources.state import Phase, SourceState, StateBoard, read_board
from avlest.collect.sources.supervisor import Backoff, run_sources, supervise
from tests.collect.sources.support import QUICK, MemoryInbox, make_settings, make_telegram, until

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Flaky:
    """Fails some times, then works until it is stopped."""

    def __init__(self, *failures: Exception) -> None:
        self.state = SourceState("flaky", "test", clock=lambda: NOW)
        self.failures = list(failures)

    async def run(self, inbox: Any, stop: asyncio.Event) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.state.connect("at last")
        await stop.wait()


def test_a_source_is_started_again_whatever_it_fails_with() -> None:
    """Even a defect: the state says what it was."""
    source = Flaky(OSError("gone"), ValueError("a defect"))
    errors = []

    async def work() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(supervise(source, MemoryInbox(), stop, QUICK))
        await until(lambda: source.state.errors == 1, "the first error")
        errors.append(source.state.last_error)
        await until(lambda: source.state.phase == Phase.CONNECTED, "the connection")
        errors.append(source.state.last_error)
        stop.set()
        await asyncio.wait_for(task, 5)

    asyncio.run(work())
    assert errors == ["gone", "ValueError: a defect"]
    assert (source.state.phase, source.state.last_error_at) == (Phase.STOPPED, NOW)


def test_pauses_double_up_to_a_limit_and_begin_anew() -> None:
    """A source that works for a while and breaks off is tried again at once."""
    backoff = Backoff(first=1, longest=5, healthy=60)
    pauses, pause = [], 0.0
    for ran in (0.1, 0.1, 0.1, 0.1, 0.1, 100):
        pause = backoff.next(pause, ran)
        pauses.append(pause)
    assert pauses == [1, 2, 4, 5, 5, 1]


def test_one_bad_source_does_not_hold_up_another(tmp_path: Path) -> None:
    """The folder is read while the serial port is missing; the board shows both, in a file too."""
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop/a.txt").write_text(make_telegram(1).hex())
    settings = [
        make_settings(tmp_path, name="stick", kind="serial", port=str(tmp_path / "none"), reader="im871a"),
        make_settings(tmp_path, name="rounds", kind="folder", path="drop", poll_seconds=0.05),
        make_settings(tmp_path, name="push", kind="http", token="0123456789abcdef"),
    ]
    board, inbox, file = StateBoard(), MemoryInbox(), tmp_path / "sources.json"

    async def work() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(run_sources(settings, inbox, stop, board=board, board_file=file, backoff=QUICK))
        await until(lambda: inbox.heard and board.states["stick"].errors, "both")
        stop.set()
        await asyncio.wait_for(task, 5)

    asyncio.run(work())
    assert inbox.payloads == [make_telegram(1)]
    written = read_board(file)
    assert written is not None
    states = {state["name"]: state for state in written.sources}
    assert states["rounds"]["taken"] == 1
    assert "cannot be opened" in states["stick"]["last_error"]
    assert (states["push"]["kind"], states["push"]["detail"]) == ("http", "served by the web server")


def test_a_board_that_is_none_is_not_read(tmp_path: Path) -> None:
    """No collector has run, or something else stands in the file."""
    assert read_board(tmp_path / "none.json") is None
    (tmp_path / "bad.json").write_text('{"written_at": 7}')
    assert read_board(tmp_path / "bad.json") is None


@pytest.mark.django_db(transaction=True)
def test_a_file_comes_to_the_real_inbox(tmp_path: Path) -> None:
    """From the folder into the database, and only then to done."""
    (tmp_path / "drop").mkdir()
    (tmp_path / "drop/a.txt").write_text("\n".join(make_telegram(n).hex() for n in range(100)))
    settings = make_settings(tmp_path, kind="folder", path="drop", poll_seconds=0.05)

    async def work() -> None:
        stop = asyncio.Event()
        async with AsyncInbox(Inbox()) as inbox:
            task = asyncio.create_task(run_sources([settings], inbox, stop, backoff=QUICK))
            await until(lambda: (tmp_path / "drop/done/a.txt").exists(), "the file")
            stop.set()
            await asyncio.wait_for(task, 5)

    asyncio.run(work())
    assert sum(Packet.objects.values_list("messages", flat=True)) == 100
