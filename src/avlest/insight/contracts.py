# SPDX-License-Identifier: Apache-2.0
"""What goes into the calculations of this room and what comes out.  Pure: no framework, file, clock or chance.

Amounts are int64 thousandths of the canonical unit (a litre is 1000), rates the same per hour, instants UTC with
microseconds, periods half-open.  One row of `ALARMS` is one alarm from the hour it is true until it is cleared; its
identity is `(scope, subject, kind, opened_at)` and of one `(scope, subject, kind)` one is open at a time.

What other modules of this room offer (each pure, over whole frames):

`insight.rules.derive_alarms(hourly, parameters, *, start, until, thresholds, away, open_alarms, zone) -> ALARMS`
    Months at once or day by day with what is still open carried over: the same rows.
`insight.rules.load_thresholds() -> Thresholds`
    The dated thresholds of rules §5.2 per customer class and unit; `parse_thresholds` for an organisation's own.
`insight.rules.estimate_leaks(alarms, *, price) -> ALARMS + LEAK_COLUMNS`
    Kroner so far and per year; the price per m³ is an argument.
`insight.infocodes.derive_info_alarms(statuses, *, start, until, open_alarms) -> ALARMS`
    The meters' own words (`LEAK`, `BURST`, `TAMPER` …) as alarms; `decode_info_16`, `decode_info_32` for registers.
`insight.silence.derive_silence(meters, *, at, rules) -> SilenceResult`
    Silent meters with their causes: a gateway, a power cut, the meter.
`insight.balance`, `insight.comparison`, `insight.coverage`
    Zone balance (rules §5.3), comparison (rules §2.7), expected against received.
`insight.texts.get_alarm_text(kind, *, severity, cause, advice, language) -> AlarmText`
    Title, what it means and what to check, in bokmål, nynorsk and English.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import polars as pl

UTC_MICROSECONDS = pl.Datetime("us", "UTC")

TRUSTED_RANK = 40
"""Values of this quality rank or better were read or set by a person (rules §4.2); what ranks lower was calculated and
raises no alarm on its own."""

LOOKBACK_DAYS = 60
"""How many days before `start` the hourly frame must hold for a full history: eight weeks and the days that three
nights and local midnight add.  With less, rules that need the history wait for it."""


class AlarmKind(StrEnum):
    """What is the matter (rules §5.2)."""

    CONTINUOUS_FLOW = "continuous_flow"
    CONTINUOUS_FLOW_7D = "continuous_flow_7d"
    NIGHT_FLOW = "night_flow"
    BURST = "burst"
    HIGH_DAY = "high_day"
    NO_CONSUMPTION = "no_consumption"
    AWAY_FLOW = "away_flow"
    BACKFLOW = "backflow"
    FREEZE_RISK = "freeze_risk"
    LOW_BATTERY = "low_battery"
    SILENT = "silent"
    GATEWAY_SILENT = "gateway_silent"
    POWER_CUT = "power_cut"
    TAMPER = "tamper"
    DRY = "dry"
    OVERHEAT = "overheat"
    OVERLOAD = "overload"
    SMOKE = "smoke"
    METER_FAULT = "meter_fault"
    OWN_HOUR = "own_hour"
    OWN_DAY = "own_day"
    OWN_MONTH = "own_month"
    METER_NOTICE = "meter_notice"
    """A status word that no table explains: kept and shown, nobody is woken."""


class Severity(StrEnum):
    """How soon somebody must act."""

    CRITICAL = "critical"
    """Water may be running out or freezing now: also in quiet hours."""
    SEVERE = "severe"
    WARNING = "warning"
    NOTICE = "notice"


class Scope(StrEnum):
    """What an alarm is about; `subject` is its id."""

    SERIES = "series"
    METER = "meter"
    GATEWAY = "gateway"
    ZONE = "zone"


class Evidence(StrEnum):
    """Where the alarm was seen."""

    SERIES = "series"
    METER = "meter"
    SILENCE = "silence"
    AGE = "age"


class Cause(StrEnum):
    """The probable cause: a code, the words are in `insight/texts`."""

    DRIP = "drip"
    CISTERN = "cistern"
    SAFETY_VALVE = "safety_valve"
    PIPE = "pipe"
    BURST_PIPE = "burst_pipe"
    GARDEN = "garden"
    FROST = "frost"
    FROST_DRIP = "frost_drip"
    HIGH_USE = "high_use"
    VACANT = "vacant"
    METER_STOPPED = "meter_stopped"
    CHECK_VALVE = "check_valve"
    COLD_ROOM = "cold_room"
    BATTERY = "battery"
    RADIO = "radio"
    GATEWAY = "gateway"
    POWER = "power"
    MANIPULATION = "manipulation"
    AIR = "air"
    HEAT = "heat"
    TOO_SMALL_METER = "too_small_meter"
    SMOKE = "smoke"
    METER = "meter"
    OWN_LIMIT = "own_limit"
    UNKNOWN = "unknown"


class CustomerClass(StrEnum):
    """Whose thresholds a series follows; a series of no class is not watched for leaks (a heating circuit, say)."""

    HOME = "home"
    CABIN = "cabin"
    FARM = "farm"
    BUSINESS = "business"
    INSTITUTION = "institution"
    BUILDING = "building"
    """The main meter of many homes: hours without flow are not expected."""
    ZONE = "zone"
    """The inflow of a district metered area."""


class Meaning(StrEnum):
    """What a series says: which rules may read it."""

    USE = "use"
    REVERSE = "reverse"
    """A register that counts backward flow."""
    AMBIENT = "ambient"
    WATER_TEMPERATURE = "water_temperature"


HOURLY: Mapping[str, pl.DataType] = {
    "series": pl.Int64(),
    "hour": UTC_MICROSECONDS,
    "value": pl.Int64(),
    "quality": pl.Int16(),
}
"""The columns read of the table `hourly`; others may be there. Counters: use in `[hour, hour + 1 h)`; gauges: the mean.
A missing hour is null or no row at all."""

PARAMETERS: Mapping[str, pl.DataType] = {
    "series": pl.Int64(),
    "customer_class": pl.String(),
    "meaning": pl.String(),
    "unit": pl.String(),
    "resolution": pl.Int64(),
    "occupied": pl.Boolean(),
    "partner": pl.Int64(),
}
"""One row per series: `CustomerClass`, `Meaning`, canonical unit (`l`, `kwh`, `c`), smallest step of the meter in
thousandths, whether somebody lives or works there, and for a water temperature the series of the use of that meter."""

AWAY: Mapping[str, pl.DataType] = {
    "series": pl.Int64(),
    "starts_at": UTC_MICROSECONDS,
    "ends_at": UTC_MICROSECONDS,
}
"""When nobody is there, as the people said; `ends_at` null: until they say otherwise."""

STATUSES: Mapping[str, pl.DataType] = {
    "meter": pl.Int64(),
    "at": UTC_MICROSECONDS,
    "status": pl.String(),
}
"""The status words of a meter from `at` on, until its next row (the catalogue's words, separated by blank or comma;
`OK` or empty: nothing is the matter)."""

ALARMS: Mapping[str, pl.DataType] = {
    "scope": pl.String(),
    "subject": pl.Int64(),
    "kind": pl.String(),
    "severity": pl.String(),
    "since": UTC_MICROSECONDS,
    "opened_at": UTC_MICROSECONDS,
    "last_at": UTC_MICROSECONDS,
    "cleared_at": UTC_MICROSECONDS,
    "rate": pl.Int64(),
    "amount": pl.Int64(),
    "count": pl.Int32(),
    "cause": pl.String(),
    "advice": pl.List(pl.String()),
    "evidence": pl.String(),
    "detail": pl.String(),
}
"""`since`: when it began, walked back exactly (the first hour of the flow). `opened_at`: when the rule could first
know, the end of the hour that decided. `last_at`: the end of the last hour of which it is known to be so. `cleared_at`
null: still open. `rate`: thousandths per hour that should not be (leaks) or that were measured (high use); null where
it makes no sense. `amount`: thousandths from `since` on. `count`: how many meters it is about. `advice`: codes of what
to check. `detail`: words of the meter, or what else a specialist wants to see."""

LEAK_COLUMNS: Mapping[str, pl.DataType] = {
    "cost_so_far": pl.Int64(),
    "yearly_amount": pl.Int64(),
    "cost_per_year": pl.Int64(),
}
"""Øre, thousandths, øre; null where there is no rate."""

SUPERSEDES: Mapping[AlarmKind, AlarmKind] = {
    AlarmKind.CONTINUOUS_FLOW_7D: AlarmKind.CONTINUOUS_FLOW,
}
"""A kind that escalates another: both are open, people get one message."""

LEAK_KINDS: frozenset[AlarmKind] = frozenset(
    {
        AlarmKind.CONTINUOUS_FLOW,
        AlarmKind.CONTINUOUS_FLOW_7D,
        AlarmKind.NIGHT_FLOW,
        AlarmKind.BURST,
        AlarmKind.AWAY_FLOW,
    }
)
"""Kinds that tell of water running away: they have a rate, an amount and a price."""

EVENT_KINDS: frozenset[AlarmKind] = frozenset({AlarmKind.HIGH_DAY})
"""Kinds about a day that is over: cleared when they are opened (rules §5.2 has no clear rule for them)."""


def make_empty(schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """A frame of these columns without rows."""
    return pl.DataFrame(schema=dict(schema))
