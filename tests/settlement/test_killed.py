# SPDX-License-Identifier: Apache-2.0
"""Issuing in a process that is killed, and going on: each invoice exists once, and no number is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.services import run_postgres

ROOT = Path(__file__).resolve().parents[2]
PREPARE = """
import django; django.setup()
from datetime import UTC, date, datetime
from avlest.project.new_database import make_tables
make_tables()
from avlest.readings.tables import open_store
from avlest.settlement.services.runs import RunRequest, do_approve_run, do_make_run
from tests.settlement.builders import add_days, add_home, add_prices, make_people
import sys
now = datetime(2027, 1, 11, 8, tzinfo=UTC)
clerk, controller = make_people("vik", now)
add_prices(clerk)
homes = [add_home(clerk, number) for number in range(1, 7)]
store = open_store(sys.argv[1])
add_days(store, {home.series: 90_000 + home.series for home in homes}, date(2026, 1, 1), date(2027, 1, 1))
run = do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=now, part_size=2)
do_approve_run(controller, run, now=now)
print(run)
"""
COUNT = """
import django; django.setup()
from avlest.settlement.models import AdvanceLevel, Invoice, InvoiceLine, NumberSeries, OpenItem, Run
numbers = sorted(Invoice.objects.filter(kind="invoice").values_list("number", flat=True))
accounts = Invoice.objects.values_list("account_id", flat=True)
print(numbers, len(set(accounts)), InvoiceLine.objects.count(), OpenItem.objects.count(), AdvanceLevel.objects.count(),
      NumberSeries.objects.get(kind="invoice").next, Run.objects.get().state, sep="|")
"""


def run_python(environment: dict[str, str], *arguments: str, killed: bool = False) -> str:
    """Run the interpreter; it must end well, or by SIGKILL where that was asked for."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    expected = -signal.SIGKILL if killed else 0
    assert done.returncode == expected, done.stderr
    return done.stdout.strip()


def check_killed_and_restarted(folder: Path, database: str) -> None:
    """Kill in the middle of a part, then after a part, then go on to the end."""
    environment = {**os.environ, "AVLEST_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "avlest.project.settings"}
    environment.pop("AVLEST_DATABASE", None)
    if database:
        environment["AVLEST_DATABASE"] = database
    run = run_python(environment, "-c", PREPARE, str(folder / "store"))
    issue = ("-m", "tests.settlement.issuing", run)
    run_python(environment, *issue, "lines:1", killed=True)
    numbers, *_, state = run_python(environment, "-c", COUNT).split("|")
    assert (numbers, state) == ("[1, 2]", "issuing")
    run_python(environment, *issue, "part:1", killed=True)
    assert run_python(environment, *issue, "end") == "2 2"
    counts = run_python(environment, "-c", COUNT)
    assert counts == "[1, 2, 3, 4, 5, 6]|6|36|6|12|7|issued"


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_killed_issue_goes_on_on_sqlite(tmp_path):
    """SQLite: killed inside a transaction and between two, the third start finishes the rest."""
    check_killed_and_restarted(tmp_path, "")


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.needs("postgres")
def test_a_killed_issue_goes_on_on_postgresql(tmp_path):
    """PostgreSQL: the same."""
    with run_postgres() as server:
        check_killed_and_restarted(tmp_path, server.url)
