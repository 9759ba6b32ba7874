# SPDX-License-Identifier: Apache-2.0
"""How fast readings become hours and days: a municipality-year, and one late day of all its series.

    python bench/vee.py [--series 4000] [--hours 8760] [--chunk 250] [--folder DIR]

Writes the readings of a year into a store (2 % of them in gaps, 1 % late, 20 meter replacements), derives `hourly` and
`daily` from it in chunks of series and appends them; then one more day arrives late and is derived again from the
readings around it. Making the readings and storing them is not counted; reading and appending is, and apart from it the
calculation alone. Beside it a plain Polars scan of the same columns (readings in, hours and days out) in the same run.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.tables import Store, open_store
from avlest.readings.vee import MARGIN, VeeInputs, VeeResult, derive_series, find_unanchored
from avlest.readings.vee.contracts import FEEDS, SERIES

YEAR_START = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
MS_HOUR = 3_600_000
REPLACED = 20
OLD = 1_000_000
"""Registers of the meters that were taken down are numbered from here."""

THREADS = 2


@dataclass(frozen=True, slots=True)
class Town:
    """`series` water meters for `hours` hours."""

    series: int
    hours: int

    @property
    def stop(self) -> dt.datetime:
        """The end of the year: the horizon."""
        return YEAR_START + dt.timedelta(hours=self.hours)

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """Local days from the first to after the last."""
        last = derive_local_day(self.stop - dt.timedelta(microseconds=1))
        return derive_local_day(YEAR_START), last + dt.timedelta(days=1)


def make_readings(town: Town, ids: np.ndarray, *, seed: int) -> pl.DataFrame:
    """A year of hourly states of some meters: household water, gaps of 1 to 60 hours, some known a week late."""
    rng = np.random.default_rng(seed)
    shape = (len(ids), town.hours + 1)
    hour = np.arange(town.hours + 1)
    busy = np.where((hour % 24 >= 6) & (hour % 24 < 23), 0.6, 0.06)
    litres = np.where(rng.random(shape) < busy, rng.poisson(14, shape), 0)
    state = (np.cumsum(litres, axis=1) + rng.integers(0, 10**6, len(ids))[:, None]) * 1000
    offset = rng.integers(0, 3600, len(ids))[:, None] + rng.integers(0, 16, shape)
    at = (int(YEAR_START.timestamp()) + hour * 3600 + offset) * 1_000_000
    known = at + np.where(rng.random(shape) < 0.01, 7 * 86_400, 60) * 1_000_000
    keep = make_gaps(rng, shape)
    register = np.broadcast_to(ids[:, None], shape).copy()
    if ids[0] == 0:
        replace_meters(rng, register, state, town)
    instants = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        {
            "register": register[keep],
            "at": pl.Series(at[keep]).cast(instants),
            "value": state[keep],
            "status": np.zeros(int(keep.sum()), np.int64),
            "quality": np.full(int(keep.sum()), 50, np.int16),
            "known_at": pl.Series(known[keep]).cast(instants),
        }
    )


def make_gaps(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Which readings there are: 2 % are missing, in runs of 1 to 60 hours."""
    missing = 0.02 * shape[0] * shape[1]
    lengths = rng.choice([1, 1, 1, 2, 3, 6, 12, 24, 60], int(missing / 12.2))
    row, column = rng.integers(0, shape[0], len(lengths)), rng.integers(1, shape[1] - 60, len(lengths))
    keep = np.ones(shape, np.bool_)
    for length in np.unique(lengths):
        those = lengths == length
        keep[row[those][:, None], column[those][:, None] + np.arange(length)] = False
    return keep


def replace_meters(rng: np.random.Generator, register: np.ndarray, state: np.ndarray, town: Town) -> None:
    """In the middle of the year the first meters are replaced: another register, from 0."""
    middle = town.hours // 2
    for row in range(min(REPLACED, len(register))):
        register[row, : middle + 1] += OLD
        state[row, middle + 1 :] -= state[row, middle]


def make_inputs(town: Town, ids: np.ndarray, readings: pl.DataFrame) -> VeeInputs:
    """Feeds and series of some meters; the replaced ones with end and start values."""
    change = YEAR_START + dt.timedelta(hours=town.hours // 2, minutes=59, seconds=59)
    rows: list[tuple[object, ...]] = []
    for number in ids.tolist():
        if number < REPLACED:
            rows.append((number, number + OLD, YEAR_START, change, None, None))
            rows.append((number, number, change, None, 0, None))
        else:
            rows.append((number, number, YEAR_START, None, None, None))
    columns = ("series", "register", "starts_at", "ends_at", "start_value", "end_value")
    feeds = pl.DataFrame(rows, schema={name: FEEDS[name] for name in columns}, orient="row")
    those = pl.DataFrame({"series": ids}).with_columns(
        kind=pl.lit("counter"),
        meter_class=pl.lit("water_home"),
        unit=pl.lit("l"),
        interval_s=None,
        cadence_s=None,
        climate=None,
    )
    return VeeInputs(readings, feeds, those.select(pl.col(name).cast(kind) for name, kind in SERIES.items()))


def list_chunks(town: Town, size: int) -> list[np.ndarray]:
    """The series in chunks."""
    return [np.arange(first, min(first + size, town.series)) for first in range(0, town.series, size)]


def list_registers(ids: np.ndarray) -> list[int]:
    """The registers of some series, old meters too."""
    numbers: list[int] = ids.tolist()
    return numbers + [number + OLD for number in numbers if number < REPLACED]


def fill_store(store: Store, town: Town, *, late_day: dt.date) -> pl.DataFrame:
    """Store all readings but those of the late day, which are returned."""
    kept = []
    low, high = derive_day_start(late_day), derive_day_start(late_day + dt.timedelta(days=1))
    for number, ids in enumerate(list_chunks(town, 250)):
        frame = make_readings(town, ids, seed=number)
        late = pl.col("at").is_between(low, high, closed="left")
        kept.append(frame.filter(late))
        store.append("readings", frame.filter(~late), writer="bench", batch=number + 1)
    for month in sorted({key[0] for key in store.list_partitions("readings")}):
        for bucket in sorted({key[1] for key in store.list_partitions("readings") if key[0] == month}):
            store.compact("readings", month=month, bucket=bucket)
    return pl.concat(kept)


class Watch:
    """Seconds spent on parts of the work."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def run(self, name: str, work: object, *args: object, **more: object) -> object:
        """Call and add its time."""
        start = time.perf_counter()
        found = work(*args, **more)  # type: ignore[operator]
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        return found


def derive_year(store: Store, town: Town, *, chunk: int) -> tuple[int, Watch, float]:
    """Readings to hours and days of everything; returns rows, times, and wall-clock seconds."""
    watch = Watch()
    start = time.perf_counter()
    rows = 0
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: list[Future[None]] = []
        for batch, result in enumerate(derive_chunks(store, town, chunk, watch), start=1):
            if waiting:
                waiting.pop().result()
            waiting.append(pool.submit(append_result, store, result, batch, watch))
            rows += result.hourly.height
        for one in waiting:
            one.result()
    return rows, watch, time.perf_counter() - start


def derive_chunks(store: Store, town: Town, size: int, watch: Watch) -> Iterator[VeeResult]:
    """Results chunk by chunk; the next chunk's readings are read while one is calculated."""
    chunks = list_chunks(town, size)

    def read(ids: np.ndarray) -> pl.DataFrame:
        frame = watch.run("read", store.read_range, "readings", ids=list_registers(ids))
        assert isinstance(frame, pl.DataFrame)
        return frame

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(read, chunks[0])
        for number, ids in enumerate(chunks):
            frame = ahead.result()
            if number + 1 < len(chunks):
                ahead = pool.submit(read, chunks[number + 1])
            first, last = town.days
            result = watch.run(
                "calculate", derive_series, make_inputs(town, ids, frame), start=first, stop=last, horizon=town.stop,
                known_at=town.stop,
            )  # fmt: skip
            assert isinstance(result, VeeResult)
            yield result


def append_result(store: Store, result: VeeResult, batch: int, watch: Watch) -> None:
    """Append the hours and days of one chunk."""
    watch.run("append", store.append, "hourly", result.hourly, writer="derive", batch=batch)
    watch.run("append", store.append, "daily", result.daily, writer="derive", batch=batch)


def derive_late_day(store: Store, town: Town, day: dt.date) -> tuple[VeeResult, float]:
    """What a late day of all series costs: read around it, derive, append."""
    start = time.perf_counter()
    low, high = derive_day_start(day) - MARGIN, derive_day_start(day + dt.timedelta(days=1)) + MARGIN
    ids = np.arange(town.series)
    readings = store.read_range("readings", ids=None, start=low, stop=high)
    inputs = make_inputs(town, ids, readings)
    until = day + dt.timedelta(days=1)
    assert len(find_unanchored(inputs, start=day, stop=until, horizon=town.stop)) < town.series / 50

    def read_hours(series: Sequence[int], since: dt.datetime, stop: dt.datetime) -> pl.DataFrame:
        return store.read_range("hourly", ids=list(series), start=since, stop=stop)

    result = derive_series(
        inputs, start=day, stop=until, horizon=town.stop, known_at=town.stop + dt.timedelta(hours=1), history=read_hours
    )
    store.append("hourly", result.hourly, writer="late", batch=1)
    store.append("daily", result.daily, writer="late", batch=1)
    return result, time.perf_counter() - start


def scan_plainly(folder: Path) -> float:
    """Seconds of a plain Polars scan of the columns that deriving reads and writes."""
    start = time.perf_counter()
    for table, columns in (
        ("readings", ["register", "at", "value", "status", "quality", "known_at"]),
        ("hourly", ["series", "hour", "value", "quality", "rule", "known_at"]),
        ("daily", ["series", "day", "value", "quality"]),
    ):
        files = sorted((folder / table).glob("**/*.parquet"))
        scan = pl.scan_parquet(files, hive_partitioning=False).select(columns)
        scan.collect(engine="streaming")
    return time.perf_counter() - start


def check_sums(store: Store, town: Town) -> None:
    """The year's hours of some meters sum to what their registers counted between first and last full hour."""
    for number in (REPLACED, REPLACED + 7, min(town.series, 999) - 1):
        readings = store.read_range("readings", ids=[number])
        hours = store.read_range("hourly", ids=[number])
        known = hours["value"].sum()
        counted = readings["value"][-1] - readings["value"][0]
        # the first reading is within an hour of the start, the last within an hour of the end
        assert abs(known - counted) < 200_000, (number, known, counted)


def processor_seconds() -> float:
    """Processor time of this process so far, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def judge(*, met: bool) -> str:
    """Whether a goal was met, as printed behind it."""
    return "met" if met else "NOT MET"


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--series", type=int, default=4000)
    parser.add_argument("--hours", type=int, default=8760)
    parser.add_argument("--chunk", type=int, default=250)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    town = Town(options.series, options.hours)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        run(open_store(folder), Path(folder), town, chunk=options.chunk)


def run(store: Store, folder: Path, town: Town, *, chunk: int) -> None:
    """Derive the year, then the late day, and print what it took."""
    late_day = derive_local_day(town.stop - dt.timedelta(days=20))
    late = fill_store(store, town, late_day=late_day)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    before = processor_seconds()
    rows, watch, wall = derive_year(store, town, chunk=chunk)
    processor = processor_seconds() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    scan = scan_plainly(folder)
    check_sums(store, town)
    print(
        f"{town.series} series, {rows:,} hours, {THREADS} threads, chunks of {chunk}; python {sys.version.split()[0]}"
    )
    print(f"  readings -> hourly + daily  {wall:6.1f} s   goal 60 s for 35 M: {judge(met=wall <= 60 * rows / 35e6)}")
    print(
        f"    values/s                  {rows / wall:,.0f}   calculation alone {rows / watch.seconds['calculate']:,.0f}"
    )
    print("    seconds by part           " + ", ".join(f"{name} {took:.1f}" for name, took in watch.seconds.items()))
    print(f"    processor time            {processor:6.1f} s")
    print(f"    plain Polars scan         {scan:6.1f} s   ratio {wall / scan:.1f}")
    print(f"    peak memory               {peak:6.2f} GB (before: {base:.2f})   goal 3 GB: {judge(met=peak < 3)}")
    store.append("readings", late, writer="late", batch=1)
    before = processor_seconds()
    result, took = derive_late_day(store, town, late_day)
    goal = judge(met=took < 2)
    print(f"  one late day of all series  {took:6.2f} s for {result.hourly.height:,} hours   goal 2 s: {goal}")
    print(f"    processor time            {processor_seconds() - before:6.2f} s")


if __name__ == "__main__":
    main()
