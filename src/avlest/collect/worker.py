# SPDX-License-Identifier: Apache-2.0
"""The worker: takes from the inbox, decides, settles, appends, lane by lane, until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connection

from avlest.catalogue.catalogue import Catalogue
from avlest.collect.models import Batch, Packet
from avlest.collect.options import CollectOptions
from avlest.collect.pipeline.append import do_append
from avlest.collect.pipeline.decide import Decider, Decision, put_aside
from avlest.collect.pipeline.locks import LaneLocks
from avlest.collect.pipeline.lorawan_road import UplinkDecoder
from avlest.collect.pipeline.repeats import Memory
from avlest.collect.pipeline.replay import do_forget_kept, do_replay_catalogue, do_replay_known
from avlest.collect.pipeline.settle import LostRaceError, do_settle, read_memory
from avlest.collect.pipeline.states import read_gateway_meters
from avlest.collect.upkeep import do_upkeep
from avlest.readings.tables import Store, StoreError

logger = logging.getLogger(__name__)

IDLE_SECONDS: Final = 0.1
_MOST_PACKETS: Final = 2000
_MOST_WAITING_ROWS: Final = 2_000_000
_RELEASE_SECONDS: Final = 5.0
_REPLAY_SECONDS: Final = 1.0
_UPKEEP_SECONDS: Final = 600.0
_LONGEST_PAUSE: Final = 10.0
_GENERATION: Final = timedelta(minutes=15)


def get_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@dataclass(slots=True)
class LaneWork:
    """What the worker remembers of one lane it holds."""

    memory: Memory
    turned_at: datetime
    waiting_rows: int = 0
    appended: float = 0.0
    released: float = 0.0


@dataclass(slots=True)
class Worker:
    """Works on every lane that no other process holds (at most `most_lanes`)."""

    options: CollectOptions
    store: Store
    catalogue: Catalogue
    lock_folder: Path
    most_lanes: int = 64
    clock: Callable[[], datetime] = get_now
    lorawan: UplinkDecoder | None = None
    codec_files: Sequence[bytes] = ()
    decider: Decider = field(init=False)
    locks: LaneLocks = field(init=False)
    lanes: dict[int, LaneWork] = field(default_factory=dict)
    _due: dict[str, float] = field(default_factory=dict)
    _replayed_versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.decider = Decider(self.catalogue, self.options, self.lorawan)
        self.locks = LaneLocks(self.lock_folder)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; trouble with database or store is logged and waited out, nothing is lost by it."""
        pause = IDLE_SECONDS
        try:
            while not stop.is_set():
                try:
                    busy = self.step()
                except (DatabaseError, StoreError) as error:
                    logger.error("worker: %s; trying again in %.1f s", error, pause)
                    self._forget_session()
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    stop.wait(pause)
                else:
                    pause = IDLE_SECONDS
                    if not busy:
                        stop.wait(IDLE_SECONDS)
        finally:
            self.locks.release_all()

    def step(self, *, flush: bool = False) -> bool:
        """One round over the lanes; True when there was something to do.  `flush` appends without waiting."""
        self._acquire_lanes()
        busy = False
        for lane, work in list(self.lanes.items()):
            if not self.locks.acquire(lane):  # the session was lost, and with it perhaps the lane
                del self.lanes[lane]
                self.decider.forget()
                continue
            busy |= self._work_on(lane, work, flush=flush)
        if self.lanes:
            busy |= self._do_chores()
        return busy

    def drain(self) -> None:
        """Work until inbox and decided batches are empty; for tests, imports and an orderly end."""
        while self.step(flush=True):
            pass

    def _forget_session(self) -> None:
        """After an error the connection is made anew, and memories are read again with the lanes."""
        connection.close()
        self.lanes.clear()
        self.decider.forget()

    def _acquire_lanes(self) -> None:
        if not self._is_due("acquire", 1.0) and self.lanes:
            return
        wanted = {*range(self.options.lanes), *Packet.objects.order_by().values_list("lane", flat=True).distinct()}
        for lane in sorted(wanted - self.lanes.keys()):
            if len(self.lanes) < self.most_lanes and self.locks.acquire(lane):
                now = self.clock()
                waiting = Batch.objects.filter(lane=lane, appended_at__isnull=True)
                rows = sum(waiting.values_list("rows", flat=True))
                self.lanes[lane] = LaneWork(read_memory(lane, since=now - self._remembered()), now, rows)
                self.decider.ports |= read_gateway_meters()

    def _remembered(self) -> timedelta:
        return max(_GENERATION, 3 * timedelta(seconds=self.options.repeat_seconds))

    def _work_on(self, lane: int, work: LaneWork, *, flush: bool) -> bool:
        busy = False
        while self._decide_some(lane, work):
            busy = True
            if work.waiting_rows > _MOST_WAITING_ROWS or self._is_append_due(work):
                break
        if flush or time.monotonic() - work.released > _RELEASE_SECONDS:
            work.released = time.monotonic()
            busy |= self._release(lane, work)
        if work.waiting_rows and (flush or self._is_append_due(work)):
            work.appended = time.monotonic()
            while do_append(self.store, lane=lane, now=self.clock()) is not None:
                pass
            work.waiting_rows = 0
            busy = True
        return busy

    def _is_append_due(self, work: LaneWork) -> bool:
        return time.monotonic() - work.appended >= self.options.append_seconds

    def _decide_some(self, lane: int, work: LaneWork) -> bool:
        """Decide and settle one batch of a lane; False where the inbox holds nothing for it."""
        packets = self._choose_packets(lane)
        if not packets:
            return False
        self._decide(packets, lane, work)
        return True

    def _choose_packets(self, lane: int) -> list[Packet]:
        rows = Packet.objects.filter(lane=lane).order_by("pk")
        sizes = rows.values_list("pk", "messages")[:_MOST_PACKETS]
        chosen: list[int] = []
        total = 0
        for number, messages in sizes:
            if chosen and total + messages > self.options.batch_messages:
                break
            chosen.append(number)
            total += messages
        return list(rows.filter(pk__gte=chosen[0], pk__lte=chosen[-1])) if chosen else []

    def _decide(self, packets: Sequence[Packet], lane: int, work: LaneWork) -> None:
        now = self.clock()
        if now - work.turned_at > self._remembered():
            work.memory.turn()
            work.turned_at = now
        bodies, replayed = [bytes(packet.body) for packet in packets], [packet.replayed for packet in packets]
        try:
            decision = self.decider.decide(bodies, replayed, memory=work.memory, lane=lane, now=now)
        except (DatabaseError, StoreError):
            raise
        except Exception as error:  # a defect of ours in one message must not hold up all others for ever
            self.decider.forget()
            if len(packets) > 1:
                middle = len(packets) // 2
                self._decide(packets[:middle], lane, work)
                self._decide(packets[middle:], lane, work)
                return
            logger.exception("lane %d: packet %d is put aside", lane, packets[0].pk)
            decision = put_aside(bodies, detail=f"{type(error).__name__}: {error}")
        self._settle(decision, [packet.pk for packet in packets], lane, work, now=now)

    def _settle(self, decision: Decision, packets: list[int], lane: int, work: LaneWork, *, now: datetime) -> None:
        try:
            do_settle(decision, packets, lane=lane, now=now)
        except LostRaceError as error:
            logger.warning("lane %d: %s", lane, error)
            self.decider.forget()
            return
        self.decider.note_settled(decision)
        work.memory.add(decision.marks, decision.times)
        if not work.waiting_rows and decision.readings.height:
            # The first rows after a quiet time wait a full period, so that what follows joins them.
            work.appended = max(work.appended, time.monotonic() - self.options.append_seconds / 2)
        work.waiting_rows += decision.readings.height + decision.telegrams.height

    def _release(self, lane: int, work: LaneWork) -> bool:
        now = self.clock()
        decision = self.decider.release(lane=lane, now=now)
        if decision is None:
            return False
        self._settle(decision, [], lane, work, now=now)
        return True

    def _do_chores(self) -> bool:
        """What is due now and then: replays, and keeping the tables small; True when something was put back."""
        now = self.clock()
        replayed = 0
        if self._is_due("replay", _REPLAY_SECONDS):
            directory = self.decider.directory
            directory.refresh()
            if directory.versions != self._replayed_versions:
                replayed = do_replay_known(directory, now=now)
                self._replayed_versions = dict(directory.versions)
        if self._is_due("upkeep", _UPKEEP_SECONDS) and min(self.lanes) == 0:
            replayed += do_replay_catalogue(self.catalogue, self.codec_files, now=now)
            do_forget_kept(keep_days=self.options.keep_days, now=now)
            do_upkeep(self.store, remembered=self._remembered(), now=now)
        if replayed:
            logger.info("%d kept telegrams are tried again", replayed)
        return bool(replayed)

    def _is_due(self, name: str, seconds: float) -> bool:
        now = time.monotonic()
        if now - self._due.get(name, float("-inf")) < seconds:
            return False
        self._due[name] = now
        return True
