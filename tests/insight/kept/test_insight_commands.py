# SPDX-License-Identifier: Apache-2.0
"""`avlest alarms`, `balance` and `coverage` as people call them, and the jobs that do the same."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from avlest.insight.jobs import JOBS, run_alarms, run_balance, run_coverage
from avlest.insight.models import Alarm, CoverageDay, Message
from avlest.registry.models import Installation, User
from avlest.registry.rights import Role
from avlest.registry.services.organisations import do_add_member
from tests.insight.kept.town import LEAK, QUIET, Town, at, hear_of, make_home
from tests.readings.plant import MADE_AT, START, Plant
from tests.service.running import expect_success, make_data_dir, run_avlest

GSRN = "707057500000000001"
pytestmark = pytest.mark.timeout(300)  # a dozen processes, each of which starts the whole service
FILES = {
    "meters": "manufacturer;serial\nKAM;12345678\n",
    "places": f"property_code;point;medium;gsrn\n1;P1;electricity;{GSRN}\n",
    "installations": "point;manufacturer;serial;from\nP1;KAM;12345678;2026-01-01\n",
}
FIRST = date(2026, 3, 1)
HIGH = FIRST + timedelta(days=36)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A point of electricity with five weeks of 12 kWh a day, and one day of 120."""
    folder = tmp_path_factory.mktemp("insight")
    data = make_data_dir(folder / "data")
    for kind, text in FILES.items():
        (folder / f"{kind}.csv").write_text(text, encoding="utf-8")
        expect_success("import", kind, folder / f"{kind}.csv", "--data", data)
    rows = []
    for number in range(38):
        day = FIRST + timedelta(days=number)
        value = "5,000" if day == HIGH else "0,500"
        hours = [hour for hour in range(24) if (day.month, day.day, hour) != (3, 29, 2)]
        rows += [f"{day:%d.%m.%Y} {hour:02}:00;;{value}" for hour in hours]
    file = folder / f"meteringvalues-mp-{GSRN}-consumption-20260408T0800.csv"
    file.write_text("\n".join(["Fra;Til;KWH 60 Forbruk", *rows]), encoding="utf-8")
    expect_success("elhub", "import", file, "--data", data)
    expect_success("derive", "--data", data)
    return data


def test_alarms_are_found_and_listed(data: Path) -> None:
    """The first time in all history, the second time nothing; from a day on again, the same; only open ones."""
    listed = expect_success("alarms", "--all", "--data", data)
    assert "high_day" in listed
    assert "120" in listed
    assert "1 alarms opened" in listed
    again = expect_success("alarms", "--from", "2026-03-01", "--tell", "--data", data)
    assert "0 alarms opened" in again
    assert "0 new messages" in again
    assert "high_day" not in again


def test_zones_and_coverage_are_counted(data: Path, tmp_path: Path) -> None:
    """Without zones there is nothing to balance; a table of pipes is checked line by line."""
    assert "0 nights, 0 days and 0 months of zones" in expect_success("balance", "--data", data)
    assert "coverage of 7 days" in expect_success("coverage", "--data", data)
    pipes = tmp_path / "pipes.csv"
    heading = "zone;from;mains_km;connections;private_km;pressure_m"
    pipes.write_text(f"{heading}\nS1;2026-01-01;2;x;0,2;50\nS9;2026-01-01;2;1;1;50\n", encoding="utf-8")
    done = run_avlest("balance", "--networks", pipes, "--data", data)
    assert done.returncode == 1
    assert "pipes.csv: line 2, connections: is 'x', expected a whole number" in done.stderr
    assert "'S9', expected the code of a zone" in done.stderr
    assert "pipes of 0 zones set" in done.stderr


def test_a_day_that_is_none_is_told(data: Path) -> None:
    """What was given and what is expected."""
    done = run_avlest("coverage", "--from", "March", "--data", data)
    assert done.returncode == 2
    assert "expected a day such as" in done.stderr


@pytest.mark.django_db
def test_the_jobs_find_tell_balance_and_count(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same as the commands, again and again, without doing twice."""
    monkeypatch.setattr("avlest.insight.jobs.get_store", lambda: plant.store)
    user = User.objects.create_user("drift", email="drift@example.no")
    do_add_member(plant.actor, user_id=user.pk, role=Role.OPERATOR, now=MADE_AT)
    register, point = make_home(plant)
    town = Town(plant)
    litres = [*QUIET * 7, *[LEAK] * 30]
    town.use(register, litres)
    hours = len(litres)
    meter = plant_meter(point)
    hear_of(meter, first=START, last=at(hours))
    town.look(1)
    town.hear(hours)
    plant.derive(at(hours))
    assert "1 alarms opened" in run_alarms(at(hours))
    assert "1 new messages" not in run_alarms(at(hours))
    assert (Alarm.objects.count(), Message.objects.count()) == (1, 1)
    assert "0 nights" in run_balance(at(hours))
    run_coverage(at(hours))
    assert CoverageDay.objects.filter(dimension="all").exists()
    assert {job.name for job in JOBS} >= {"alarms", "balance", "coverage"}


def plant_meter(point: int) -> int:
    """The meter at a point."""
    return Installation.objects.get(point_id=point).meter_id
