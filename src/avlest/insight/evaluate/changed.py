# SPDX-License-Identifier: Apache-2.0
"""What must be looked at again, and remembering how far one has come."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Final

import polars as pl
from django.db import transaction

from avlest.insight.evaluate.restart import derive_restarts
from avlest.insight.models import Alarm, Evaluation, EvaluationRequest
from avlest.readings.tables import Store

TOUCHED: Final[dict[str, pl.DataType]] = {"subject": pl.Int64(), "at": pl.Datetime("us", "UTC")}


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """`restarts` (`subject, start`), and what is remembered when all of it is done."""

    name: str
    restarts: pl.DataFrame
    version: int
    version_at: datetime
    requests: tuple[int, ...] = ()

    def keep_done(self, *, until: datetime) -> None:
        """Remember that everything up to this version was evaluated."""
        with transaction.atomic():
            values = {"version": self.version, "version_at": self.version_at, "until": until}
            Evaluation.objects.update_or_create(name=self.name, defaults=values)
            EvaluationRequest.objects.filter(pk__in=self.requests).delete()


def find_work(
    store: Store, *, name: str, table: str, subjects: pl.DataFrame, scope: str, evidence: str, points: pl.DataFrame
) -> Work:
    """What was appended to a Delta table since the last time, and requested, as subjects and instants to begin at.

    `subjects`: `id` (of the table), `subject`.  `points`: `point, subject`.
    """
    state = Evaluation.objects.filter(name=name).first()
    changes = store.changes(table, since=state.version if state else None, since_at=state.version_at if state else None)
    key = changes.ids.columns[0]
    appended = changes.ids.join(subjects, left_on=key, right_on="id").select("subject", pl.col("first").alias("at"))
    requests = list(EvaluationRequest.objects.values_list("pk", "point_id", "since"))
    asked = pl.DataFrame(
        [(point, since) for _, point, since in requests], schema={"point": pl.Int64, "at": TOUCHED["at"]}, orient="row"
    ).join(points, on="point")
    touched = pl.concat([_cast(appended), asked.select("subject", "at")])
    restarts = derive_restarts(touched, read_spans(scope, evidence))
    return Work(name, restarts, changes.version, changes.at, tuple(number for number, _, _ in requests))


def find_chosen(restarts_from: pl.DataFrame, *, scope: str, evidence: str) -> pl.DataFrame:
    """Subjects that somebody wants evaluated again (`subject, at`), as `subject, start`."""
    return derive_restarts(_cast(restarts_from), read_spans(scope, evidence))


def _cast(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(name).cast(dtype) for name, dtype in TOUCHED.items())


def read_spans(scope: str, evidence: str) -> pl.DataFrame:
    """From when to when alarms stood: `subject, opened_at, cleared_at`."""
    rows = Alarm.objects.filter(scope=scope, evidence=evidence).values_list("subject", "opened_at", "cleared_at")
    schema = {"subject": pl.Int64(), "opened_at": TOUCHED["at"], "cleared_at": TOUCHED["at"]}
    return pl.DataFrame(list(rows.iterator(chunk_size=20_000)), schema=schema, orient="row")
