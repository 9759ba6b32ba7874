# SPDX-License-Identifier: Apache-2.0
"""Run a maker's JavaScript codec with limits on memory, time and stack, and no way out.

The engine (quickjs-ng) keeps these limits for all JavaScript code, yet a few of its own
functions (a search in a long string, a join of a huge array) run to their end.  Whoever runs
codecs of strangers therefore does so in a process that may be killed: `avlest.collect.lorawan`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from avlest.telegrams.lorawan.harness import HARNESS
from avlest.telegrams.outcomes import Outcome, TelegramError

LARGEST_SOURCE: Final = 1 << 20
_LONGEST_MESSAGE: Final = 200
Request = tuple[str, int | None, float, str]
_NO_VARIABLES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call of a codec may use: bytes of memory and stack, seconds of processor time, characters of result."""

    memory: int = 64 << 20
    stack: int = 512 << 10
    seconds: float = 0.2
    characters: int = 1 << 16


class Sandbox:
    """One codec, ready to decode uplinks one after the other; nothing of one shows in the next.

    The codec has `decodeUplink({bytes, fPort, recvTime, variables})` as network servers call
    it, or the older `Decode(fPort, bytes, variables)` or `Decoder(bytes, port)`.  It finds a
    silent `console`, a clock that stands at the time of reception, and no file, network or timer.
    Not to be shared between threads.
    """

    def __init__(self, source: str, *, limits: Limits | None = None) -> None:
        """`source` is the codec's text.  Raises `TelegramError` (CODEC_FAILED) where it cannot be loaded."""
        if len(source) > LARGEST_SOURCE:
            raise TelegramError(
                Outcome.CODEC_FAILED, f"the codec has {len(source)} characters, at most {LARGEST_SOURCE} are taken"
            )
        self._source = source
        self._limits = limits or Limits()
        self._reusable = True
        self._engine: _Engine | None = None
        self._prepare()

    def run(
        self,
        payload: bytes,
        *,
        port: int | None,
        received_at: datetime,
        variables: Mapping[str, str] = _NO_VARIABLES,
    ) -> str:
        """The codec's whole answer for one uplink, as JSON text (see `answers.parse_answer`).

        Raises `TelegramError` (CODEC_FAILED) where it throws, exceeds a limit or answers with
        something that is no JSON object.
        """
        moment = float(round(received_at.timestamp() * 1000))  # the engine takes whole numbers of 32 bits only
        request = (payload.decode("latin-1"), port, moment, json.dumps(dict(variables)))
        answer = self._ask(request)
        if answer is None:  # a name stuck to the global object: once more, in an engine without it
            self._engine = None
            answer = self._ask(request)
        if not isinstance(answer, str):
            raise TelegramError(Outcome.CODEC_FAILED, "the codec damaged the engine it runs in")
        return answer

    def _ask(self, request: Request) -> object:
        engine = self._engine or self._prepare()
        self._engine = None  # an engine in which something failed is not used again
        answer = engine.call(*request)
        if self._reusable:
            self._engine = engine
        return answer

    def _prepare(self) -> _Engine:
        """A new engine with the codec in it; one that may be kept where the codec allows it."""
        engine = _Engine(self._source, self._limits)
        if not self._reusable:
            return engine
        if engine.call() is True:
            self._engine = engine
            return engine
        self._reusable = False
        return _Engine(self._source, self._limits)


class _Engine:
    """One QuickJS runtime with the harness and a codec; failures become `TelegramError`."""

    __slots__ = ("_context", "_function", "_limits")

    def __init__(self, source: str, limits: Limits) -> None:
        import quickjs  # of the extra `server`; only who runs codecs needs it

        self._limits = limits
        self._context = quickjs.Context()
        self._context.set_memory_limit(limits.memory)
        self._context.set_max_stack_size(limits.stack)
        self._context.set_time_limit(limits.seconds)
        self._function = self._context.eval(HARNESS)
        self._function = self.call(source, limits.characters)

    def call(self, *arguments: str | float | None) -> Any:
        """What the engine's function answers; raises `TelegramError` (CODEC_FAILED)."""
        import quickjs

        try:
            return self._function(*arguments)
        except quickjs.StackOverflow:
            raise TelegramError(Outcome.CODEC_FAILED, "the codec calls itself too deeply") from None
        except (quickjs.JSException, UnicodeError, MemoryError) as error:
            raise TelegramError(Outcome.CODEC_FAILED, explain_failure(str(error), self._limits)) from None


def explain_failure(message: str, limits: Limits) -> str:
    """A sentence about what the engine said when a codec failed."""
    first = message.split("\n", 1)[0]
    if first == "InternalError: interrupted":
        return f"the codec used more than {limits.seconds} s of processor time"
    if first in ("InternalError: out of memory", "null", ""):
        return f"the codec used more than {limits.memory >> 20} MiB of memory"
    text = "".join(letter if letter.isprintable() else " " for letter in first)
    return f"the codec failed: {text[:_LONGEST_MESSAGE]}"
