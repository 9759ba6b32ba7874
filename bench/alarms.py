# SPDX-License-Identifier: Apache-2.0
"""How long alarms take: all rules over a day of 4,000 meters, and over their year.

    python bench/alarms.py [--meters 4000] [--days 365] [--runs 3]

Makes hourly litres of made-up homes (bench/leak_homes.py, a hundred of them over and over), half of them with a leak or
a burst, sixty days of history before what is asked for; then times `derive_alarms` over the last day and over all days,
and beside it a plain Polars pass over the same columns (sum, least and most of each series), which no rule can beat.
Making the values is not counted.  The goal of issue 4 is a day in under 2 s; missed, the exit status is 1.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import statistics
import sys
import time

import numpy as np
import polars as pl

from avlest.insight.contracts import PARAMETERS
from avlest.insight.rules import derive_alarms, load_thresholds
from bench.leak_homes import BEGIN, make_homes
from bench.leaks import HISTORY_DAYS, inject, observe

GOAL_SECONDS = 2.0


def make_table(meters: int, days: int) -> pl.DataFrame:
    """Hourly values of `meters` homes for the history and `days`."""
    some = make_homes(100, HISTORY_DAYS + days, 5).litres
    town = inject(np.tile(some, (-(-meters // 100), 1))[:meters], BEGIN, 5)
    return observe(town, 5).hourly


def run(hourly: pl.DataFrame, parameters: pl.DataFrame, first: int, until: int) -> tuple[float, float, int]:
    """Seconds, processor seconds and number of alarms for the days `[first, until)` after the history."""
    start, end = (BEGIN + dt.timedelta(days=HISTORY_DAYS + day) for day in (first, until))
    needed = hourly.filter(pl.col("hour").is_between(start - dt.timedelta(days=HISTORY_DAYS), end, closed="left"))
    began, busy = time.perf_counter(), time.process_time()
    alarms = derive_alarms(needed, parameters, start=start, until=end, thresholds=load_thresholds())
    return time.perf_counter() - began, time.process_time() - busy, alarms.height


def scan(hourly: pl.DataFrame, first: int, until: int) -> float:
    """Seconds of a plain Polars pass over what `run` looks at for the days `[first, until)`."""
    start, end = (BEGIN + dt.timedelta(days=HISTORY_DAYS + day) for day in (first, until))
    needed = hourly.filter(pl.col("hour").is_between(start - dt.timedelta(days=HISTORY_DAYS), end, closed="left"))
    value = pl.col("value")
    began = time.perf_counter()
    needed.lazy().filter(pl.col("quality") >= 40).group_by("series").agg(
        value.sum().alias("sum"), value.min().alias("least"), value.max().alias("most"), pl.col("hour").max()
    ).collect()
    return time.perf_counter() - began


def main() -> int:
    """Time both and print; 1 where the day takes too long."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=4000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    usual = {
        "customer_class": "home",
        "meaning": "use",
        "unit": "l",
        "resolution": 1000,
        "occupied": True,
        "partner": None,
    }
    parameters = pl.DataFrame([{"series": one, **usual} for one in range(args.meters)], schema=dict(PARAMETERS))
    hourly = make_table(args.meters, args.days)
    timed = [run(hourly, parameters, args.days - 1, args.days) for _ in range(args.runs)]
    day, busy = (statistics.median(row[number] for row in timed) for number in (0, 1))
    plain = statistics.median(scan(hourly, args.days - 1, args.days) for _ in range(args.runs))
    print(
        f"a day of {args.meters} meters: {day:.2f} s (median of {args.runs}), processor time {busy:.2f} s, "
        f"{timed[0][2]} alarms open or changed; "
        f"plain Polars pass over the same {HISTORY_DAYS + 1} days {plain:.2f} s, ratio {day / plain:.1f}"
    )
    seconds, _, count = run(hourly, parameters, 0, args.days)
    print(
        f"{args.days} days of {args.meters} meters: {seconds:.1f} s, {count} alarms, "
        f"{hourly.height / seconds:,.0f} values/s"
    )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    return int(day > GOAL_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
