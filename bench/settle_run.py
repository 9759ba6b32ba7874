# SPDX-License-Identifier: Apache-2.0
"""How fast a year of a municipality goes from stored daily series to stored lines and issued invoices.

    python bench/settle_run.py [--subscribers 100000] [--database URL] [--keep FOLDER]

Made beforehand, untimed: subscribers with water and wastewater, 13 months of daily series in Delta, 3 % moves (two
owners of a property), 2 % meters without their last days, a change of VAT and of price in the year.  Timed: the four
terms of the year (a konto lines), then the settlement with the first term of the next year: preview (series to stored
lines), issue (stored lines to invoices and lines in the database), rerun.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

YEAR = 2025
FIRST_DAY, LAST_DAY = date(2024, 12, 1), date(2026, 1, 1)
MADE_AT = datetime(2025, 1, 2, 12, tzinfo=UTC)
CHUNK = 4096
PRICES = """
[list]
name = "Bench"
valid_from = 2024-01-01
vat_included = false
source = "invented for this measurement"
[[price]]
code = "W_VOL"
service = "water"
unit = "m3"
value = "36.2160"
vat = "water"
valid_to = 2025-04-01
[[price]]
code = "W_VOL"
service = "water"
unit = "m3"
value = "38.4000"
vat = "water"
valid_from = 2025-04-01
[[price]]
code = "S_VOL"
service = "wastewater"
unit = "m3"
value = "48.8560"
vat = "water"
[[price]]
code = "W_FIX"
service = "water"
unit = "year"
value = "2536"
vat = "water"
[[price]]
code = "S_FIX"
service = "wastewater"
unit = "year"
value = "2736"
vat = "water"
[[vat]]
code = "water"
percent = 25
valid_to = 2025-07-01
[[vat]]
code = "water"
percent = 15
valid_from = 2025-07-01
"""


def main() -> None:
    """Read the arguments, make the municipality, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--database", default="")
    parser.add_argument("--keep", default="", help="folder to make the municipality in, or to use again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="avlest-bench-") as name:
        run(Path(options.keep or name) / "data", options.subscribers, options.database)


def run(folder: Path, count: int, database: str) -> None:
    """Make what is missing in `folder` and settle the year."""
    fresh = not (folder / "store").exists()
    start(folder, database)
    from avlest.readings.tables import open_store
    from avlest.registry.access import access_organisation_as_system
    from avlest.registry.services.organisations import do_create_organisation

    store = open_store(str(folder / "store"))
    if fresh:
        do_create_organisation(name="Bench", slug="bench", by="bench", now=MADE_AT)
    clerk, chief = (access_organisation_as_system("bench", name=name) for name in ("clerk", "chief"))
    if fresh:
        series = make_municipality(clerk, chief, count)
        print(f"made {count} subscribers")
        make_days(store, series)
        print(f"stored {(LAST_DAY - FIRST_DAY).days * len(series)} daily rows")
    settle(clerk, chief, store)


def start(folder: Path, database: str) -> None:
    """Set Django up for a data directory and make its tables."""
    from avlest.project.directory import make_data_dir

    make_data_dir(folder, database=database)
    os.environ |= {"AVLEST_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "avlest.project.settings"}
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def make_municipality(clerk: Any, chief: Any, count: int) -> np.ndarray[Any, Any]:
    """Make the register and the agreements; return the numbers of the series."""
    from django.db import transaction

    from avlest.registry.models import MeteringPoint, Party, Property, Series
    from avlest.registry.services.bulk import insert_rows
    from avlest.settlement.importing.files import parse_price_list
    from avlest.settlement.models import Account, AdvanceLevel, Agreement
    from avlest.settlement.services.prices import do_approve_price_list, do_import_price_list

    draft = parse_price_list(PRICES.encode(), filename="bench.toml")
    do_approve_price_list(chief, do_import_price_list(clerk, draft, now=MADE_AT), now=MADE_AT)
    org = {"organisation_id": clerk.organisation_id}
    with transaction.atomic():
        places = [Property(**org, municipality="3110", gnr=n + 1, bnr=1, address=f"Veien {n}") for n in range(count)]
        insert_rows(Property, places)
        points = [MeteringPoint(**org, code=f"P{p.gnr}", medium="cold_water", property=p) for p in places]
        insert_rows(MeteringPoint, points)
        series = [Series(**org, point=p, quantity="volume", unit="l") for p in points]
        insert_rows(Series, series)
        parties = [Party(**org, code=str(n), name=f"Abonnent {n}") for n in range(count + count * 3 // 100)]
        insert_rows(Party, parties)
        accounts = make_accounts(Account, org, places, parties)
        insert_rows(Account, accounts)
        services = [Agreement(**org, account=a, service=s) for a in accounts for s in ("water", "wastewater")]
        insert_rows(Agreement, services)
        levels = [
            AdvanceLevel(
                **org, account=a, service=s, year=YEAR, quantity=100_000 + a.number % 90 * 1000, made_at=MADE_AT,
                valid_from=date(YEAR, 1, 1), origin="request", made_by="bench",
            )
            for a in accounts for s in ("water", "wastewater")
        ]  # fmt: skip
        insert_rows(AdvanceLevel, levels)
    return np.array([row.pk for row in series], np.int64)


def make_accounts(model: Any, org: dict[str, int], places: list[Any], parties: list[Any]) -> list[Any]:
    """One subscriber a property; every thirty-third changes hands during the year."""
    rows, extra = [], len(places)
    for number, place in enumerate(places):
        moved = (
            date(YEAR, 1, 1) + timedelta(days=20 + number % 320) if number % 100 < 3 and extra < len(parties) else None
        )
        opened = date(2015, 1, 1)
        terms = 12 if number % 10 == 0 else 4
        same = {"property": place, "terms": terms}
        rows.append(model(**org, **same, number=number + 1, party=parties[number], opened_on=opened, closed_on=moved))
        if moved:
            rows.append(model(**org, **same, number=extra + 1, party=parties[extra], opened_on=moved))
            extra += 1
    return rows


def make_days(store: Any, series: np.ndarray[Any, Any]) -> None:
    """Store thirteen months of days; two in a hundred meters fall silent before the end of the year."""
    days = pl.date_range(FIRST_DAY, LAST_DAY, closed="left", eager=True)
    random = np.random.default_rng(6)
    for batch, at in enumerate(range(0, len(series), CHUNK), start=1):
        some = series[at : at + CHUNK]
        values = random.gamma(4.0, 100.0, (len(some), len(days))).astype(np.int64) * 1000
        frame = pl.DataFrame(
            {
                "series": np.repeat(some, len(days)),
                "day": pl.concat([days] * len(some)),
                "value": values.ravel(),
                "quality": np.full(values.size, 50, np.int16),
                "min_hour": np.zeros(values.size, np.int64),
                "max_hour": values.ravel() // 8,
                "zero_hours": np.full(values.size, 6, np.int16),
                "night_value": np.zeros(values.size, np.int64),
                "hours_measured": np.full(values.size, 24, np.int16),
            }
        ).with_columns(known_at=pl.lit(MADE_AT).cast(pl.Datetime("us", "UTC")))
        silent = (pl.col("series") % 50 == 0) & (pl.col("day") >= date(YEAR, 12, 20))
        store.append("daily", frame.filter(~silent), writer="bench", batch=batch)
    for year in (FIRST_DAY.year, YEAR):
        for bucket in range(int(series.max()) // 65_536 + 1):
            store.compact("daily", month=year, bucket=bucket)


def settle(clerk: Any, chief: Any, store: Any) -> None:
    """Charge the terms, settle the year, run it again; print what each took."""
    from avlest.settlement.models import InvoiceLine, Run, RunPart
    from avlest.settlement.services.issue import do_issue_run
    from avlest.settlement.services.rerun import rerun_run
    from avlest.settlement.services.runs import RunRequest, do_approve_run, do_make_run

    for month in range(1, 13):
        if Run.objects.filter(kind="term", year=YEAR, month=month, state="issued").exists():
            continue
        at = datetime(YEAR, month, 1, 8, tzinfo=UTC)
        number = timed(
            f"term {month} preview",
            do_make_run,
            clerk,
            RunRequest(kind="term", year=YEAR, month=month),
            store=store,
            now=at,
        )
        do_approve_run(chief, number, now=at)
        timed(f"term {month} issue", do_issue_run, chief, number, now=at)
    at = datetime(YEAR + 1, 1, 12, 8, tzinfo=UTC)
    begun = time.perf_counter()
    number = timed("settlement preview", do_make_run, clerk, RunRequest(kind="year", year=YEAR), store=store, now=at)
    do_approve_run(chief, number, now=at)
    timed("settlement issue", do_issue_run, chief, number, now=at)
    seconds = time.perf_counter() - begun
    lines = InvoiceLine.objects.filter(invoice__run_id=number).count()
    size = sum(len(part.inputs) + len(part.results) for part in RunPart.objects.filter(run_id=number))
    print(f"series to issued lines: {seconds:.1f} s, {lines} lines, {lines / seconds:,.0f} lines/s")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"kept inputs and results: {size / 1e6:.1f} MB; peak memory {memory:.2f} GB")
    same = timed("rerun", rerun_run, clerk, number, store=None, now=at)
    print(f"rerun differs in {same.differences} lines of {same.lines}")


def timed(what: str, action: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run something and print how long it took."""
    begun, busy = time.perf_counter(), time.process_time()
    result = action(*args, **kwargs)
    print(
        f"{what}: {time.perf_counter() - begun:.2f} s ({time.process_time() - busy:.2f} s of processor time)",
        flush=True,
    )
    return result


if __name__ == "__main__":
    main()
