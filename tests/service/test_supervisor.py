# SPDX-License-Identifier: Apache-2.0
"""Children kept running: restarts, later each time, and an end for all."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from avlest.service.state import ChildState, ServeState, read_state, write_state
from avlest.service.supervisor import Command, Policy, Supervisor, describe_end, read_clock
from tests.service.running import is_alive

FAST = Policy(first_pause=0.01, longest_pause=0.05, stop_patience=0.3)


def python(name: str, code: str) -> Command:
    return Command(name, (sys.executable, "-S", "-c", code))


async def wait_for(is_true: object, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not is_true():  # type: ignore[operator]
            await asyncio.sleep(0.01)


def test_pauses_double_up_to_the_longest() -> None:
    policy = Policy(first_pause=0.5, longest_pause=30)
    assert [policy.derive_pause(n) for n in (1, 2, 3, 7, 1000)] == [0.5, 1.0, 2.0, 30.0, 30.0]


def test_a_child_that_is_killed_is_started_again_and_the_others_go_on() -> None:
    seen: dict[str, list[ChildState]] = {"a": [], "b": []}

    async def scenario() -> None:
        supervisor = Supervisor(
            [python("a", "import time; time.sleep(60)"), python("b", "import time; time.sleep(60)")],
            report=lambda state: seen[state.name].append(state),
            policy=FAST,
        )
        running = asyncio.create_task(supervisor.run())
        await wait_for(lambda: seen["a"] and seen["b"])
        os.kill(seen["a"][-1].pid or 0, signal.SIGKILL)
        await wait_for(lambda: seen["a"][-1].restarts == 1 and seen["a"][-1].pid)
        supervisor.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(scenario())
    assert [state.last_end for state in seen["a"]] == ["", "ended by SIGKILL", "ended by SIGKILL", "ended by SIGTERM"]
    assert seen["a"][0].pid != seen["a"][2].pid
    assert [state.last_end for state in seen["b"]] == ["", "ended by SIGTERM"]


def test_a_program_that_cannot_be_started_is_reported_and_tried_again() -> None:
    seen: list[ChildState] = []

    async def scenario() -> None:
        supervisor = Supervisor([Command("gone", ("/no/such/program",))], report=seen.append, policy=FAST)
        running = asyncio.create_task(supervisor.run())
        await wait_for(lambda: len(seen) >= 3)
        supervisor.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(scenario())
    assert seen[0].last_end == "could not be started: No such file or directory"


def test_a_child_that_does_not_listen_is_killed_with_its_own_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); child = os.fork()\n"
        f"if child: open({str(pids) + '.new'!r}, 'w').write(f'{{os.getpid()}} {{child}}'); "
        f"os.rename({str(pids) + '.new'!r}, {str(pids)!r})\n"
        "time.sleep(60)"
    )

    async def scenario() -> None:
        supervisor = Supervisor([python("deaf", code)], policy=FAST)
        running = asyncio.create_task(supervisor.run())
        await wait_for(pids.exists)
        supervisor.stop()
        await asyncio.wait_for(running, 20)
        await wait_for(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))

    asyncio.run(scenario())


def test_orphans_of_a_killed_child_are_ended(tmp_path: Path) -> None:
    """Else the worker process of a killed web server would keep its port."""
    pids = tmp_path / "pids"
    code = (
        "import os, time; child = os.fork()\n"
        f"if child: open({str(pids)!r}, 'a').write(f'{{os.getpid()}} {{child}}\\n')\n"
        "time.sleep(60)"
    )

    def lines() -> list[str]:
        return pids.read_text().splitlines() if pids.exists() else []

    async def scenario() -> None:
        supervisor = Supervisor([python("web", code)], policy=FAST)
        running = asyncio.create_task(supervisor.run())
        await wait_for(lambda: len(lines()) == 1)
        leader, orphan = map(int, lines()[0].split())
        os.kill(leader, signal.SIGKILL)
        await wait_for(lambda: not is_alive(orphan))
        supervisor.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(scenario())


def test_the_end_of_a_process_is_said_in_words() -> None:
    assert describe_end(3) == "exit status 3"
    assert describe_end(-9) == "ended by SIGKILL"


def test_the_state_of_the_processes_is_written_and_read_back(tmp_path: Path) -> None:
    state = ServeState(4, "http://localhost/", read_clock(), (ChildState("web", 5, read_clock()),))
    later = state.with_child(ChildState("web", None, last_end="exit status 1")).with_child(ChildState("work", 6))
    write_state(tmp_path, later)
    assert read_state(tmp_path) == later
    assert [child.name for child in later.children] == ["web", "work"]
    (tmp_path / "serve.json").write_text("{}")
    assert read_state(tmp_path) is None
