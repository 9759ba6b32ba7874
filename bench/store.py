# SPDX-License-Identifier: Apache-2.0
"""How fast and how small the Delta tables are, beside plain Parquet files written and read by Polars.

    python bench/store.py [--meters 4000] [--months 12] [--minutes 1440] [--folder DIR]

Makes `meters` × `months` of hourly readings as radio meters send them (a second of its own each hour, batches of one
minute as `known_at`) and the hourly series of the same meters; appends month by month, compacts, reads one
register-month and the latest value of all meters, then a day of one-minute batches and its compaction. The default
is 35 million rows in each table and takes some minutes and 1 GB of disk. Each figure of ours stands beside the same
work on plain Parquet in the same run. Making the rows is not counted.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from avlest.readings.tables import Store, open_store

READS = 200
FIRST = np.datetime64("2026-01-01T00:00:00", "us")
MICROSECONDS_AN_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Plant:
    """The make-believe meters: `meters` of them for `months`."""

    meters: int
    months: int

    def month_start(self, month: int) -> np.datetime64:
        """First instant of a month, counted from 0."""
        return np.datetime64(FIRST.astype("datetime64[M]") + month, "us")

    def month_key(self, month: int) -> int:
        """A month as its partition is called."""
        return (2026 + month // 12) * 100 + month % 12 + 1


def make_readings(plant: Plant, *, start: np.datetime64, hours: int, seed: int) -> pl.DataFrame:
    """Cumulative litres of every meter, once an hour, at a second of the meter's own with 16 s of jitter."""
    rng = np.random.default_rng(seed)
    count = plant.meters * hours
    offset = np.repeat(np.random.default_rng(1).integers(0, 3600, plant.meters), hours) + rng.integers(0, 16, count)
    hour = np.tile(np.arange(hours), plant.meters)
    at = start + (hour * MICROSECONDS_AN_HOUR + offset * 1_000_000).astype("timedelta64[us]")
    known = at.astype("datetime64[m]").astype("datetime64[us]") + np.timedelta64(60, "s")
    litres = make_litres(rng, count).reshape(plant.meters, hours).cumsum(axis=1).ravel()
    columns = {
        "register": np.repeat(np.arange(plant.meters, dtype=np.int64), hours),
        "at": at,
        "value": (litres + np.repeat(rng.integers(0, 10**6, plant.meters), hours)) * 1000,
        "status": np.zeros(count, np.int64),
        "quality": np.full(count, 50, np.int16),
        "known_at": known,
    }
    frame = pl.DataFrame(columns).with_columns(pl.col("at", "known_at").dt.replace_time_zone("UTC"))
    return frame.with_columns(source=pl.lit("mqtt/roof"))


def make_litres(rng: np.random.Generator, count: int) -> np.ndarray:
    """Litres an hour: two hours of three none, else about twelve."""
    return np.where(rng.random(count) < 0.35, rng.poisson(12, count), 0).astype(np.int64)


def make_hourly(plant: Plant, *, start: np.datetime64, hours: int, seed: int) -> pl.DataFrame:
    """The hourly series of every meter, derived once a day; two of a hundred estimated."""
    rng = np.random.default_rng(seed)
    count = plant.meters * hours
    hour = start + np.tile(np.arange(hours) * MICROSECONDS_AN_HOUR, plant.meters).astype("timedelta64[us]")
    estimated = rng.random(count) < 0.02
    columns = {
        "series": np.repeat(np.arange(plant.meters, dtype=np.int64), hours),
        "hour": hour,
        "value": make_litres(rng, count) * 1000,
        "quality": np.where(estimated, 20, 50).astype(np.int16),
        "known_at": hour.astype("datetime64[D]").astype("datetime64[us]") + np.timedelta64(26, "h"),
    }
    frame = pl.DataFrame(columns).with_columns(pl.col("hour", "known_at").dt.replace_time_zone("UTC"))
    return frame.with_columns(rule=pl.when(pl.Series(estimated)).then(pl.lit("E1")))


MAKERS: dict[str, Callable[..., pl.DataFrame]] = {"readings": make_readings, "hourly": make_hourly}


def measure(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def quantiles(seconds: Sequence[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    p95 = sorted(seconds)[int(len(seconds) * 0.95)]
    return f"p50 {statistics.median(seconds) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"


def judge(*, met: bool) -> str:
    """Whether a goal was met, as printed behind it."""
    return "met" if met else "NOT MET"


def write_months(store: Store, plain: Path, *, table: str, plant: Plant) -> None:
    """Append month by month, write the same rows with Polars alone, then compact; print rows a second and sizes."""
    ours = theirs = compaction = 0.0
    rows = 0
    for month in range(plant.months):
        start = plant.month_start(month)
        hours = int((plant.month_start(month + 1) - start) / np.timedelta64(1, "h"))
        frame = MAKERS[table](plant, start=start, hours=hours, seed=month)
        rows += frame.height
        ours += measure(lambda: store.append(table, frame, writer="bench", batch=month))  # noqa: B023 - called at once
        path = plain / f"{table}-{month:02}.parquet"
        theirs += measure(lambda: frame.write_parquet(path, row_group_size=65_536))  # noqa: B023 - called at once
        key = plant.month_key(month)
        compaction += measure(lambda: store.compact(table, month=key))  # noqa: B023 - called at once
    store.vacuum(table, retention_hours=0)
    size = {size.table: size for size in store.sizes()}[table]
    plain_bytes = sum(path.stat().st_size for path in plain.glob(f"{table}-*.parquet"))
    plainly = f"plain Polars {rows / theirs / 1e6:.2f}, ratio {ours / theirs:.2f}"
    print(f"  append      {rows / ours / 1e6:6.2f} M rows/s   {plainly}")
    print(f"  compaction  {rows / compaction / 1e6:6.2f} M rows/s")
    goal = judge(met=size.bytes_per_row <= 4)
    print(f"  on disk     {size.bytes_per_row:6.2f} bytes/row   plain {plain_bytes / rows:.2f}; goal 4: {goal}")
    print(f"  files       {size.files} for {rows:,} rows")


def read_months(store: Store, plain: Path, *, table: str, plant: Plant) -> None:
    """One register of one month, by chance, through the store and with Polars on the one right file."""
    rng = np.random.default_rng(5)
    picks = [(int(rng.integers(plant.meters)), int(rng.integers(plant.months))) for _ in range(READS)]
    identity = "register" if table == "readings" else "series"

    def ours(meter: int, month: int) -> pl.DataFrame:
        return read_month(store, table=table, plant=plant, month=month, ids=[meter])

    def theirs(meter: int, month: int) -> pl.DataFrame:
        path = plain / f"{table}-{month:02}.parquet"
        return pl.scan_parquet(path).filter(pl.col(identity) == meter).collect()

    assert all(ours(*pick).height == theirs(*pick).height > 600 for pick in picks[:5])
    own = [measure(lambda: ours(*pick)) for pick in picks]  # noqa: B023 - called at once
    plainly = [measure(lambda: theirs(*pick)) for pick in picks]  # noqa: B023 - called at once
    ratio = statistics.median(own) / statistics.median(plainly)
    goal = judge(met=statistics.median(own) < 0.010)
    print(f"  one month   {quantiles(own)}   plain {quantiles(plainly)}, ratio {ratio:.2f}; goal 10 ms: {goal}")


def read_all(store: Store, plain: Path, *, table: str, plant: Plant) -> None:
    """The latest value of all meters, and everything there is, beside a plain scan of the same columns."""
    fresh = open_store(store.location)
    cold = measure(lambda: fresh.read_latest(table))
    warm = statistics.median(measure(lambda: fresh.read_latest(table)) for _ in range(5))
    assert fresh.read_latest(table).height == plant.meters
    files = sorted(plain.glob(f"{table}-*.parquet"))
    scan = measure(lambda: pl.scan_parquet(files).collect(engine="streaming"))
    goal = judge(met=cold < 1)
    print(f"  latest      cold {cold:.2f} s, warm {warm:.3f} s   plain full scan {scan:.2f} s; goal 1 s: {goal}")
    every = measure(lambda: [read_month(store, table=table, plant=plant, month=month) for month in range(plant.months)])
    print(f"  all rows    month by month {every:.2f} s, ratio to the plain scan {every / scan:.2f}")


def read_month(store: Store, *, table: str, plant: Plant, month: int, ids: list[int] | None = None) -> pl.DataFrame:
    """One calendar month of some meters (None: all)."""
    start, stop = (plant.month_start(n).astype(dt.datetime).replace(tzinfo=dt.UTC) for n in (month, month + 1))
    return store.read_range(table, ids=ids, start=start, stop=stop)


def run_minutes(store: Store, *, plant: Plant, minutes: int) -> None:
    """One-minute batches into the month after the last, then their compaction."""
    start = plant.month_start(plant.months)
    day = make_readings(plant, start=start, hours=-(-minutes // 60), seed=99)
    minute = (pl.col("known_at") - pl.lit(start.astype(dt.datetime).replace(tzinfo=dt.UTC))).dt.total_minutes() - 1
    parts = day.with_columns(minute=minute).partition_by("minute", as_dict=True, include_key=False)
    batches = [parts[key] for key in sorted(parts)][:minutes]
    seconds = [
        measure(lambda: store.append("readings", batch, writer="minutes", batch=number))  # noqa: B023 - called at once
        for number, batch in enumerate(batches)
    ]
    print(f"{len(batches)} one-minute batches of about {batches[0].height} rows")
    edge = max(1, len(seconds) // 10)
    print(f"  append      {quantiles(seconds)}")
    print(f"              first tenth {quantiles(seconds[:edge])}, last tenth {quantiles(seconds[-edge:])}")
    month = plant.month_key(plant.months)
    before = [measure(lambda: store.read_range("readings", ids=[meter])) for meter in range(5)]  # noqa: B023
    took = measure(lambda: store.compact("readings", month=month))
    files = {p.period: p.most_files for size in store.sizes() if size.table == "readings" for p in size.periods}[month]
    print(f"  compaction  {took:.2f} s, {len(batches)} files -> {files}; goal under 50: {judge(met=files < 50)}")
    print(f"  all of one register before it: {quantiles(before)}")
    took = measure(lambda: store.checkpoint("readings"))
    length = {size.table: size.log_entries for size in store.sizes()}["readings"]
    print(f"  checkpoint  {took * 1000:.0f} ms, {length} files in the log (entries of the last hour stay)")


def main() -> None:
    """Run everything in a folder of its own and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=4000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--minutes", type=int, default=1440)
    parser.add_argument("--folder", type=Path, default=None, help="where to write (default: a temporary folder)")
    given = parser.parse_args()
    plant = Plant(given.meters, given.months)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        plain = Path(folder, "plain")
        plain.mkdir()
        store = open_store(f"{folder}/store")
        print(f"{plant.meters} meters, {plant.months} months; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        for table in MAKERS:
            print(table)
            write_months(store, plain, table=table, plant=plant)
            read_months(store, plain, table=table, plant=plant)
            read_all(store, plain, table=table, plant=plant)
        run_minutes(store, plant=plant, minutes=given.minutes)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.1f} GB, load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
