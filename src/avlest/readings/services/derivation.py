# SPDX-License-Identifier: Apache-2.0
"""Derivation as one call: plan, and work until nothing waits."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Final

from django.db.models import Sum

from avlest.readings.derive.directory import Directory
from avlest.readings.derive.locks import hold_derivation
from avlest.readings.derive.plan import do_plan, do_plan_chosen
from avlest.readings.derive.work import Deriver, Worked
from avlest.readings.models import DeriveTask
from avlest.readings.tables import Store

Tell = Callable[[str, float, float], None]
"""Is told the stage, how much is done and how much there is."""

_AT_ONCE: Final = 8


@dataclasses.dataclass(frozen=True, slots=True)
class Derivation:
    """What a run did; `is_ours` is false where another process was deriving, and nothing was done."""

    is_ours: bool = True
    planned: int = 0
    tasks: int = 0
    hourly: int = 0
    daily: int = 0
    findings: int = 0
    failed: int = 0

    def describe(self) -> str:
        """One sentence for the log and the page of jobs."""
        if not self.is_ours:
            return "another process derives"
        return (
            f"{self.planned} tasks planned, {self.tasks} done, {self.failed} failed; "
            f"{self.hourly} hours and {self.daily} days written, {self.findings} new findings"
        )


def _tell_nobody(_stage: str, _done: float, _total: float) -> None:
    """Nobody asked."""


def do_derive(
    store: Store,
    *,
    now: dt.datetime,
    directory: Directory | None = None,
    tell: Tell | None = None,
    threads: int = 1,
) -> Derivation:
    """Derive what has changed since the last time, until nothing waits.

    Idempotent, and resumable when killed at any moment: what was planned waits as tasks.  Raises `StoreError`.
    """
    return _derive(store, now=now, directory=directory, tell=tell, threads=threads, plan=do_plan)


def do_derive_chosen(
    store: Store,
    *,
    series_ids: Sequence[int] | None,
    first: dt.date | None = None,
    stop: dt.date | None = None,
    now: dt.datetime,
    tell: Tell | None = None,
    threads: int = 1,
) -> Derivation:
    """Derive chosen series (None: all) in chosen local days again, beside what has changed."""

    def plan(store: Store, directory: Directory, *, now: dt.datetime) -> int:
        return do_plan_chosen(store, directory, series_ids=series_ids, first=first, stop=stop, now=now)

    return _derive(store, now=now, directory=None, tell=tell, threads=threads, plan=plan)


def _derive(
    store: Store,
    *,
    now: dt.datetime,
    directory: Directory | None,
    tell: Tell | None,
    threads: int,
    plan: Callable[..., int],
) -> Derivation:
    say = tell or _tell_nobody
    with hold_derivation() as is_ours:
        if not is_ours:
            return Derivation(is_ours=False)
        known = directory or Directory()
        say("finding what changed", 0, 1)
        planned = plan(store, known, now=now)
        done = _work(Deriver(store, known, now, threads), say)
    return Derivation(planned=planned, **dataclasses.asdict(done))


def _work(deriver: Deriver, say: Tell) -> Worked:
    """Work in portions, so that somebody who waits sees it move; progress is counted in series and days."""
    done, finished = Worked(), 0.0
    while True:
        waiting = _count_waiting()
        say("deriving", finished, finished + waiting)
        some = deriver.run(most=_AT_ONCE)
        done = Worked(*(a + b for a, b in zip(dataclasses.astuple(done), dataclasses.astuple(some), strict=True)))
        finished += max(0.0, waiting - _count_waiting())
        if not some.tasks:
            return done


def _count_waiting() -> float:
    return float(DeriveTask.objects.aggregate(total=Sum("count"))["total"] or 0)
