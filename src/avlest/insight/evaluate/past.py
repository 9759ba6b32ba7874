# SPDX-License-Identifier: Apache-2.0
"""Silences that were over before anybody looked: for a history that came all at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl
from django.db import transaction

from avlest.insight.contracts import UTC_MICROSECONDS, Evidence
from avlest.insight.evaluate.saving import Saved
from avlest.insight.evaluate.settling import settle_points
from avlest.insight.evaluate.silence import build_meters, get_placed, join_heard, keep_silence
from avlest.insight.evaluate.statuses import get_speakers
from avlest.insight.models import Alarm
from avlest.insight.silence import derive_past_silence, load_silence_rules, pick_rule
from avlest.readings.calendar import derive_local_day
from avlest.readings.tables import Store

_PORTION: Final = timedelta(days=31)
_KEY: Final = ("scope", "subject", "kind")


def do_find_past_silence(store: Store, *, since: datetime | None, now: datetime) -> Saved:
    """Find who was silent from `since` on (None: ever) and has been heard again by `now`; keep it as ended alarms.

    Whom a meter's gateway was then is not known: the one that hears it now counts.  Idempotent.
    """
    placed = get_placed()
    rule = pick_rule(load_silence_rules(), derive_local_day(now))
    meters = build_meters(placed, rule)
    begun = join_heard(placed)["first_heard_at"].min()
    if not isinstance(begun, datetime):
        return Saved()
    start = max(begun, since) if since else begun
    heard = _read_heard(store, meters, start, now)
    found = derive_past_silence(meters, heard, start=start, until=now, rule=rule)
    with transaction.atomic():
        saved = keep_silence(_leave_out_known(found), [], placed, now)
        settle_points(saved.points)
    return saved


def _read_heard(store: Store, meters: pl.DataFrame, start: datetime, until: datetime) -> pl.DataFrame:
    """The instants at which meters were heard (`meter, at`); a month at a time, because years of a town are many."""
    registers = get_speakers().registers.join(meters.select("meter"), on="meter")
    parts = [pl.DataFrame(schema={"meter": pl.Int64, "at": UTC_MICROSECONDS})]
    while start < until:
        stop = min(start + _PORTION, until)
        rows = store.read_range("readings", ids=registers["register"], start=start, stop=stop, columns=())
        parts.append(rows.join(registers, on="register").select("meter", "at"))
        start = stop
    return pl.concat(parts)


def _leave_out_known(found: pl.DataFrame) -> pl.DataFrame:
    """`found` without what overlaps a silence that is kept already: who looked at the time knew better."""
    rows = Alarm.objects.filter(evidence=str(Evidence.SILENCE)).values_list(*_KEY, "since", "cleared_at")
    times = found.schema["opened_at"]
    schema = {"scope": pl.String(), "subject": pl.Int64(), "kind": pl.String(), "began": times, "ended": times}
    known = found.join(pl.DataFrame(list(rows), schema=schema, orient="row"), on=list(_KEY)).filter(
        (pl.col("cleared_at") > pl.col("began")) & (pl.col("ended").is_null() | (pl.col("since") < pl.col("ended")))
    )
    return found.join(known, on=[*_KEY, "opened_at"], how="anti")
