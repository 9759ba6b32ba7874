# SPDX-License-Identifier: Apache-2.0
"""The parent's end of one codec process: lines out, lines in, each with a deadline."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from typing import Final

from avlest.collect.lorawan import worker

LONGEST_SILENCE: Final = 1.5
"""Seconds without an answer after which the process is ended."""

_LONGEST_START: Final = 30.0
_READ: Final = 1 << 16


class WorkerError(Exception):
    """The process ended, or was ended, before it answered; the sentence says how."""


class StartError(WorkerError):
    """No process that runs codecs can be started here."""


class WorkerProcess:
    """One process that runs codecs.  Not for use by two threads at once."""

    def __init__(self) -> None:
        """Start it and wait until it is ready.  Raises `StartError`."""
        self._process = subprocess.Popen(  # noqa: S603 - our own module in our own interpreter
            [sys.executable, "-m", worker.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env=_derive_environment(),
            start_new_session=True,
        )
        self._rest = b""
        try:
            self.read(_LONGEST_START)
        except WorkerError as error:
            raise StartError(f"codecs cannot be run here: {error}") from None

    @property
    def pid(self) -> int:
        """The process number."""
        return self._process.pid

    def write(self, lines: bytes) -> None:
        """Send request lines.  Raises `WorkerError`."""
        try:
            view = memoryview(lines)
            while view:
                view = view[os.write(self._input, view) :]
        except OSError:
            raise WorkerError(self._explain()) from None

    def read(self, seconds: float = LONGEST_SILENCE) -> bytes:
        """The next answer line.  Raises `WorkerError` where none comes within `seconds`."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self._rest:
            waiting = select.poll()
            waiting.register(self._output, select.POLLIN)
            left = deadline - time.monotonic()
            if left <= 0 or not waiting.poll(left * 1000):
                self._process.kill()
                self._process.wait()
                raise WorkerError(f"it gave no answer within {seconds} s")
            found = os.read(self._output, _READ)
            if not found:
                raise WorkerError(self._explain())
            self._rest += found
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def stop(self) -> str:
        """End the process if it still runs; what it said about errors."""
        if self._process.poll() is None:
            self._process.kill()
        told = b""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is None:
                continue
            if pipe is self._process.stderr:
                told = pipe.read() or b""
            pipe.close()
        self._process.wait()
        return told.decode("utf-8", "replace").strip().rpartition("\n")[2]

    def _explain(self) -> str:
        code = self._process.wait()
        if code == -signal.SIGPROF:
            return f"it used more than {worker.PROCESSOR_SECONDS} s of processor time, and had to be ended from outside"
        if code < 0:
            return f"it ended the process that runs codecs (signal {signal.Signals(-code).name})"
        told = self.stop()
        return f"the process that runs codecs ended with code {code}{': ' + told if told else ''}"

    @property
    def _input(self) -> int:
        assert self._process.stdin is not None
        return self._process.stdin.fileno()

    @property
    def _output(self) -> int:
        assert self._process.stdout is not None
        return self._process.stdout.fileno()


def _derive_environment() -> dict[str, str]:
    """Nothing of ours but where Python finds its modules; a clock in UTC."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PATH") if name in os.environ}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "TZ": "UTC", "LC_ALL": "C.UTF-8"}
