# SPDX-License-Identifier: Apache-2.0
"""What was found of what was put in: alarms beside the events of the truth.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import polars as pl

from avlest.simulate.contracts import EventKind

# An alarm that says the same as the event, or names what comes of it (rules §5.2).
ANSWERS: Final[dict[EventKind, frozenset[str]]] = {
    EventKind.RUNNING_TOILET: frozenset({"continuous_flow", "continuous_flow_7d", "night_flow", "away_flow"}),
    EventKind.BURST: frozenset({"burst", "continuous_flow", "night_flow", "high_day", "away_flow", "overload"}),
    EventKind.FROST: frozenset({"freeze_risk", "burst", "continuous_flow", "high_day", "away_flow"}),
    EventKind.BACKFLOW: frozenset({"backflow"}),
    EventKind.DRY_PIPE: frozenset({"dry", "no_consumption"}),
    EventKind.STUCK_METER: frozenset({"no_consumption", "meter_fault"}),
    EventKind.LOW_BATTERY: frozenset({"low_battery", "silent"}),
    EventKind.TAMPERING: frozenset({"tamper"}),
    EventKind.DEAD_GATEWAY: frozenset({"gateway_silent"}),
    EventKind.POWER_CUT: frozenset({"power_cut"}),
}
"""Which kinds of alarm count as finding an event; events of other kinds are no matter for an alarm."""

GRACE: Final = timedelta(days=14)
"""How long after an event's end an alarm may still tell it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of each kind of event how many there were, and how many were found."""

    injected: dict[str, int]
    found: dict[str, int]

    @property
    def totals(self) -> tuple[int, int]:
        """Found, and injected."""
        return sum(self.found.values()), sum(self.injected.values())


def judge(events: pl.DataFrame, alarms: pl.DataFrame) -> Verdict:
    """Whether each event of the truth was found.

    `events`: the truth's, with `kind`, `starts_at`, `ends_at` (null: goes on) and the codes `point_code`,
    `gateway_code`, `zone_code`; `alarms`: `kind`, `since`, `last_at` and `point`, `gateway`, `zone` (codes, null where
    it is about another thing).  An alarm answers an event of the same point, gateway or zone that it overlaps, with a
    grace after the end.
    """
    injected: dict[str, int] = {}
    found: dict[str, int] = {}
    for kind, answers in ANSWERS.items():
        wanted = events.filter(pl.col("kind") == kind.value)
        if wanted.height:
            injected[kind.value] = wanted.height
            told = alarms.filter(pl.col("kind").is_in(list(answers)))
            found[kind.value] = _count_found(wanted, told)
    return Verdict(injected, found)


def _count_found(events: pl.DataFrame, alarms: pl.DataFrame) -> int:
    places = ("point", "gateway", "zone")
    rows = events.select("starts_at", "ends_at", *(f"{place}_code" for place in places)).with_row_index("event")
    pairs = rows.join(alarms, how="cross").filter(
        (pl.col("since") <= (pl.col("ends_at") + GRACE).fill_null(pl.col("since")))
        & (pl.col("last_at") >= pl.col("starts_at"))
    )
    is_there = [(pl.col(place) == pl.col(f"{place}_code")).fill_null(value=False) for place in places]
    return pairs.filter(pl.any_horizontal(is_there))["event"].n_unique()
