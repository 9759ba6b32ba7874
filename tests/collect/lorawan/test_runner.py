# SPDX-License-Identifier: Apache-2.0
"""The process that runs codecs: whatever a codec does, the others and the service go on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from avlest.collect.lorawan.process import WorkerProcess
from avlest.collect.lorawan.runner import STRIKES, CodecRunner
from avlest.telegrams.lorawan.calls import CodecCall
from avlest.telegrams.outcomes import Outcome, TelegramError

NOW = datetime(2026, 3, 2, 12, 17, tzinfo=UTC)
LONGEST = 2.0
"""Seconds within which any call of any codec ends."""

GOOD = "function decodeUplink(input) { return {data: {first: input.bytes[0]}}; }"
# What the engine cannot stop by itself: native functions that run to their end, and what is caught.
UNSTOPPABLE = {
    "search": "('a'.repeat(1e6)).indexOf('a'.repeat(5e5) + 'b');",
    "replace": "('a'.repeat(1e6)).replaceAll('a', 'b'.repeat(1e5));",
    "join": "new Array(2 ** 32 - 1).join('x');",
    "caught": "const a = []; for (;;) { try { a.push(new Array(1e5).fill(1)); } catch (e) {} }",
}
STOPPABLE = {
    "loop": "for (;;);",
    "expression": "/^(a+)+$/.test('a'.repeat(60) + 'b');",
    "memory": "const a = []; for (;;) a.push(new Array(1e5).fill(1));",
}


def call(codec: str, payload: bytes = b"\x07") -> CodecCall:
    return CodecCall(codec, payload, 1, NOW)


def wrap(body: str) -> str:
    """A codec that does it for payloads that begin with 1."""
    return "function decodeUplink(input) { if (input.bytes[0] === 1) {" + body + "} return {data: {}}; }"


@pytest.fixture
def runner() -> Iterator[CodecRunner]:
    sources = {name: wrap(body) for name, body in (UNSTOPPABLE | STOPPABLE).items()}
    with CodecRunner(sources | {"good": GOOD, "broken": "function (", "top": UNSTOPPABLE["search"]}) as made:
        yield made


def outcome(answer: str | TelegramError) -> Outcome:
    assert isinstance(answer, TelegramError)
    return answer.outcome


def test_answers_come_in_order_over_many_chunks(runner):
    """Hundreds of uplinks of several codecs give their own answers."""
    calls = [call("good" if number % 3 else "loop", bytes([number % 200 + 2])) for number in range(300)]
    answers = runner.run_batch(calls)
    assert answers == [
        f'{{"data":{{"first":{number % 200 + 2}}}}}' if number % 3 else '{"data":{}}' for number in range(300)
    ]


@pytest.mark.parametrize("name", [*UNSTOPPABLE, *STOPPABLE])
def test_a_hostile_call_ends_in_time_and_harms_no_other(runner, name):
    """Endless loops, memory bombs and catastrophic searches are one outcome; the uplinks around them are read."""
    runner.run(call("good"))  # the process has started
    started = time.monotonic()
    answers = runner.run_batch([call("good", b"\x05"), call(name, b"\x01")])
    assert time.monotonic() - started < LONGEST
    assert answers[0] == '{"data":{"first":5}}'
    assert outcome(answers[1]) is Outcome.CODEC_FAILED
    assert runner.run_batch([call(name, b"\x02"), call("good", b"\x06")]) == ['{"data":{}}', '{"data":{"first":6}}']


def test_a_death_in_the_middle_of_a_chunk_is_blamed_on_its_call_alone(runner):
    """The calls already on their way behind it are asked again, in the new process."""
    calls = [
        call("good", b"\x01"),
        call("search", b"\x01"),
        call("good", b"\x02"),
        call("nobody"),
        call("search", b"\x02"),
    ]
    answers = runner.run_batch(calls)
    assert [answers[0], answers[2], answers[4]] == ['{"data":{"first":1}}', '{"data":{"first":2}}', '{"data":{}}']
    assert outcome(answers[1]) is Outcome.CODEC_FAILED
    assert outcome(answers[3]) is Outcome.CODEC_MISSING


def test_a_codec_that_dies_while_it_is_loaded_does_not_take_others_with_it(runner):
    """A codec whose top level never ends fails; those loaded before it are loaded again."""
    answers = runner.run_batch([call("good", b"\x03"), call("top"), call("good", b"\x04")])
    assert [answers[0], answers[2]] == ['{"data":{"first":3}}', '{"data":{"first":4}}']
    assert outcome(answers[1]) is Outcome.CODEC_FAILED


def test_a_codec_that_cannot_be_loaded_says_why_each_time(runner):
    """A syntax error is an outcome of every uplink, and costs no process."""
    runner.run(call("good"))
    pid = runner.pid
    for _ in range(2):
        with pytest.raises(TelegramError, match="SyntaxError"):
            runner.run(call("broken"))
    assert runner.pid == pid


def test_a_codec_that_keeps_failing_slowly_is_set_aside(runner):
    """After some uplinks in a row it costs nothing more, and the sentence says why; another codec is not concerned."""
    for _ in range(STRIKES):
        runner.run_batch([call("loop", b"\x01")])
    started = time.monotonic()
    with pytest.raises(TelegramError, match=r"set aside after 3 uplinks in a row.*processor time"):
        runner.run(call("loop", b"\x02"))
    assert time.monotonic() - started < 0.2
    assert runner.run(call("good")) == '{"data":{"first":7}}'


def test_one_good_uplink_between_forgives(runner):
    """Only failures in a row count: a payload that makes a codec loop does not end the others' readings."""
    for _ in range(STRIKES):
        runner.run_batch([call("loop", b"\x01"), call("loop", b"\x02")])
    assert runner.run(call("loop", b"\x02")) == '{"data":{}}'


def test_a_process_killed_from_outside_is_replaced(runner):
    """The kernel may kill any process; the next uplinks are read by a new one."""
    runner.run(call("good"))
    os.kill(runner.pid, signal.SIGKILL)
    answers = runner.run_batch([call("good", b"\x01"), call("good", b"\x02")])
    assert '{"data":{"first":2}}' in answers


def test_nothing_is_started_before_a_codec_is_needed():
    """An installation without codecs has no extra process."""
    with CodecRunner({}) as runner:
        assert outcome(runner.run_batch([call("good")])[0]) is Outcome.CODEC_MISSING
        assert runner.pid is None


def test_the_process_can_open_no_file_and_knows_no_secret(monkeypatch):
    """Its limits forbid files, sockets and children; its environment holds nothing of ours."""
    monkeypatch.setenv("AVLEST_METER_KEY_RING", "secret")
    process = WorkerProcess()
    try:
        folder = Path(f"/proc/{process.pid}")
        if not folder.is_dir():
            pytest.skip("there is no /proc here to look at a process")
        limits = {line[:25].strip(): line[25:].split()[0] for line in (folder / "limits").read_text().splitlines()}
        assert (limits["Max open files"], limits["Max file size"], limits["Max core file size"]) == ("3", "0", "0")
        assert limits["Max processes"] == "0"
        assert len(list((folder / "fd").iterdir())) == 3
        assert b"secret" not in (folder / "environ").read_bytes()
    finally:
        process.stop()


def test_closing_ends_the_process():
    """No process is left behind."""
    runner = CodecRunner({"good": GOOD})
    runner.run(call("good"))
    pid = runner.pid
    assert pid is not None
    runner.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
