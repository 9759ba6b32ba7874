# SPDX-License-Identifier: Apache-2.0
"""Finding what is to be derived again, and writing it down as tasks.

Causes are appended readings (the change feed of the table), changed installations, requests of services, and hours
that have become due.  Finding takes time and no lock; then one short transaction moves the state on and writes the
tasks, unless another planner was faster.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Final

import polars as pl
from django.db import transaction

from avlest.readings import vee
from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.derive.directory import Directory, read_formulas
from avlest.readings.derive.frames import (
    SPANS,
    TOUCHED,
    clip_touched,
    empty,
    find_changed_feeds,
    group_touched,
    join_touched,
    pack,
    unpack,
)
from avlest.readings.derive.horizon import derive_horizon
from avlest.readings.models import DeriveRequest, DeriveState, DeriveTask
from avlest.readings.quality import Quality
from avlest.readings.tables import Changes, Store
from avlest.readings.vee.contracts import FEEDS, HISTORY, LONG_HISTORY, MARGIN

_DAY: Final = dt.timedelta(days=1)
_TICK: Final = dt.timedelta(microseconds=1)
_PORTION: Final = 512
_ESTIMATES: Final = ["series", "hour", "quality", "rule"]
_HEARD: Final = {"register": pl.Int64(), "first": pl.Datetime("us", "UTC"), "last": pl.Datetime("us", "UTC")}


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What a planner found: touched days, and the state as it will be."""

    state: DeriveState
    changes: Changes
    feeds: pl.DataFrame
    spans: pl.DataFrame
    touched: pl.DataFrame
    horizon: dt.datetime
    requests: tuple[int, ...]


def do_plan(store: Store, directory: Directory, *, now: dt.datetime) -> int:
    """Write tasks for everything that changed since the last plan; return how many.

    Killed before the transaction nothing has happened; after it the tasks are there.
    """
    plan = _find(store, directory, now=now)
    return _write(plan, now=now)


def do_plan_chosen(
    store: Store,
    directory: Directory,
    *,
    series_ids: Sequence[int] | None,
    first: dt.date | None,
    stop: dt.date | None,
    now: dt.datetime,
) -> int:
    """Write tasks for chosen series (None: all) and days (None: from the first, to the last); return how many."""
    plan = _find(store, directory, now=now)
    chosen = plan.spans if series_ids is None else plan.spans.filter(pl.col("series").is_in(list(series_ids)))
    days = chosen.select(
        "series",
        pl.lit(first or dt.date(2000, 1, 1)).alias("start"),
        pl.lit(stop or dt.date(2100, 1, 1)).alias("stop"),
    )
    touched = clip_touched(join_touched([plan.touched, days]), plan.spans, last=derive_local_day(now) + _DAY)
    return _write(dataclasses.replace(plan, touched=touched), now=now)


def _find(store: Store, directory: Directory, *, now: dt.datetime) -> Plan:
    directory.refresh()
    state = DeriveState.objects.get_or_create(name="derive")[0]
    changes = store.changes("readings", since=state.readings_version, since_at=state.readings_at)
    feeds = directory.feeds.select(list(FEEDS))
    requests = list(DeriveRequest.objects.order_by("pk"))
    known = unpack(state.spans, SPANS)
    heard = [changes.ids, _read_heard(store, find_changed_feeds(unpack(state.feeds, FEEDS), feeds), state)]
    spans = _extend_spans(known, pl.concat(heard), directory.feeds)
    spans = _extend_virtual(spans)
    horizon = max(derive_horizon(now), state.horizon or derive_horizon(now))
    last = derive_local_day(now) + _DAY
    causes = [
        _touched_by_readings(store, changes, known, feeds, now=now),
        _touched_by_feeds(unpack(state.feeds, FEEDS), feeds),
        _touched_by_requests(requests, directory),
    ]
    again = _touch_estimates(store, clip_touched(join_touched(causes), known, last=last))
    first = [_touched_by_time(state.horizon, horizon, directory, spans), _touched_first(known, spans, horizon=horizon)]
    touched = clip_touched(join_touched([again, *causes, *first]), spans, last=last)
    return Plan(state, changes, feeds, spans, touched, horizon, tuple(request.pk for request in requests))


def _read_heard(store: Store, changed: pl.DataFrame, state: DeriveState) -> pl.DataFrame:
    """When the registers of changed feeds were heard, day by day: their readings may be older than the feeds."""
    parts = [pl.DataFrame(schema=_HEARD)]
    # Before the first plan everything is in the change feed.
    registers = pl.Series([], dtype=pl.Int64) if state.readings_version is None else changed["register"].unique().sort()
    for at in range(0, len(registers), _PORTION):
        rows = store.read_range("readings", ids=registers[at : at + _PORTION])
        days = rows.group_by("register", pl.col("at").dt.date().alias("day")).agg(
            pl.col("at").min().alias("first"), pl.col("at").max().alias("last")
        )
        parts.append(days.select(list(_HEARD)))
    return pl.concat(parts)


def _extend_spans(known: pl.DataFrame, heard: pl.DataFrame, feeds: pl.DataFrame) -> pl.DataFrame:
    """The first day of each series: that of its first reading while it was fed, or of a noted start value before it."""
    heard = heard.join(feeds, on="register").filter(
        pl.col("last") >= pl.col("starts_at"), (pl.col("first") <= pl.col("ends_at")).fill_null(value=True)
    )
    noted = pl.when(pl.col("start_value").is_not_null()).then(pl.min_horizontal("first", "starts_at"))
    first = pl.max_horizontal(noted.otherwise("first"), "starts_at")
    day = first.dt.convert_time_zone("Europe/Oslo").dt.date()
    new = heard.select("series", day.alias("first_day"))
    both = pl.concat([known, new.select(list(SPANS))])
    return both.group_by("series").agg(pl.col("first_day").min()).sort("series")


def _extend_virtual(spans: pl.DataFrame) -> pl.DataFrame:
    """Virtual series begin with the first of their parts; a formula may stand on another, so it is done until still."""
    terms = read_formulas().select("series", "part", "starts_on")
    while True:
        begun = terms.join(spans, left_on="part", right_on="series").select(
            "series", pl.max_horizontal("first_day", "starts_on").alias("first_day")
        )
        wider = pl.concat([spans, begun]).group_by("series").agg(pl.col("first_day").min()).sort("series")
        if wider.equals(spans):
            return spans
        spans = wider


def _touched_by_readings(
    store: Store, changes: Changes, known: pl.DataFrame, feeds: pl.DataFrame, *, now: dt.datetime
) -> pl.DataFrame:
    """Days touched by readings, of series that have been derived before; new ones are derived whole."""
    mine = feeds.join(known, on="series", how="semi")
    changed = changes.ids.rename({"first": "first_at", "last": "last_at"}).join(mine, on="register", how="semi")
    parts = [empty(TOUCHED)]
    for at in range(0, changed.height, _PORTION):
        some = changed.slice(at, _PORTION)
        around = store.read_range(
            "readings",
            ids=some["register"].unique(),
            start=_least(some["first_at"]) - MARGIN,
            stop=_most(some["last_at"]) + MARGIN,
        )
        parts.append(vee.derive_touched(some, mine.join(some, on="register", how="semi"), around, horizon=now))
    return join_touched(parts)


def _touch_estimates(store: Store, touched: pl.DataFrame) -> pl.DataFrame:
    """Add the days of estimates that looked at touched hours."""
    if touched.is_empty():
        return touched
    start, stop = derive_day_start(_first_day(touched)) - MARGIN, derive_day_start(_last_day(touched)) + LONG_HISTORY
    parts = [empty(HISTORY).select(_ESTIMATES)]
    ids = touched["series"].unique().sort()
    for at in range(0, len(ids), _PORTION):
        rows = store.read_range("hourly", ids=ids[at : at + _PORTION], start=start, stop=stop)
        # Hours that a person gave a value were spread by the profile too.
        estimated = rows.filter((pl.col("quality") < Quality.EDITED) | pl.col("rule").is_not_null())
        parts.append(estimated.select(_ESTIMATES))
    return vee.extend_touched(touched, pl.concat(parts))


def _least(column: pl.Series) -> dt.datetime:
    value = column.min()
    if not isinstance(value, dt.datetime):
        raise TypeError("no instant")
    return max(value, dt.datetime(2000, 1, 10, tzinfo=dt.UTC))


def _most(column: pl.Series) -> dt.datetime:
    value = column.max()
    if not isinstance(value, dt.datetime):
        raise TypeError("no instant")
    return value


def _first_day(touched: pl.DataFrame) -> dt.date:
    value = touched["start"].min()
    return max(value, dt.date(2000, 1, 10)) if isinstance(value, dt.date) else dt.date(2000, 1, 10)


def _last_day(touched: pl.DataFrame) -> dt.date:
    value = touched["stop"].max()
    return value if isinstance(value, dt.date) else dt.date(2000, 1, 10)


def _touched_by_feeds(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Days of feeds that came, went or changed, with the gap before them."""
    changed = find_changed_feeds(before, after)
    start = pl.col("starts_at").dt.convert_time_zone("Europe/Oslo").dt.date() - MARGIN
    return changed.select("series", start.alias("start"), pl.lit(dt.date(2100, 1, 1)).alias("stop"))


def _touched_by_requests(requests: Sequence[DeriveRequest], directory: Directory) -> pl.DataFrame:
    parts = [empty(TOUCHED)]
    for request in requests:
        rows = directory.series.filter(pl.col("organisation") == request.organisation_id)
        if request.series_id is not None:
            rows = rows.filter(pl.col("series") == request.series_id)
        elif request.meter_class:
            # A class may have been given to a series by hand, and classes have parents: all counters are looked at.
            rows = rows.filter(pl.col("kind") != "gauge")
        first, stop = request.first_day or dt.date(2000, 1, 1), request.stop_day or dt.date(2100, 1, 1)
        parts.append(rows.select("series", pl.lit(first).alias("start"), pl.lit(stop).alias("stop")))
    return pl.concat(parts)


def _touched_by_time(
    before: dt.datetime | None, after: dt.datetime, directory: Directory, spans: pl.DataFrame
) -> pl.DataFrame:
    """Hours that have become due: of series that are fed still, and of virtual ones."""
    if before is None or before >= after:
        return empty(TOUCHED)
    ended = directory.feeds.group_by("series").agg(
        pl.col("ends_at").max(), pl.col("ends_at").is_null().any().alias("open")
    )
    over = ended.filter(~pl.col("open"), pl.col("ends_at") <= before)
    active = spans.join(over, on="series", how="anti")
    return active.select(
        "series", pl.lit(derive_local_day(before)).alias("start"), pl.lit(derive_local_day(after)).alias("stop")
    )


def _touched_first(known: pl.DataFrame, spans: pl.DataFrame, *, horizon: dt.datetime) -> pl.DataFrame:
    """Series that begin, or begin earlier than was known: all their days."""
    new = spans.join(known, on=["series", "first_day"], how="anti")
    stop = max(derive_local_day(horizon), dt.date(2100, 1, 1))
    return new.select("series", pl.col("first_day").alias("start"), pl.lit(stop).alias("stop"))


@transaction.atomic
def _write(plan: Plan, *, now: dt.datetime) -> int:
    """Move the state on and write the tasks, unless another planner did meanwhile."""
    state = plan.state
    known_at = max(now, (state.known_at or now) + _TICK)
    windows = list(group_touched(plan.touched))
    moved = DeriveState.objects.filter(name=state.name, plans=state.plans).update(
        plans=state.plans + 1,
        readings_version=plan.changes.version,
        readings_at=plan.changes.at,
        horizon=plan.horizon,
        known_at=known_at + _TICK * len(windows),
        feeds=pack(plan.feeds),
        spans=pack(plan.spans),
    )
    if not moved:
        return 0
    for number, (first, stop, series) in enumerate(windows):
        make_task(series, first, stop, horizon=plan.horizon, known_at=known_at + _TICK * number, now=now).save()
    DeriveRequest.objects.filter(pk__in=plan.requests).delete()
    return len(windows)


def make_task(
    series: Sequence[int],
    first: dt.date,
    stop: dt.date,
    *,
    horizon: dt.datetime,
    known_at: dt.datetime,
    now: dt.datetime,
) -> DeriveTask:
    """A task that is not saved yet."""
    body = pack(pl.DataFrame({"series": list(series)}, schema={"series": pl.Int64()}))
    return DeriveTask(
        planned_at=now, horizon=horizon, known_at=known_at, first_day=first, stop_day=stop, count=len(series), body=body
    )


def do_request(
    organisation_id: int,
    *,
    series_id: int | None = None,
    meter_class: str = "",
    first_day: dt.date | None = None,
    stop_day: dt.date | None = None,
) -> None:
    """Ask for derivation because something other than a reading changed; call it in the transaction of the change."""
    DeriveRequest(
        organisation_id=organisation_id,
        series_id=series_id,
        meter_class=meter_class,
        first_day=first_day,
        stop_day=stop_day,
    ).save(force_insert=True)
