# SPDX-License-Identifier: Apache-2.0
"""What this room gives to others about alarms, zones, coverage and comparison: frozen values, never ORM rows.

Amounts are thousandths of `unit`, rates the same per hour, money øre, instants UTC.
"""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from enum import StrEnum

from avlest.insight.balance import Infrastructure
from avlest.insight.comparison import Comparison
from avlest.insight.contracts import AlarmKind
from avlest.insight.texts import AlarmText, get_alarm_text


class AlarmState(StrEnum):
    """Where an alarm is in its life."""

    OPEN = "open"
    SNOOZED = "snoozed"
    ACKNOWLEDGED = "acknowledged"
    """Somebody of the staff has seen it."""
    FIXED = "fixed"
    """Somebody says it is mended; the series has not shown it yet."""
    CLEARED = "cleared"


@dataclasses.dataclass(frozen=True, slots=True)
class ToldInfo:
    """Who was told, how, and what became of the message."""

    name: str
    channel: str
    step: str
    state: str
    made_at: datetime
    sent_at: datetime | None
    read_at: datetime | None
    error: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class AlarmBrief:
    """What is needed of hundreds of open alarms to count and order them; `rate` as in `AlarmInfo`."""

    id: int
    kind: str
    cause: str
    severity: str
    rate: int | None
    since: datetime
    count: int
    acknowledged_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AlarmInfo:
    """One alarm with all that it carries: since when, how much, what it costs, why, what to check, who was told.

    `amount`, `cost` and what a year would cost are None where they make no sense, and where the viewer may know only a
    part of the time it lasted.  `count`: how many meters it stands for.
    """

    id: int
    organisation_id: int
    scope: str
    subject: int
    kind: AlarmKind
    severity: str
    state: AlarmState
    since: datetime
    opened_at: datetime
    last_at: datetime
    cleared_at: datetime | None
    cause: str
    advice: tuple[str, ...]
    evidence: str
    detail: str
    unit: str
    rate: int | None
    amount: int | None
    cost: int | None
    yearly_amount: int | None
    cost_per_year: int | None
    count: int
    point_id: int | None
    series_id: int | None
    meter_id: int | None
    gateway_id: int | None
    zone_id: int | None
    place: str
    """Where, in words: an address and unit, the name of a gateway or zone."""
    cause_key: str
    acknowledged_at: datetime | None
    acknowledged_by: str
    fixed_at: datetime | None
    fixed_by: str
    snoozed_until: datetime | None
    note: str
    told: tuple[ToldInfo, ...] = ()
    parts: tuple[AlarmInfo, ...] = ()
    """What else tells of the same leak (`insight.cases`)."""

    @property
    def is_open(self) -> bool:
        """Whether the matter still stands."""
        return self.cleared_at is None

    def get_text(self, language: str = "nb") -> AlarmText:
        """Its words: title, meaning, probable cause, checks."""
        return get_alarm_text(
            self.kind, severity=self.severity, cause=self.cause, advice=self.advice, language=language
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCounts:
    """Open alarms of an organisation, those that other alarms stand for left out."""

    total: int
    by_kind: dict[str, int]
    by_severity: dict[str, int]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class BalanceInfo:
    """The water balance of one zone over a local day or month; thousandths of a litre, margins ± (95 %).

    `supplied` and what follows from it are None where an inflow was not measured the whole time.  `share`: percent of
    the supplied that no meter counted.  `infrastructure`: ILI, where the zone's pipes are known.
    """

    zone_id: int
    zone: str
    span: str
    starts_on: date
    days: int
    supplied: int | None
    metered: int
    metered_margin: int
    unmetered: int
    non_revenue: int | None
    margin: int | None
    share: float | None
    coverage: float
    infrastructure: Infrastructure | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NightInfo:
    """The night of one zone: thousandths of a litre per hour."""

    zone_id: int
    zone: str
    day: date
    hours: int
    inflow: int
    metered: int
    assumed: int
    coverage: float
    leak: int
    margin: int
    daily_leak: int
    daily_margin: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CoverageInfo:
    """One day of all (`dimension` `all`), a `road`, `source`, `gateway` or `zone`; `label` says which in words."""

    dimension: str
    key: str
    label: str
    day: date
    meters: int
    heard: int
    expected: int
    received: int

    @property
    def share(self) -> float:
        """Received of expected, 0 to 1."""
        return self.received / self.expected if self.expected else 1.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PeersInfo:
    """A home among its like; None where the group is too small or something is not known (`omitted` says which)."""

    size: int
    average: int | None
    best: int | None
    less_than: int | None
    """It uses less than so many of ten others."""
    more_than: int | None
    omitted: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonInfo:
    """The use of one series in local days `[first, until)` against other times and other homes."""

    series_id: int
    unit: str
    first: date
    until: date
    value: int | None
    """None: no day of it is known."""
    known_days: int
    previous: Comparison
    last_year: Comparison
    corrected: Comparison | None
    """Against last year in this year's weather; None for what does not follow the weather."""
    peers: PeersInfo


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OwnLimitInfo:
    """A resident's own limit; `limit` in thousandths of the series' unit per `span` (hour, day, month)."""

    id: int
    point_id: int
    series_id: int
    span: str
    limit: int
    starts_at: datetime
    ends_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceInfo:
    """Nobody is there, people said."""

    id: int
    point_id: int
    starts_at: datetime
    ends_at: datetime | None
