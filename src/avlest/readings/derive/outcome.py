# SPDX-License-Identifier: Apache-2.0
"""What a derivation means in the database: corrections of frozen days, findings for the queue, virtual series next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import polars as pl
from django.db.models import Q

from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.derive.differences import empty_frozen
from avlest.readings.derive.directory import read_formulas, read_of
from avlest.readings.models import Correction, Finding, Freeze
from avlest.readings.vee.contracts import Severity

_BATCH: Final = 500
LATER: Final = frozenset({"V08", "V09", "V12", "V15"})
"""Rules that look at stored rows of many series: they are checked apart, `derive.checks`."""
_RUNNING: Final = frozenset({"V09"})
_MOST_TEXT: Final = 500


def read_frozen(series: pl.DataFrame) -> pl.DataFrame:
    """Until which day each series is frozen, as `series, until` (exclusive); `series`: of the directory."""
    own = read_of(Freeze, series["series"].to_list(), Q(), "series_id", "until")
    organisations = series["organisation"].unique().to_list()
    of_medium = Freeze.objects.filter(organisation_id__in=organisations, series__isnull=True)
    rows = [(number, derive_local_day(until)) for number, until in own]
    parts = [pl.DataFrame(rows, schema=empty_frozen().schema, orient="row")]
    for organisation, medium, until in of_medium.values_list("organisation_id", "medium", "until"):
        hit = series.filter(pl.col("organisation") == organisation, pl.col("medium") == medium)
        parts.append(hit.select("series", pl.lit(derive_local_day(until)).alias("until")))
    return pl.concat(parts).group_by("series").agg(pl.col("until").max())


def do_note_corrections(corrections: pl.DataFrame, series: pl.DataFrame, *, known_at: dt.datetime) -> None:
    """Write the corrections of one task, in place of those it wrote before it was killed."""
    owners = dict(series.select("series", "organisation").iter_rows())
    Correction.objects.filter(known_at=known_at, settled_by="").delete()
    rows = [
        Correction(
            organisation_id=owners[row["series"]],
            series_id=row["series"],
            day=row["day"],
            before=row["before"],
            after=row["after"],
            before_quality=row["before_quality"],
            after_quality=row["after_quality"],
            known_at=known_at,
        )
        for row in corrections.iter_rows(named=True)
    ]
    Correction.objects.bulk_create(rows, batch_size=_BATCH, ignore_conflicts=True)


def do_note_findings(
    findings: pl.DataFrame,
    series: pl.DataFrame,
    *,
    start: dt.date,
    stop: dt.date,
    now: dt.datetime,
    codes: frozenset[str] | None = None,
) -> int:
    """Bring the queue up to what was found in the local days `[start, stop)`; return how many are new.

    What is not found any more is gone; what a person decided stays decided.  `codes`: the rules that were checked
    (None: those of derivation).  Findings that are only to know are not put into the queue.
    """
    told = findings.filter(pl.col("severity") != Severity.INFO)
    owners = dict(series.select("series", "organisation").iter_rows())
    begin, end = derive_day_start(start), derive_day_start(stop)
    during = Q(starts_at__gte=begin, starts_at__lt=end) | Q(starts_at__lt=begin, ends_at__gt=begin, code__in=_RUNNING)
    which = ~Q(code__in=LATER) if codes is None else Q(code__in=codes)
    standing = {
        _key(number, code, begins): (pk, state)
        for pk, number, code, begins, state in read_of(
            Finding, list(owners), during & which, "id", "series_id", "code", "starts_at", "state"
        )
    }
    found = {_key(row["series"], row["rule"], row["start"]): row for row in told.iter_rows(named=True)}
    new = [_finding(row, owners, now=now) for key, row in found.items() if key not in standing and key[0] in owners]
    Finding.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)
    gone = [pk for key, (pk, state) in standing.items() if key not in found and state == Finding.State.OPEN]
    back = [pk for key, (pk, state) in standing.items() if key in found and state == Finding.State.GONE]
    _set_state(gone, Finding.State.GONE, closed_at=now)
    _set_state(back, Finding.State.OPEN, closed_at=None)
    return len(new) + len(back)


def _key(series: int, code: str, begins: dt.datetime) -> tuple[int, str, dt.datetime | None]:
    """What makes two findings the same one: of a state that lasts there is one, whenever it is said to have begun."""
    return series, code, None if code in _RUNNING else begins


def _finding(row: dict[str, Any], owners: dict[int, int], *, now: dt.datetime) -> Finding:
    return Finding(
        organisation_id=owners[row["series"]],
        series_id=row["series"],
        code=row["rule"],
        severity=row["severity"],
        suggestion=row["action"] or "",
        starts_at=row["start"],
        ends_at=row["stop"] if row["stop"] is None or row["stop"] > row["start"] else None,
        observed=row["value"],
        limit=row["limit"],
        detail=(row["detail"] or "")[:_MOST_TEXT],
        found_at=now,
    )


def _set_state(numbers: Sequence[int], state: Finding.State, *, closed_at: dt.datetime | None) -> None:
    for at in range(0, len(numbers), _BATCH):
        Finding.objects.filter(pk__in=numbers[at : at + _BATCH]).update(state=state, closed_at=closed_at)


def find_dependents(changed: pl.DataFrame) -> list[int]:
    """The virtual series that have one of the changed series as a part; `changed`: rows appended to `hourly`."""
    if changed.is_empty():
        return []
    terms = read_formulas()
    return terms.join(changed, left_on="part", right_on="series", how="semi")["series"].unique().sort().to_list()
