# SPDX-License-Identifier: Apache-2.0
"""Run codecs in a process of their own that may fail without harm."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Final, Self

from avlest.collect.lorawan.process import StartError, WorkerError, WorkerProcess
from avlest.telegrams.lorawan.calls import CodecCall
from avlest.telegrams.outcomes import Outcome, TelegramError

STRIKES: Final = 3
"""Uplinks in a row that a codec may fail slowly on before it is set aside."""

_SLOW: Final = 0.1  # seconds; a codec that fails within is no burden
_CHUNK: Final = 32  # calls on their way at once: their lines fit into a pipe, so that nobody waits for anybody


class CodecRunner:
    """Runs the codecs of a mapping name -> source, in one child process that is replaced when it dies.

    Safe between threads; close it (or use it in `with`) when done.
    """

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = dict(sources)
        self._lock = threading.Lock()
        self._process: WorkerProcess | None = None
        self._loaded: dict[str, TelegramError | None] = {}
        self._strikes: dict[str, int] = {}
        self._last_words: dict[str, str] = {}

    def run(self, call: CodecCall) -> str:
        """The codec's answer as JSON text.  Raises `TelegramError` (CODEC_FAILED, CODEC_MISSING)."""
        (answer,) = self.run_batch([call])
        if isinstance(answer, TelegramError):
            raise answer
        return answer

    def run_batch(self, calls: Sequence[CodecCall]) -> list[str | TelegramError]:
        """The answer to each call, in order; a failure is the `TelegramError` of its call alone."""
        answers: list[str | TelegramError | None] = [None] * len(calls)
        with self._lock:
            waiting = iter(range(len(calls)))
            while chunk := list(islice(waiting, _CHUNK)):
                self._run_chunk(calls, chunk, answers)
        return [_missing() if answer is None else answer for answer in answers]

    @property
    def pid(self) -> int | None:
        """The number of the process, None where there is none."""
        return None if self._process is None else self._process.pid

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run_chunk(
        self, calls: Sequence[CodecCall], chunk: Sequence[int], answers: list[str | TelegramError | None]
    ) -> None:
        """Ask for a chunk; where the process dies, blame the call in turn and go on with the rest."""
        left = list(chunk)
        while left:
            asked = list(self._prepare(calls, left, answers))
            while any(calls[index].codec not in self._loaded for index in asked):
                asked = list(self._prepare(calls, asked, answers))  # loading one codec ended the process of all
            left = []
            for position, index in enumerate(asked):
                started = time.monotonic()
                try:
                    if position == 0:
                        self._send(calls[number] for number in asked)
                    answers[index] = self._receive(calls[index].codec, started)
                    self._note_success(calls[index].codec, answers[index])
                except WorkerError as death:
                    answers[index] = self._blame(calls[index].codec, death)
                    left = asked[position + 1 :]
                    break

    def _prepare(
        self, calls: Sequence[CodecCall], chunk: Sequence[int], answers: list[str | TelegramError | None]
    ) -> Iterator[int]:
        """The calls whose codec is loaded and not set aside; the others are answered."""
        for index in chunk:
            name = calls[index].codec
            problem = self._find_problem(name)
            if problem is None:
                yield index
            else:
                answers[index] = problem

    def _find_problem(self, name: str) -> TelegramError | None:
        if name not in self._sources:
            return TelegramError(Outcome.CODEC_MISSING, f"there is no codec {name}; put it into the folder of codecs")
        if self._strikes.get(name, 0) >= STRIKES:
            return TelegramError(
                Outcome.CODEC_FAILED,
                f"codec {name} is set aside after {STRIKES} uplinks in a row; the last time: {self._last_words[name]}",
            )
        if self._process is None:
            self._loaded.clear()
        if name not in self._loaded:
            self._loaded[name] = self._load(name)
        return self._loaded[name]

    def _load(self, name: str) -> TelegramError | None:
        try:
            self._start().write(_line({"load": name, "source": self._sources[name]}))
            answer = self._receive(name, time.monotonic())
        except WorkerError as death:
            return self._blame(name, death)
        return answer if isinstance(answer, TelegramError) else None

    def _start(self) -> WorkerProcess:
        if self._process is None:
            self._process = WorkerProcess()
        return self._process

    def _send(self, calls: Iterator[CodecCall]) -> None:
        self._start().write(b"".join(map(_encode_call, calls)))

    def _receive(self, name: str, started: float) -> str | TelegramError:
        line = self._start().read()
        if line[:1] == b"+":
            return line[1:].decode()
        told = json.loads(line[1:])
        if time.monotonic() - started > _SLOW:
            self._strike(name, told["detail"])
        return TelegramError(Outcome(told["outcome"]), told["detail"])

    def _note_success(self, name: str, answer: str | TelegramError | None) -> None:
        if isinstance(answer, str):
            self._strikes.pop(name, None)

    def _blame(self, name: str, death: WorkerError) -> TelegramError:
        self._drop()
        if isinstance(death, StartError):
            return TelegramError(Outcome.CODEC_MISSING, str(death))
        self._strike(name, str(death))
        return TelegramError(Outcome.CODEC_FAILED, f"codec {name}: {death}")

    def _strike(self, name: str, words: str) -> None:
        self._strikes[name] = self._strikes.get(name, 0) + 1
        self._last_words[name] = words

    def _drop(self) -> None:
        if self._process is not None:
            self._process.stop()
        self._process = None
        self._loaded.clear()


def _missing() -> TelegramError:
    return TelegramError(Outcome.CODEC_FAILED, "the codec was not run")


def _encode_call(call: CodecCall) -> bytes:
    return _line(
        {
            "run": call.codec,
            "payload": call.payload.hex(),
            "port": call.port,
            "at": call.received_at.isoformat(),
            "variables": dict(call.variables),
        }
    )


def _line(request: Mapping[str, object]) -> bytes:
    return json.dumps(request).encode() + b"\n"
