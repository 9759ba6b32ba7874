# SPDX-License-Identifier: Apache-2.0
"""How soon and how surely leaks are found, and how often there is a false alarm.

    PYTHONPATH=. python bench/leaks.py [--homes 400] [--days 425] [--seed 20261123] [--weusedto FOLDER]

Puts leaks of 3, 12 and 60 L/h and bursts of 400 to 600 and of 600 to 2500 L/h into made-up homes (bench/leak_homes.py),
into homes of the simulated municipality (`avlest.simulate`) and into the WEUSEDTO apartment, at times and of lengths
drawn from the seed; counts them with a meter of one litre that is read once an hour at a minute of its own, so that an
hour is cut out of two stretches between readings as it is from telegrams; loses 2 % of the hours and estimates another
1 %; lets the rules run over it all with the thresholds as shipped; and prints per kind what was found, how long it
took, and what else was said.  The first sixty days are history.  Thresholds were tuned on seed 1; the default seed and
those of the test were not.  The goals are those of issue 4; a goal missed gives exit status 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from avlest.insight.contracts import HOURLY, LEAK_KINDS, PARAMETERS
from avlest.insight.rules import derive_alarms, load_thresholds
from bench.leak_homes import BEGIN, Litres, make_homes, read_hours, read_weusedto, simulate_homes

HISTORY_DAYS = 60
LEAKS = {"leak 3 L/h": 3.0, "leak 12 L/h": 12.0, "leak 60 L/h": 60.0}
BURSTS = {"burst 400-600": (400.0, 600.0), "burst 600-2500": (600.0, 2500.0)}
ANSWERS = {
    **dict.fromkeys(LEAKS, ("continuous_flow", "continuous_flow_7d", "night_flow")),
    **dict.fromkeys(BURSTS, ("burst",)),
}
GOALS = {("leak 12 L/h", "leak 60 L/h"): 26.0, ("burst 600-2500",): 2.0}
"""Within how many hours with data 98 of 100 must be found: leaks of 10 L/h or more, and bursts."""
_AFTERMATH_HOURS = 30
"""An alarm that opens so long after a leak may still be about it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Town:
    """Homes with their leaks: first hour, litres people use and litres that leak (homes, hours), and `events`: home,
    kind, start and end in hours."""

    begin: dt.datetime
    used: Litres
    leaked: Litres
    events: pl.DataFrame

    @property
    def litres(self) -> Litres:
        """All that goes through the meters."""
        return self.used + self.leaked


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What was found in a town: per kind `events`, and `alarms` with whether each is true; the years looked at."""

    events: pl.DataFrame
    alarms: pl.DataFrame
    home_years: float
    seconds: float

    def recall(self, kind: str) -> float:
        """Share of a kind's events that were found."""
        mine = self.events.filter(pl.col("kind") == kind)
        return int(mine["delay"].is_not_null().sum()) / max(mine.height, 1)

    def delay(self, kind: str, share: float) -> float:
        """Hours until so large a share of those found were found."""
        found = self.events.filter(pl.col("kind") == kind)["delay"].drop_nulls()
        return float(found.quantile(share, "higher") or 0) if len(found) else float("nan")

    def found_within(self, kinds: str | Sequence[str], hours: float, *, of_data: bool = True) -> float:
        """Share of the events of some kinds found within so many hours of their beginning: with data, or on the clock.

        Hours with data are those that lie in the event as a whole and were measured.
        """
        mine = self.events.filter(pl.col("kind").is_in([kinds] if isinstance(kinds, str) else kinds))
        begun = pl.col("start").ceil() - pl.col("start")
        delay = pl.col("delay") - begun - pl.col("blind") if of_data else pl.col("delay")
        return mine.filter(delay <= hours).height / max(mine.height, 1)

    def false_a_year(self, kinds: Sequence[str]) -> float:
        """False alarms of these kinds per home and year."""
        return self.alarms.filter(~pl.col("is_true") & pl.col("kind").is_in(kinds)).height / self.home_years


def inject(litres: Litres, begin: dt.datetime, seed: int) -> Town:
    """Put one event a home into every other home: leaks of 2 to 20 days, bursts of 3 to 12 hours."""
    rng = np.random.default_rng(seed + 1)
    leaked, rows = np.zeros_like(litres), []
    hours = litres.shape[1]
    for home in range(0, len(litres), 2):
        kind = [*LEAKS, *BURSTS][(home // 2) % 5]
        length = rng.uniform(3, 12) if kind in BURSTS else rng.uniform(48, 480)
        rate = rng.uniform(*BURSTS[kind]) if kind in BURSTS else LEAKS[kind]
        start = rng.uniform(HISTORY_DAYS * 24, hours - length - 1)
        edges = np.arange(hours + 1)
        leaked[home] += np.diff(np.clip(edges, start, start + length)) * rate
        rows.append((home, kind, rate, start, start + length))
    schema = {"home": pl.Int64, "kind": pl.String, "rate": pl.Float64, "start": pl.Float64, "end": pl.Float64}
    return Town(begin, litres, leaked, pl.DataFrame(rows, schema=schema, orient="row"))


@dataclasses.dataclass(frozen=True, slots=True)
class Heard:
    """What came of a town's hours: the table `hourly`, which hours were measured (homes, hours), and how long after an
    hour's end it is known, in hours: with the next reading (homes,)."""

    hourly: pl.DataFrame
    later: Litres
    measured: np.ndarray[Any, np.dtype[np.bool_]]

    def count_blind(self, home: int, begin: float, end: float) -> int:
        """Hours of `[begin, end)` of which there is no measured value."""
        return int((~self.measured[home, int(begin) : max(int(begin), int(end))]).sum())


def observe(town: Town, seed: int) -> Heard:
    """The hourly table of a town: whole litres, 2 % of the hours lost in gaps of up to six, 1 % estimated."""
    rng = np.random.default_rng(seed + 2)
    homes, hours = town.used.shape
    gaps = rng.random((homes, hours)) < 0.02 / 3.5
    lost = np.zeros((homes, hours), bool)
    length = rng.integers(1, 7, (homes, hours))
    for back in range(6):
        lost[:, back:] |= gaps[:, : hours - back] & (length[:, : hours - back] > back)
    estimated = rng.random((homes, hours)) < 0.01
    minute = rng.random((homes, 1))
    instants = pl.datetime_range(town.begin, interval="1h", eager=True, end=town.begin + dt.timedelta(hours=hours - 1))
    table = pl.DataFrame(
        {
            "series": np.repeat(np.arange(homes), hours),
            "hour": pl.concat([instants.cast(HOURLY["hour"])] * homes),
            "value": read_hours(town.used, town.leaked, minute, rng).ravel(),
            "quality": np.where(estimated.ravel(), 20, 50).astype(np.int16),
        }
    )
    return Heard(table.filter(pl.Series(~lost.ravel())), minute[:, 0], ~lost & ~estimated)


def make_home_parameters(homes: int) -> pl.DataFrame:
    """Homes with meters of one litre, series 0 and on."""
    usual = {"customer_class": "home", "meaning": "use", "unit": "l", "resolution": 1000, "occupied": True}
    rows = [{"series": home, **usual, "partner": None} for home in range(homes)]
    return pl.DataFrame(rows, schema=dict(PARAMETERS))


def evaluate(town: Town, heard: Heard) -> Score:
    """Run the rules over a town and hold what they say against what is true."""
    homes, hours = town.used.shape
    parameters = make_home_parameters(homes)
    began = time.perf_counter()
    alarms = derive_alarms(
        heard.hourly,
        parameters,
        start=town.begin + dt.timedelta(days=HISTORY_DAYS),
        until=town.begin + dt.timedelta(hours=hours),
        thresholds=load_thresholds(),
    )
    seconds = time.perf_counter() - began
    microseconds_an_hour = 3_600_000_000
    opened = (pl.col("opened_at").dt.timestamp("us") / microseconds_an_hour - town.begin.timestamp() / 3600).alias(
        "hour"
    )
    later = pl.DataFrame({"subject": np.arange(homes), "later": heard.later})
    told = alarms.join(later, on="subject").select(
        pl.col("subject").alias("home"), pl.col("kind").alias("alarm"), opened + pl.col("later")
    )
    events = town.events.with_row_index("event")
    pairs = events.join(told, on="home").filter(
        pl.col("hour").is_between(pl.col("start"), pl.col("end") + _AFTERMATH_HOURS)
    )
    named = [(kind, name) for kind, names in ANSWERS.items() for name in names]
    answers = pl.DataFrame(named, ["kind", "alarm"], orient="row")
    delays = (
        pairs.join(answers, on=["kind", "alarm"])
        .filter(pl.col("hour") <= pl.col("end") + 1)
        .group_by("event")
        .agg((pl.col("hour") - pl.col("start")).min().alias("delay"))
    )
    explained = pairs.select("home", "alarm", "hour", pl.lit(value=True).alias("is_true")).unique()
    judged = told.join(explained, on=["home", "alarm", "hour"], how="left").with_columns(
        pl.col("is_true").fill_null(value=False), pl.col("alarm").alias("kind")
    )
    years = homes * (hours / 24 - HISTORY_DAYS) / 365.25
    found = events.join(delays, on="event", how="left")
    blind = [
        None if row["delay"] is None else heard.count_blind(row["home"], row["start"], row["start"] + row["delay"])
        for row in found.iter_rows(named=True)
    ]
    return Score(found.with_columns(pl.Series("blind", blind, pl.Int64)), judged, years, seconds)


def make_weusedto_town(folder: Path, copies: int, seed: int) -> Town | None:
    """The apartment's longest piece, many times over, every other copy with a leak of its own."""
    pieces = [piece for piece in read_weusedto(folder) if len(piece[1]) > (HISTORY_DAYS + 60) * 24]
    if not pieces:
        return None
    begin, litres = max(pieces, key=lambda piece: len(piece[1]))
    return inject(np.tile(litres, (copies, 1)), begin, seed)


def report(name: str, score: Score) -> None:
    """Print what was found."""
    print(f"{name}: {score.home_years:.0f} home-years evaluated in {score.seconds:.1f} s")
    print(
        f"  {'kind':<16}{'events':>7}{'recall':>8}{'of data':>9}{'on clock':>10}"
        f"{'median h':>10}{'95 % h':>8}{'longest':>9}"
    )
    for kind in (*LEAKS, *BURSTS):
        limit = 26 if kind in LEAKS else 2
        count = score.events.filter(pl.col("kind") == kind).height
        delays = [score.delay(kind, share) for share in (0.5, 0.95, 1.0)]
        print(
            f"  {kind:<16}{count:>7}{score.recall(kind):>8.3f}{score.found_within(kind, limit):>9.3f}"
            f"{score.found_within(kind, limit, of_data=False):>10.3f}"
            f"{delays[0]:>10.1f}{delays[1]:>8.1f}{delays[2]:>9.1f}"
        )
    print(f"  {'alarm':<20}{'all':>7}{'true':>7}{'precision':>11}{'false per home-year':>22}")
    for kind in sorted(score.alarms["kind"].unique()):
        mine = score.alarms.filter(pl.col("kind") == kind)
        true = mine["is_true"].sum()
        print(f"  {kind:<20}{mine.height:>7}{true:>7}{true / mine.height:>11.3f}{score.false_a_year([kind]):>22.3f}")
    print(f"  false leak alarms per home and year: {score.false_a_year([str(kind) for kind in LEAK_KINDS]):.3f}")


def miss_goals(score: Score) -> list[str]:
    """Goals of issue 4 that are not reached."""
    missed = [
        f"{', '.join(kinds)}: {score.found_within(kinds, hours):.3f} found within {hours:.0f} h, goal 0.98"
        for kinds, hours in GOALS.items()
        if score.found_within(kinds, hours) < 0.98
    ]
    false = score.false_a_year([str(kind) for kind in LEAK_KINDS])
    return [*missed, f"{false:.2f} false alarms per home and year, goal under 1"] if false >= 1 else missed


def main() -> int:
    """Run all and print; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=400)
    parser.add_argument("--days", type=int, default=425)
    parser.add_argument("--seed", type=int, default=20_261_123)
    shared = Path(os.environ.get("AVLEST_SHARED", Path(__file__).parents[2] / "shared"))
    parser.add_argument("--weusedto", type=Path, default=shared / "data" / "weusedto")
    args = parser.parse_args()
    towns = {
        f"{args.homes} made-up homes": inject(make_homes(args.homes, args.days, args.seed).litres, BEGIN, args.seed),
        f"homes of {args.homes} simulated": inject(simulate_homes(args.homes, args.days, args.seed), BEGIN, args.seed),
    }
    if args.weusedto.exists():
        town = make_weusedto_town(args.weusedto, args.homes, args.seed)
        towns |= {f"WEUSEDTO apartment, {args.homes} times": town} if town else {}
    else:
        print(f"no {args.weusedto}: the WEUSEDTO apartment is left out")
    missed = []
    for name, town in towns.items():
        score = evaluate(town, observe(town, args.seed))
        report(name, score)
        missed += [f"{name}: {goal}" for goal in miss_goals(score)]
    print("\n".join(missed) or "all goals reached")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
