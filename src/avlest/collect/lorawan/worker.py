# SPDX-License-Identifier: Apache-2.0
"""The process that runs codecs: `python -m avlest.collect.lorawan.worker`, started by `runner`.

It reads JSON lines, answers each with one line, and gives up every means to reach a file,
the network or another process before the first codec is loaded.  A call that the engine
cannot stop is stopped by the kernel, with the process.

Requests: {"load": name, "source": text} and {"run": name, "payload": hex, "port": number or
null, "at": ISO 8601, "variables": {}}.  Answers: "+" and the codec's JSON text, or "-" and
{"outcome": code, "detail": sentence}.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from avlest.telegrams.lorawan.sandbox import Sandbox
from avlest.telegrams.outcomes import Outcome, TelegramError

READY: Final = b"+ready\n"
PROCESSOR_SECONDS: Final = 0.4
"""Processor time after which the kernel ends the process; the engine itself stops a codec sooner."""

_MEMORY: Final = 1 << 30
_WARM_UP: Final = "function decodeUplink(input) { if (input.fPort) throw new Error('x'); return {data: {}}; }"


def main(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are none."""
    _warm_up()
    _give_up_rights()
    _write(answers, READY)
    sandboxes: dict[str, Sandbox] = {}
    for line in requests:
        signal.setitimer(signal.ITIMER_PROF, PROCESSOR_SECONDS)
        try:
            answer = "+" + _answer(json.loads(line), sandboxes)
        except TelegramError as error:
            answer = "-" + json.dumps({"outcome": error.outcome.value, "detail": error.detail})
        except MemoryError:
            answer = "-" + json.dumps({"outcome": Outcome.CODEC_FAILED.value, "detail": "no memory is left for codecs"})
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answers, answer.encode() + b"\n")


def _write(answers: BinaryIO, line: bytes) -> None:
    answers.write(line)
    answers.flush()


def _answer(request: dict[str, Any], sandboxes: dict[str, Sandbox]) -> str:
    if "load" in request:
        sandboxes.pop(request["load"], None)
        sandboxes[request["load"]] = Sandbox(request["source"])
        return ""
    return sandboxes[request["run"]].run(
        bytes.fromhex(request["payload"]),
        port=request["port"],
        received_at=datetime.fromisoformat(request["at"]),
        variables=request["variables"],
    )


def _warm_up() -> None:
    """Load every module and engine part that a codec's success or failure needs."""
    sandbox = Sandbox(_WARM_UP)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    sandbox.run(b"\xff", port=0, received_at=now)
    try:
        sandbox.run(b"\xff", port=1, received_at=now)
    except TelegramError:
        return
    raise RuntimeError("the JavaScript engine swallowed an error")


def _give_up_rights() -> None:
    """No new file, socket, process or byte written to disk from here on; the kernel's timer ends the process."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stderr.fileno())
    os.close(silence)
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: 3,
        resource.RLIMIT_AS: _MEMORY,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
