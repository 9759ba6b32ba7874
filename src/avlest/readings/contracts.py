# SPDX-License-Identifier: Apache-2.0
"""What this room gives to others besides frames: frozen values, never ORM rows.  Pure."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime


@dataclasses.dataclass(frozen=True, slots=True)
class FindingInfo:
    """One thing a check found in a series in `[starts_at, ends_at)`, UTC.

    `code` is that of the rule (V05), `observed` and `limit` are thousandths of the unit where the rule compares
    amounts.  `suggestion` is the action proposed, or empty.  `state`: open, decided or gone.
    """

    id: int
    organisation_id: int
    series_id: int
    code: str
    severity: str
    suggestion: str
    starts_at: datetime
    ends_at: datetime | None
    observed: int | None
    limit: int | None
    detail: str
    state: str
    found_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class DecisionInfo:
    """What a person decided about a series in `[starts_at, ends_at)`; `value` is the amount of the whole period."""

    id: int
    series_id: int
    starts_at: datetime
    ends_at: datetime | None
    action: str
    value: int | None
    reason: str
    author: str
    known_at: datetime


@dataclasses.dataclass(frozen=True, slots=True)
class CorrectionInfo:
    """A local day of a series whose value changed after it was frozen.

    `difference` (thousandths of the unit) is what the next settlement takes up, at the price of that day.
    """

    id: int
    organisation_id: int
    series_id: int
    day: date
    before: int | None
    after: int | None
    before_quality: int
    after_quality: int
    known_at: datetime
    settled_by: str

    @property
    def difference(self) -> int:
        """What has been billed too little (too much: negative); a missing value counts as nothing."""
        return (self.after or 0) - (self.before or 0)


@dataclasses.dataclass(frozen=True, slots=True)
class FormulaInfo:
    """A virtual series: Σ factor × part in the local days `[starts_on, ends_on)`, not below zero where asked."""

    id: int
    series_id: int
    starts_on: date
    ends_on: date | None
    terms: tuple[tuple[int, int], ...]
    at_least_zero: bool


@dataclasses.dataclass(frozen=True, slots=True)
class DeriveProgress:
    """How far derivation is: `waiting` tasks are planned and not done, `failing` of them have an error."""

    horizon: datetime | None
    readings_version: int | None
    waiting: int
    failing: int
    error: str
