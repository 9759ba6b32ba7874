# SPDX-License-Identifier: Apache-2.0
"""From what a source got to the inbox: parse, count, put; the same for every source."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from avlest.collect.formats.detect import parse_message
from avlest.collect.formats.framing import Frame
from avlest.collect.formats.lobaro import PATIENCE, PartsAssembler, split_port
from avlest.collect.formats.lorawan_uplinks import find_device_kind
from avlest.collect.formats.model import FormatError, Message, Parsed, Problem
from avlest.collect.heard import LORAWAN, Heard
from avlest.collect.settings import SourceSettings
from avlest.collect.sources.base import MessageInbox
from avlest.collect.sources.state import SourceState
from avlest.registry.identifiers import parse_dev_eui

logger = logging.getLogger(__name__)

LONGEST_GATEWAY = 64
# A broken sender may send thousands of bad messages a minute: the log names one, the state counts all.
_LOG_EVERY = 60.0


@dataclass(slots=True)
class Intake:
    """Takes messages and frames of one source to the inbox; returns when they are on disk."""

    settings: SourceSettings
    inbox: MessageInbox
    state: SourceState
    format: str = "auto"
    bridges: frozenset[str] = frozenset()
    patience: float = PATIENCE.total_seconds()
    _parts: PartsAssembler = field(default_factory=PartsAssembler)
    _held: dict[Heard, asyncio.Future[None]] = field(default_factory=dict)
    _logged: float = -_LOG_EVERY

    def make_message(self, payload: bytes, *, topic: str = "", gateway: str = "") -> Message:
        """Return a message of this source that arrived now."""
        return Message(
            payload,
            self.state.clock(),
            self.settings.name,
            topic=topic,
            gateway=self.settings.gateway or gateway,
            zone=self.settings.zone,
        )

    async def take_message(self, payload: bytes, *, topic: str = "", gateway: str = "") -> None:
        """Take in one message; when this returns it may be acknowledged.

        A message that cannot be read is reported and may be acknowledged too: it would not be
        readable the next time either.  A part of a telegram in several parts is only taken in
        together with the others, or by itself when they do not come.
        """
        message = self.make_message(payload, topic=topic, gateway=gateway)
        parsed = parse_message(message, name=self.format)
        self.count(parsed, messages=1, origin=topic or gateway)
        part = find_bridge_part(parsed, payload, self.bridges)
        await (self._take_part(part) if part else self.put(parsed.heard))

    async def take_frames(self, frames: Iterable[Frame | Problem], road: str, *, gateway: str = "") -> None:
        """Take in frames of a stream that are telegrams of one road."""
        heard: list[Heard] = []
        problems: list[Problem] = []
        for frame in frames:
            if isinstance(frame, Problem):
                problems.append(frame)
            else:
                heard.append(self._from_frame(frame, road, gateway))
        self.count(Parsed(tuple(heard), tuple(problems)), messages=len(heard), origin=gateway)
        await self.put(heard)

    async def take_lines(self, frames: Iterable[Frame | Problem], *, gateway: str = "") -> None:
        """Take in lines of a stream, each a message of its own, in one commit."""
        heard: list[Heard] = []
        for frame in frames:
            if isinstance(frame, Problem):
                parsed = Parsed(problems=(frame,))
            else:
                parsed = parse_message(self.make_message(frame.payload, gateway=gateway), name=self.format)
            self.count(parsed, messages=1, origin=gateway)
            heard += parsed.heard
        await self.put(heard)

    async def put(self, heard: Iterable[Heard]) -> None:
        """Put telegrams into the inbox; returns when they are on disk."""
        batch = [tidy_heard(one) for one in heard]
        if batch:
            await self.inbox.put(batch)
            self.state.taken += len(batch)

    def count(self, parsed: Parsed, *, messages: int, origin: str = "") -> None:
        """Count what came of messages, and report what was wrong."""
        self.state.messages += messages
        if messages:
            self.state.last_heard_at = self.state.clock()
        for note in parsed.notes:
            self.state.report_note(note)
        for problem in parsed.problems:
            self.state.report_problem(f"{origin}: {problem}" if origin else str(problem))
        if parsed.problems:
            self._log(parsed.problems[0], origin)

    def _log(self, problem: Problem, origin: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._logged >= _LOG_EVERY:
            self._logged = now
            count = self.state.problems
            logger.warning(
                "source %s: %s%s (problem %d)", self.settings.name, f"{origin}: " * bool(origin), problem, count
            )

    def _from_frame(self, frame: Frame, road: str, gateway: str) -> Heard:
        name = self.settings.gateway or gateway or self.settings.name
        return Heard(self.state.clock(), self.settings.name, road, frame.payload, gateway=name, rssi=frame.rssi)

    async def _take_part(self, part: Heard) -> None:
        added = self._parts.add(part)
        try:
            await self.put(([added.telegram] if added.telegram else []) + list(added.given_up))
        finally:
            self._release((*added.used, *added.given_up))
        if added.given_up:
            self.state.report_problem(f"bridge {part.address}: {len(added.given_up)} parts of a telegram fit no others")
        if added.telegram is None and part not in added.given_up:
            await self._hold(part)

    def _release(self, parts: Iterable[Heard]) -> None:
        for part in parts:
            waiting = self._held.pop(part, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    async def _hold(self, part: Heard) -> None:
        """Wait until the other parts have come; give up after a while.

        Cancelled (the connection ended), all parts of the telegram are forgotten: none of them was
        acknowledged, so all of them come again.
        """
        waiting = self._held.setdefault(part, asyncio.get_running_loop().create_future())
        try:
            await asyncio.wait_for(asyncio.shield(waiting), self.patience)
            return
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            for other in (part, *self._parts.give_up(part)):
                self._held.pop(other, None)
            raise
        lonely = self._parts.give_up(part)
        if lonely:
            self.state.report_problem(f"bridge {part.address}: the other parts of a telegram did not come")
            await self.put(lonely)
            self._release(lonely)


def find_bridge_part(parsed: Parsed, payload: bytes, bridges: frozenset[str]) -> Heard | None:
    """Return the uplink of a message that is a part of a bridge's telegram; None for any other.

    A bridge is one of `bridges` (DevEUIs), or what the network server calls Lobaro.
    """
    if len(parsed.heard) != 1:
        return None
    heard = parsed.heard[0]
    if heard.road != LORAWAN or split_port(heard.port) is None:
        return None
    try:
        return heard if heard.address in bridges or "lobaro" in find_device_kind(payload) else None
    except FormatError:
        return None


def make_bridges(names: Iterable[str]) -> frozenset[str]:
    """Return DevEUIs as uplinks carry them."""
    return frozenset(parse_dev_eui(name) for name in names)


def tidy_heard(heard: Heard) -> Heard:
    """Return a message whose words fit the columns they go to: no control characters, not too long."""
    if heard.gateway.isprintable() and len(heard.gateway) <= LONGEST_GATEWAY:
        return heard
    plain = "".join(letter if letter.isprintable() else "?" for letter in heard.gateway)
    return replace(heard, gateway=plain[-LONGEST_GATEWAY:])
