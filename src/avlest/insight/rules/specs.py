# SPDX-License-Identifier: Apache-2.0
"""The shape of each rule's thresholds.  Pure.

Fields made by `amount()` are given in the unit of the series (litres, kWh, °C) and held as int64 thousandths.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from avlest.insight.contracts import AlarmKind

SCALED = "scaled"


def amount(default: int | None = None) -> Any:
    """A field whose number in the file is in the unit of the series and is held in thousandths."""
    metadata = {SCALED: True}
    return (
        dataclasses.field(metadata=metadata)
        if default is None
        else dataclasses.field(default=default, metadata=metadata)
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ContinuousFlow:
    """No hour without flow for `hours`; `known_hours` of them must have been measured.

    `limit`: an hour at or below it counts as no flow. `max_gap`: so many hours without a value end what is known of
    the flow. `adaptive` > 0: the limit is at least this many times the low quartile of the series' own daily minima.
    `chance` > 0: a stretch without flow as likely as this by the home's own habits (of `chance_hours` at most) is no
    leak, unless the quietest hours of the day run at `fast_rate` or more.
    """

    hours: int
    known_hours: int
    limit: int = amount()
    max_gap: int
    adaptive: float = 0.0
    chance: float = 0.0
    chance_hours: int = 0
    fast_rate: int = amount(0)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NightFlow:
    """Median of the hours `[from_hour, to_hour)` over `nights` above `limit` and `factor` × own median of `history`.

    `share`: not the median (0.5) but what so large a share of the hours lies below; 0: the quietest hour of all.
    `steady` > 0: and the median is no further above the quietest hour than so many times that hour, or the limit:
    people who are up draw now more, now less; what leaks is even.
    `chance` > 0: nights without a dry hour as likely as this by the home's own habits are no leak.
    """

    from_hour: int
    to_hour: int
    nights: int
    known_hours: int
    limit: int = amount()
    factor: float
    history: int
    known_nights: int
    share: float = 0.5
    steady: float = 0.0
    chance: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """One hour above max(`single`, `factor` × P99 of eight weeks), or `run_hours` in a row above `run`.

    Cleared by one hour below `clear`.  `known_hours`: so many measured hours make a P99 and a habit.
    """

    single: int = amount()
    factor: float
    known_hours: int
    run: int = amount()
    run_hours: int
    clear: int = amount()
    habit: float
    """What there was before is a habit (a garden hose, a dairy), not a burst: one hour must be above so many times the
    second highest of eight weeks, several in a row above so many times what the same hour of the week has had; 0:
    habits do not count."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class HighDay:
    """A local day above `factor` × the median of the same weekday over `weeks`, and above `minimum`.

    `habit`: and above so many times the second highest of all days of those weeks, and above `factor` times their
    median; 0: habits do not count.
    """

    factor: float
    minimum: int = amount()
    weeks: int
    known_days: int
    known_hours: int
    habit: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NoConsumption:
    """No flow for `days` where somebody is; `known_share` of the hours must have been measured."""

    days: int
    known_share: float


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AwayFlow:
    """Any hour above `limit` while nobody is there; cleared by `quiet_hours` without flow."""

    limit: int = amount()
    quiet_hours: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Backflow:
    """An hour of more than `limit` backwards; cleared by `quiet_hours` without."""

    limit: int = amount()
    quiet_hours: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FreezeRisk:
    """An hour at or below `limit`; cleared by one at or above `clear`.  `still_hours` > 0: and no flow for so long."""

    limit: int = amount()
    clear: int = amount()
    still_hours: int = 0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A meter's battery is due after `years`."""

    years: int


Spec = ContinuousFlow | NightFlow | Burst | HighDay | NoConsumption | AwayFlow | Backflow | FreezeRisk | Battery

SPECS: Mapping[AlarmKind, type[Spec]] = {
    AlarmKind.CONTINUOUS_FLOW: ContinuousFlow,
    AlarmKind.CONTINUOUS_FLOW_7D: ContinuousFlow,
    AlarmKind.NIGHT_FLOW: NightFlow,
    AlarmKind.BURST: Burst,
    AlarmKind.HIGH_DAY: HighDay,
    AlarmKind.NO_CONSUMPTION: NoConsumption,
    AlarmKind.AWAY_FLOW: AwayFlow,
    AlarmKind.BACKFLOW: Backflow,
    AlarmKind.FREEZE_RISK: FreezeRisk,
    AlarmKind.LOW_BATTERY: Battery,
}
"""Which thresholds each kind that is found in series needs."""
