# SPDX-License-Identifier: Apache-2.0
"""Finding alarms as one call: in the hours, in what meters say, and in who is not heard.

Idempotent, and resumable when killed at any moment: how far one has come is remembered when a whole round is done, and
a portion that is evaluated again gives the same rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Final

import polars as pl
from django.db import transaction

from avlest.insight.contracts import Evidence, Scope
from avlest.insight.evaluate.changed import Work, find_chosen, find_work
from avlest.insight.evaluate.hours import Rules, find_in_hours, split_work
from avlest.insight.evaluate.past import do_find_past_silence
from avlest.insight.evaluate.saving import Saved, read_alarms, save_found
from avlest.insight.evaluate.settling import settle_points
from avlest.insight.evaluate.silence import do_find_silence
from avlest.insight.evaluate.statuses import Speakers, find_in_statuses, find_points, get_speakers, split_meters
from avlest.insight.evaluate.watched import get_away, get_watched
from avlest.insight.falls import FALLS
from avlest.insight.limits import LIMITS
from avlest.insight.models import Alarm, Evaluation, OwnLimit
from avlest.insight.prices import add_costs
from avlest.insight.rules import load_thresholds
from avlest.insight.rules.grid import floor_hour
from avlest.readings.calendar import derive_local_day
from avlest.readings.derive.locks import hold_named
from avlest.readings.models import Finding
from avlest.readings.tables import Store

Tell = Callable[[str, float, float], None]
"""Is told the stage, how much is done and how much there is."""

_LOCK: Final = 0x61766C33  # "avl3": ours among PostgreSQL's advisory locks
# How validation names a register that fell, and whether it stayed there.
_FALLS: Final = {"backflow": True, "below the readings around": False}
HOURS: Final = "hours"
STATUSES: Final = "statuses"


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What a run did; `is_ours` is false where another process was at it, and nothing was done."""

    is_ours: bool = True
    subjects: int = 0
    opened: int = 0
    cleared: int = 0
    withdrawn: int = 0
    still_open: int = 0

    def describe(self) -> str:
        """One sentence for the log and the page of jobs."""
        if not self.is_ours:
            return "another process looks for alarms"
        return (
            f"{self.subjects} series and meters looked at, {self.opened} alarms opened, {self.cleared} cleared, "
            f"{self.withdrawn} withdrawn; {self.still_open} open"
        )


def _tell_nobody(_stage: str, _done: float, _total: float) -> None:
    """Nobody asked."""


def do_find_alarms(store: Store, *, now: datetime, tell: Tell | None = None) -> Found:
    """Evaluate what has changed since the last time, up to `now`; the first time everything there is.

    Raises `StoreError`.
    """
    with hold_named("alarms", _LOCK) as is_ours:
        return _find(store, now, tell or _tell_nobody, again=None) if is_ours else Found(is_ours=False)


def do_find_alarms_again(
    store: Store, *, since: datetime, now: datetime, series_ids: list[int] | None = None, tell: Tell | None = None
) -> Found:
    """Evaluate some series (None: all, and the meters) from `since` on again, beside what has changed."""
    with hold_named("alarms", _LOCK) as is_ours:
        if not is_ours:
            return Found(is_ours=False)
        return _find(store, now, tell or _tell_nobody, again=(since, series_ids))


def _find(store: Store, now: datetime, tell: Tell, *, again: tuple[datetime, list[int] | None] | None) -> Found:
    until = floor_hour(now)
    saved, subjects = Saved(), 0
    is_first = not Evaluation.objects.filter(name=HOURS).exists()
    for part in (_find_hours, _find_statuses):
        done, count = part(store, now, until, tell, again)
        saved.add(done)
        subjects += count
    tell("listening for silence", 0, 1)
    saved.add(do_find_silence(now=now))
    if is_first or (again is not None and again[1] is None):
        saved.add(do_find_past_silence(store, since=again[0] if again else None, now=now))
    still = Alarm.objects.filter(is_shown=True, cleared_at__isnull=True).count()
    return Found(
        subjects=subjects, opened=saved.opened, cleared=saved.cleared, withdrawn=saved.withdrawn, still_open=still
    )


def _find_hours(
    store: Store, now: datetime, until: datetime, tell: Tell, again: tuple[datetime, list[int] | None] | None
) -> tuple[Saved, int]:
    watched = get_watched(day=derive_local_day(until))
    rules = Rules(watched, load_thresholds(), get_away(watched), _read_limits(), _read_falls(watched))
    ids = watched.select(pl.col("series").alias("id"), pl.col("series").alias("subject"))
    points = watched.select("point", pl.col("series").alias("subject"))
    scope, evidence = str(Scope.SERIES), str(Evidence.SERIES)
    work = find_work(store, name=HOURS, table="hourly", subjects=ids, scope=scope, evidence=evidence, points=points)
    if again is not None:
        chosen = watched if again[1] is None else watched.filter(pl.col("series").is_in(again[1]))
        work = _widen(work, chosen["series"], again[0], scope, evidence)
    owners = watched.select(
        pl.col("series").alias("subject"), "organisation", "point", "series", "medium", "unit"
    ).with_columns(pl.lit(None, pl.Int64).alias(name) for name in ("meter", "gateway", "zone"))
    saved, done = Saved(), 0
    for portion in split_work(work.restarts, until=until):
        tell("looking for alarms", done, work.restarts.height)
        found = find_in_hours(store, portion, rules, until=until).join(owners, on="subject")
        saved.add(_keep(found, portion, scope, evidence, now, includes_start=False))
        done += portion.height
    work.keep_done(until=until)
    return saved, done


def _find_statuses(
    store: Store, now: datetime, until: datetime, tell: Tell, again: tuple[datetime, list[int] | None] | None
) -> tuple[Saved, int]:
    speakers = get_speakers()
    ids = speakers.registers.select(pl.col("register").alias("id"), pl.col("meter").alias("subject"))
    scope, evidence = str(Scope.METER), str(Evidence.METER)
    nowhere = pl.DataFrame(schema={"point": pl.Int64, "subject": pl.Int64})
    work = find_work(
        store, name=STATUSES, table="readings", subjects=ids, scope=scope, evidence=evidence, points=nowhere
    )
    work = dataclasses.replace(work, requests=())
    if again is not None and again[1] is None:
        work = _widen(work, speakers.registers["meter"], again[0], scope, evidence)
    saved, done = Saved(), 0
    for portion in split_meters(work.restarts, until=now):
        tell("reading what meters say", done, work.restarts.height)
        found = _name_meters(find_in_statuses(store, portion, speakers, until=now), speakers)
        saved.add(_keep(found, portion, scope, evidence, now, includes_start=True))
        done += portion.height
    saved.add(_close_taken_down(speakers, now))
    work.keep_done(until=until)
    return saved, done


def _widen(work: Work, subjects: pl.Series, since: datetime, scope: str, evidence: str) -> Work:
    asked = pl.DataFrame(
        {"subject": subjects, "at": pl.Series([since] * len(subjects), dtype=pl.Datetime("us", "UTC"))}
    )
    mine = find_chosen(asked, scope=scope, evidence=evidence)
    both = pl.concat([work.restarts, mine]).group_by("subject").agg(pl.col("start").min())
    return dataclasses.replace(work, restarts=both.sort("start", "subject"))


def _name_meters(found: pl.DataFrame, speakers: Speakers) -> pl.DataFrame:
    rows = find_points(found, speakers.placed).with_columns(pl.col("subject").alias("meter"), pl.lit("").alias("unit"))
    return rows.with_columns(pl.lit(None, pl.Int64).alias(name) for name in ("series", "gateway", "zone"))


def _keep(
    found: pl.DataFrame, portion: pl.DataFrame, scope: str, evidence: str, now: datetime, *, includes_start: bool
) -> Saved:
    """Store a portion's alarms in one transaction: what opened after a subject's start is replaced."""
    starts: dict[int, datetime] = dict(portion.select("subject", "start").iter_rows())
    priced = add_costs(found)
    with transaction.atomic():
        stored = [
            row
            for row in read_alarms(scope, evidence, starts)
            if row.opened_at > starts[row.subject] or (includes_start and row.opened_at == starts[row.subject])
        ]
        saved = save_found(priced, stored, now=now)
        settle_points(saved.points)
    return saved


def _close_taken_down(speakers: Speakers, now: datetime) -> Saved:
    """A meter that hangs nowhere any more says nothing: its alarms ended when it was taken down."""
    last = speakers.placed.group_by("meter").agg(
        pl.col("ends_at").max().alias("ended"), pl.col("ends_at").is_null().any().alias("hangs")
    )
    gone = dict(last.filter(~pl.col("hangs")).select("meter", "ended").iter_rows())
    saved = Saved()
    with transaction.atomic():
        for row in Alarm.objects.filter(scope=str(Scope.METER), cleared_at__isnull=True, meter__isnull=False):
            if row.meter_id in gone:
                row.cleared_at = max(row.opened_at, min(gone[row.meter_id], now))
                row.save(update_fields=["cleared_at"])
                saved.cleared += 1
                saved.points.add(row.point_id or 0)
        settle_points(saved.points - {0})
    return saved


def _read_limits() -> pl.DataFrame:
    rows = OwnLimit.objects.values_list("series_id", "span", "limit", "starts_at", "ends_at")
    return pl.DataFrame(list(rows), schema=dict(LIMITS), orient="row")


def _read_falls(watched: pl.DataFrame) -> pl.DataFrame:
    """What validation found of registers of water that fell (V05), whatever was decided about it."""
    rows = Finding.objects.filter(code="V05", observed__lt=0, detail__in=list(_FALLS)).exclude(state=Finding.State.GONE)
    told = [
        (series, at, -(observed or 0), _FALLS[detail])
        for series, at, observed, detail in rows.values_list("series_id", "starts_at", "observed", "detail")
    ]
    falls = pl.DataFrame(told, schema=dict(FALLS), orient="row")
    litres = watched.filter((pl.col("unit") == "l") & (pl.col("meaning") == "use"))
    return falls.join(litres.select("series"), on="series", how="semi")
