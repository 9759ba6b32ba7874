# SPDX-License-Identifier: Apache-2.0
"""Values of intervals between Elhub and us, and Elhub's words for how sure they are.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from avlest.readings.quality import Quality


class Status(StrEnum):
    """Elhub's statuses of a value (Elhub standard 4-0), as written in Norwegian."""

    MEASURED = "Målt"
    ESTIMATED = "Estimert"
    FINAL_ESTIMATED = "Endelig estimert"
    TEMPORARY = "Midlertidig"
    MISSING = "Manglende"
    REJECTED = "Avvist"


SENT: Final = (Status.MEASURED, Status.TEMPORARY, Status.ESTIMATED, Status.FINAL_ESTIMATED)
"""Only these are sent to Elhub (ediel2/vee-standard)."""

_QUALITIES: Final[Mapping[Status, Quality]] = {
    Status.MEASURED: Quality.MEASURED,
    Status.ESTIMATED: Quality.ESTIMATED,
    Status.FINAL_ESTIMATED: Quality.FINAL_ESTIMATED,
    Status.TEMPORARY: Quality.TEMPORARY,
    Status.MISSING: Quality.MISSING,
    Status.REJECTED: Quality.REJECTED,
}
_WORDS: Final[Mapping[str, Status]] = {
    **{status.value.casefold(): status for status in Status},
    "beregnet": Status.ESTIMATED,
    "measured": Status.MEASURED,
    "calculated": Status.ESTIMATED,
    "estimated": Status.ESTIMATED,
    "finalestimated": Status.FINAL_ESTIMATED,
    "temporary": Status.TEMPORARY,
    "missing": Status.MISSING,
    "rejected": Status.REJECTED,
}


class Direction(StrEnum):
    """Which way energy went, in the words of the Energy Data API."""

    OUT = "Out"
    """Consumption: out of the grid."""
    IN = "In"
    """Production: into the grid."""


@dataclass(frozen=True, slots=True)
class IntervalValue:
    """What went through one metering point in `[start, stop)`, UTC: whole watt-hours.

    `inserted_at` is when Elhub got the value; of several for one interval the newest counts.
    """

    gsrn: str
    start: datetime
    stop: datetime
    direction: Direction
    watt_hours: int
    status: Status = Status.MEASURED
    inserted_at: datetime | None = None

    @property
    def minutes(self) -> int:
        """Length of the interval: 15 or 60."""
        return (self.stop - self.start) // timedelta(minutes=1)


def parse_status(text: str) -> Status:
    """Return the status of a word; empty is measured.  Raises `ValueError` naming what is expected."""
    word = "".join(text.split()).casefold() if text.isascii() else text.strip().casefold()
    if not word:
        return Status.MEASURED
    found = _WORDS.get(text.strip().casefold()) or _WORDS.get(word)
    if found is None:
        raise ValueError(f"one of {', '.join(Status)}")
    return found


def derive_quality(status: Status) -> Quality:
    """Return the rank of a status."""
    return _QUALITIES[status]


def derive_status(quality: int | None, value: int | None) -> Status:
    """Return Elhub's status of one of our values: read is Målt, decided or final is Endelig estimert."""
    if value is None or quality is None or quality <= Quality.MISSING:
        return Status.MISSING
    ranks = (
        (Quality.CUSTOMER_READ, Status.MEASURED),
        (Quality.FINAL_ESTIMATED, Status.FINAL_ESTIMATED),
        (Quality.ESTIMATED, Status.ESTIMATED),
    )
    return next((status for least, status in ranks if quality >= least), Status.TEMPORARY)


def keep_newest(values: list[IntervalValue]) -> list[IntervalValue]:
    """Of several values for one (point, start, direction) keep the one inserted last, in order of time."""
    newest: dict[tuple[str, datetime, Direction], IntervalValue] = {}
    for value in values:
        key = (value.gsrn, value.start, value.direction)
        before = newest.get(key)
        if before is None or _inserted(value) >= _inserted(before):
            newest[key] = value
    return [newest[key] for key in sorted(newest)]


def _inserted(value: IntervalValue) -> float:
    return value.inserted_at.timestamp() if value.inserted_at else 0.0
