# SPDX-License-Identifier: Apache-2.0
"""Carrying out tasks of derivation, one after the other, each exactly once in effect.

The order matters for a process that may be killed at any moment:

1. derive, and compare with what stands;
2. one transaction: the number of the append, and the corrections of frozen days;
3. append to `hourly`, then to `daily`, under that number;
4. one transaction: the queue of findings, tasks for virtual series, and the task is gone.

Killed after 3, the task is done again: what was appended does not differ from what is derived, so nothing is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import polars as pl
from django.db import DatabaseError, connection, transaction
from django.db.models import Max, QuerySet

from avlest.readings.calendar import derive_day_start
from avlest.readings.derive.compute import Window, derive_window
from avlest.readings.derive.differences import find_corrections, find_daily_differences, find_hourly_differences
from avlest.readings.derive.directory import Directory
from avlest.readings.derive.frames import SPANS, unpack
from avlest.readings.derive.loading import Loader
from avlest.readings.derive.outcome import do_note_corrections, do_note_findings, find_dependents, read_frozen
from avlest.readings.derive.plan import make_task
from avlest.readings.models import DeriveState, DeriveTask
from avlest.readings.tables import Store, StoreError

logger = logging.getLogger(__name__)

WRITER: Final = "derive"
_TICK: Final = dt.timedelta(microseconds=1)
_MOST_TEXT: Final = 1000
_MOST_FAILURES: Final = 5


@dataclasses.dataclass(slots=True)
class Worked:
    """What was done: tasks, rows appended, findings that are new, tasks that failed."""

    tasks: int = 0
    hourly: int = 0
    daily: int = 0
    findings: int = 0
    failed: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Derived:
    """A task carried out in memory: what to append, and what it means."""

    series: pl.DataFrame
    hourly: pl.DataFrame
    daily: pl.DataFrame
    corrections: pl.DataFrame
    findings: pl.DataFrame


@dataclasses.dataclass(frozen=True, slots=True)
class Deriver:
    """Works on the tasks that wait.  `threads`: tasks computed at once; they are appended in order by the caller."""

    store: Store
    directory: Directory
    now: dt.datetime
    threads: int = 1

    def run(self, *, most: int | None = None) -> Worked:
        """Work on the tasks that wait (at most `most`), also those that come of them.

        Raises `StoreError` and `DatabaseError`; then the task waits.  Another failure is noted with its task, and the
        others go on.
        """
        done = Worked()
        while most is None or done.tasks + done.failed < most:
            tasks = list(_waiting()[: 64 if most is None else most - done.tasks - done.failed])
            if not tasks:
                break
            for task, outcome in self._compute(tasks):
                self._settle(task, outcome, done)
        return done

    def _compute(self, tasks: Sequence[DeriveTask]) -> Iterator[tuple[DeriveTask, Derived | Exception]]:
        spans = unpack(DeriveState.objects.values_list("spans", flat=True).first() or b"", SPANS)
        if self.threads <= 1 or len(tasks) <= 1:
            for task in tasks:
                yield task, self._try(task, spans)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            ahead: list[tuple[DeriveTask, set[int], Future[Derived | Exception]]] = []
            for task in tasks:
                ids = set(_series_of(task))
                # What is ahead must stand in the table before the same series are derived further on.
                while ahead and (len(ahead) > self.threads or any(ids & others for _, others, _ in ahead)):
                    first = ahead.pop(0)
                    yield first[0], first[2].result()
                ahead.append((task, ids, pool.submit(self._try_in_thread, task, spans)))
            for task, _, future in ahead:
                yield task, future.result()

    def _try_in_thread(self, task: DeriveTask, spans: pl.DataFrame) -> Derived | Exception:
        try:
            return self._try(task, spans)
        finally:
            connection.close()

    def _try(self, task: DeriveTask, spans: pl.DataFrame) -> Derived | Exception:
        try:
            return derive_task(self.store, self.directory, task, spans, now=self.now)
        except (StoreError, DatabaseError):
            raise
        except Exception as error:  # one series with something unheard of must not hold up all others
            logger.exception("derivation of task %d failed", task.pk)
            return error

    def _settle(self, task: DeriveTask, outcome: Derived | Exception, done: Worked) -> None:
        if isinstance(outcome, Exception):
            _put_off(task, f"{type(outcome).__name__}: {outcome}")
            done.failed += 1
            return
        batch = _note_before(self.store, task, outcome)
        hourly = self.store.append("hourly", outcome.hourly, writer=WRITER, batch=batch)
        daily = self.store.append("daily", outcome.daily, writer=WRITER, batch=batch)
        done.findings += _note_after(task, outcome, now=self.now)
        done.tasks += 1
        done.hourly += hourly.rows
        done.daily += daily.rows


def _waiting() -> QuerySet[DeriveTask]:
    return DeriveTask.objects.filter(failures__lt=_MOST_FAILURES).order_by("failures", "pk")


def _series_of(task: DeriveTask) -> list[int]:
    found: list[int] = unpack(task.body, {"series": pl.Int64()})["series"].to_list()
    return found


def derive_task(
    store: Store, directory: Directory, task: DeriveTask, spans: pl.DataFrame, *, now: dt.datetime
) -> Derived:
    """Derive what a task says and compare it with what stands."""
    ids = _series_of(task)
    series = directory.series.filter(pl.col("series").is_in(ids))
    window = Window(series["series"].to_list(), task.first_day, task.stop_day, task.horizon, now, task.known_at)
    own = spans.filter(pl.col("series").is_in(ids))
    found = derive_window(Loader(store, directory), window, own)
    start, stop = derive_day_start(task.first_day), derive_day_start(task.stop_day)
    old_hours = store.read_range("hourly", ids=ids, start=start, stop=stop)
    old_days = store.read_range("daily", ids=ids, start=task.first_day, stop=task.stop_day)
    daily = find_daily_differences(old_days, found.daily, known_at=task.known_at)
    return Derived(
        series=series,
        hourly=find_hourly_differences(old_hours, found.hourly, known_at=task.known_at),
        daily=daily,
        corrections=find_corrections(old_days, daily, read_frozen(series)),
        findings=found.findings,
    )


@transaction.atomic
def _note_before(store: Store, task: DeriveTask, outcome: Derived) -> int:
    """Give the append its number and note the corrections, in one transaction before the rows are visible.

    A number that was given before a crash is used again only while nothing stands under it.
    """
    written = store.get_last_batch("daily", writer=WRITER) or 0
    if task.batch is None or task.batch <= max(written, store.get_last_batch("hourly", writer=WRITER) or 0):
        state = DeriveState.objects.select_for_update().get_or_create(name="derive")[0]
        known = max(state.last_batch, written, store.get_last_batch("hourly", writer=WRITER) or 0)
        is_first = task.batch is None or task.batch > written
        task.batch = state.last_batch = known + 1
        state.save(update_fields=["last_batch"])
        task.save(update_fields=["batch"])
    else:
        is_first = True
    if is_first:
        do_note_corrections(outcome.corrections, outcome.series, known_at=task.known_at)
    return int(task.batch)


@transaction.atomic
def _note_after(task: DeriveTask, outcome: Derived, *, now: dt.datetime) -> int:
    new = do_note_findings(outcome.findings, outcome.series, start=task.first_day, stop=task.stop_day, now=now)
    dependents = find_dependents(outcome.hourly)
    if dependents:
        make_task(
            dependents, task.first_day, task.stop_day, horizon=task.horizon, known_at=_next_known_at(task), now=now
        ).save()
    task.delete()
    return new


def _next_known_at(task: DeriveTask) -> dt.datetime:
    """A time after all that were given: what is derived from derived rows is known later."""
    state = DeriveState.objects.select_for_update().get_or_create(name="derive")[0]
    newest = DeriveTask.objects.aggregate(newest=Max("known_at"))["newest"] or task.known_at
    state.known_at = max(state.known_at or task.known_at, newest, task.known_at) + _TICK
    state.save(update_fields=["known_at"])
    return state.known_at


def _put_off(task: DeriveTask, error: str) -> None:
    """Note why a task failed; it is tried again after the others, and after some failures when a person says so."""
    DeriveTask.objects.filter(pk=task.pk).update(failures=task.failures + 1, error=error[:_MOST_TEXT])
