# SPDX-License-Identifier: Apache-2.0
"""From appended readings to hours and days: exact, resumable, and the same whichever way it came about."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from avlest.readings.derive import work
from avlest.readings.models import DeriveState, DeriveTask
from avlest.readings.quality import Quality
from avlest.readings.queries import get_daily, get_hourly
from avlest.readings.services.derivation import do_derive_chosen
from avlest.readings.services.parameters import do_make_virtual_series, do_set_formula
from avlest.readings.tables import Store, open_store
from avlest.registry.models import Series
from avlest.registry.services.installations import Mounting, RegisterValue, do_replace_meter
from avlest.registry.services.rows import do_create_row
from tests.readings.plant import DAY, HOUR, MADE_AT, NOW, START, Plant

TOLD = ["series", "hour", "value", "quality", "rule"]


def read_all(store: Store) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Everything derived, but for when it became known."""
    hourly, daily = store.read_range("hourly", ids=None), store.read_range("daily", ids=None)
    # An hour that is only said to be missing is as good as one that nothing is said of.
    return hourly.select(TOLD), daily.drop("known_at")


def derive_anew(plant: Plant, folder: str, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same readings derived from nothing in another place."""
    fresh = open_store(str(plant.folder / folder))
    fresh.append("readings", plant.store.history("readings", ids=None), writer="copy", batch=1)
    DeriveState.objects.all().delete()
    DeriveTask.objects.all().delete()
    other = Plant(plant.actor, plant.folder)
    other.store = fresh
    other.derive(now)
    return read_all(fresh)


def test_readings_become_hours_and_days(plant: Plant) -> None:
    """Hourly readings give the use of each hour, and 24 hours a day."""
    register, series = plant.make_meter()
    plant.hear_hours(register, use=10_000, hours=19 * 24)
    done = plant.derive()
    assert done.failed == 0
    hours = plant.hours(series)
    assert hours["value"].to_list()[: 19 * 24] == [10_000] * 19 * 24
    assert plant.days(series)[date(2026, 3, 1)] == 240_000
    assert hours["quality"].to_list()[:24] == [Quality.MEASURED] * 24


def test_deriving_again_writes_nothing(plant: Plant) -> None:
    """Nothing has changed, so nothing is planned and nothing is appended; asked to, all is derived and none differs."""
    register, _ = plant.make_meter()
    plant.hear_hours(register)
    plant.derive()
    again = plant.derive(NOW + HOUR)
    assert (again.planned, again.hourly, again.daily) == (0, 0, 0)
    everything = do_derive_chosen(plant.store, series_ids=None, now=NOW + HOUR)
    assert everything.tasks > 0
    assert (everything.hourly, everything.daily) == (0, 0)


def test_a_late_reading_changes_its_days_alone(plant: Plant) -> None:
    """A reading inside a gap: only hours of the gap get new rows, and the sum of the gap stays the register's."""
    register, series = plant.make_meter()
    hours = [(START + HOUR * n, 10_000 * n) for n in range(19 * 24)]
    gap = [row for n, row in enumerate(hours) if not 100 < n < 130]
    plant.hear(register, gap)
    plant.derive()
    before = plant.hours(series, START + HOUR * 100, START + HOUR * 130)
    assert before["value"].sum() == 300_000
    plant.hear(register, [(START + HOUR * 110, 1_050_000)])
    done = plant.derive(NOW + HOUR)
    after = plant.hours(series, START + HOUR * 100, START + HOUR * 130)
    assert after["value"].sum() == 300_000
    assert after["value"].to_list()[:10] != before["value"].to_list()[:10]
    assert 0 < done.hourly <= 30


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_arrival_gives_the_same_tables(plant: Plant, seed: int) -> None:
    """Readings in random batches, some twice, derived now and then, or all at once: hours and days are the same."""
    rng = random.Random(seed)
    meters = [plant.make_meter()[0] for _ in range(2)]
    rows = [
        (register, START + HOUR * n, 7_000 * n + register)
        for register in meters
        for n in range(18 * 24)
        if rng.random() > 0.1 and not 60 < n < 130
    ]
    rng.shuffle(rows)
    at = 0
    while at < len(rows):
        size = rng.randint(50, 400)
        for register in meters:
            some = [(when, value) for number, when, value in rows[at : at + size] if number == register]
            plant.hear(register, some * rng.randint(1, 2))
        at += size
        if rng.random() < 0.6:
            plant.derive()
    plant.derive(NOW + DAY)
    hourly, daily = read_all(plant.store)
    fresh_hourly, fresh_daily = derive_anew(plant, "fresh", NOW + DAY)
    known = pl.col("value").is_not_null()
    assert hourly.filter(known).equals(fresh_hourly.filter(known))
    assert daily.filter(known).equals(fresh_daily.filter(known))


class Killed(BaseException):
    """What a process sees of its own end: nothing catches it."""


@pytest.mark.parametrize("at", range(12))
def test_killed_anywhere_it_goes_on_where_it_was(plant: Plant, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Ended before or after any append or transaction of a derivation, the next run ends with the same tables."""
    register, series = plant.make_meter()
    main = plant.make_meter()
    plant.hear_hours(register, hours=19 * 24)
    plant.hear_hours(main[0], hours=19 * 24, use=25_000)
    part = do_make_virtual(plant, series)
    do_set_formula(plant.actor, part, [(main[1], 1), (series, -1)], starts_on=date(2026, 3, 1), now=MADE_AT)
    count = 0

    def count_steps(real: Any) -> Any:
        def step(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count == at * 2 + 1:
                raise Killed
            done = real(*given, **named)
            if count == at * 2 + 2:
                raise Killed
            return done

        return step

    with monkeypatch.context() as patch:
        for name in ("_note_before", "_note_after"):
            patch.setattr(work, name, count_steps(getattr(work, name)))
        patch.setattr(plant.store, "append", count_steps(plant.store.append))
        with suppress(Killed):
            plant.derive()
    done = plant.derive(NOW + HOUR)
    assert done.failed == 0
    assert DeriveTask.objects.count() == 0
    hourly, daily = read_all(plant.store)
    assert hourly.filter(pl.col("series") == part, pl.col("hour") < NOW - 2 * DAY)["value"].unique().to_list() == [
        15_000
    ]
    fresh = derive_anew(plant, f"fresh{at}", NOW + HOUR)
    assert hourly.equals(fresh[0])
    assert daily.equals(fresh[1])


def do_make_virtual(plant: Plant, like: int) -> int:
    """A virtual series at the point of another."""
    point = Series.objects.filter(pk=like).values_list("point_id", flat=True)[0]
    return do_make_virtual_series(plant.actor, point, quantity="volume", unit="l", qualifier="rest", now=MADE_AT)


def test_a_meter_replacement_keeps_the_sum(plant: Plant) -> None:
    """Rules §1.10: 1240.500 → 1302.250, then 0.013 → 58.763: 120.500 m³ in all, never across serial numbers."""
    register, series = plant.make_meter(start_value=1_240_500_000)
    middle, end = START + DAY * 6 + HOUR * 10, START + DAY * 12
    plant.hear(register, [(START + DAY * 3, 1_270_000_000), (middle, 1_302_250_000)])
    point = Series.objects.filter(pk=series).values_list("point_id", flat=True)[0]
    meter = do_create_row(plant.actor, make_meter_row("20000001"), now=MADE_AT)
    do_replace_meter(
        plant.actor,
        Mounting(meter, point, middle, values=[RegisterValue("volume", "l", 13_000)]),
        old_values=[RegisterValue("volume", "l", 1_302_250_000)],
        now=NOW,
    )
    new = find_register(meter)
    plant.hear(new, [(middle + DAY, 20_000_000), (end, 58_763_000)])
    plant.derive()
    hours = plant.hours(series, START, end)
    assert hours["value"].sum() == 120_500_000
    assert hours["value"].null_count() == 0


def make_meter_row(serial: str) -> Any:
    from avlest.registry.models import Meter

    return Meter(manufacturer="KAM", serial=serial)


def find_register(meter: int) -> int:
    from avlest.registry.models import Register

    return int(Register.objects.filter(meter_id=meter).values_list("id", flat=True)[0])


def test_an_installation_told_late_moves_the_hours_to_its_point(plant: Plant) -> None:
    """Readings heard before anybody said where the meter is become hours when somebody does."""
    register, series = plant.make_meter(since=NOW - DAY)
    plant.hear_hours(register, hours=19 * 24)
    plant.derive()
    assert plant.hours(series)["hour"].min() == datetime(2026, 3, 18, 23, tzinfo=START.tzinfo) + HOUR * 13
    from avlest.registry.models import Installation
    from avlest.registry.services.audit import bump_version

    Installation.objects.update(starts_at=START)
    bump_version("meters")
    plant.derive(NOW + HOUR)
    assert plant.days(series)[date(2026, 3, 1)] == 240_000


def test_hours_that_are_due_are_told_though_the_meter_is_silent(plant: Plant) -> None:
    """A day after the last reading: yesterday's hours are there, estimated or said to be missing; today's are not."""
    register, series = plant.make_meter()
    plant.hear_hours(register, hours=17 * 24)
    plant.derive()
    later = NOW + DAY
    plant.derive(later)
    last = plant.hours(series)["hour"].max()
    assert last == datetime(2026, 3, 20, 22, tzinfo=START.tzinfo)
    tail = plant.hours(series, START + HOUR * (17 * 24))
    assert (tail["quality"] < Quality.EDITED).all()


def test_a_virtual_series_follows_its_parts(plant: Plant) -> None:
    """Main less sub: changed parts change it, and it is as sure as the least sure of them."""
    sub, sub_series = plant.make_meter()
    main, main_series = plant.make_meter()
    virtual = do_make_virtual(plant, main_series)
    terms = [(main_series, 1), (sub_series, -1)]
    do_set_formula(plant.actor, virtual, terms, starts_on=date(2026, 3, 1), at_least_zero=True, now=MADE_AT)
    plant.hear_hours(main, use=25_000, hours=19 * 24)
    plant.derive()
    plant.hear_hours(sub, use=10_000, hours=19 * 24)
    plant.derive(NOW + HOUR)
    hours = plant.hours(virtual, START, START + DAY)
    assert hours["value"].to_list() == [15_000] * 24
    assert set(hours["rule"]) == {"virtual"}
    assert plant.days(virtual)[date(2026, 3, 1)] == 24 * 15_000


def test_what_was_known_then_is_derived_again(plant: Plant) -> None:
    """Asked for an instant before a correction came, hours and days are as they were told then."""
    register, series = plant.make_meter()
    rows = [(START + HOUR * n, 10_000 * n) for n in range(24 * 10)]
    plant.hear(register, [row for n, row in enumerate(rows) if n != 50], known=NOW - 2 * DAY)
    plant.derive(NOW - DAY)
    told = get_hourly(plant.store, [series], START, START + 5 * DAY)
    plant.hear(register, [(START + HOUR * 50, 10_000 * 50 + 4_000)], known=NOW - HOUR)
    plant.derive(NOW)
    assert not get_hourly(plant.store, [series], START, START + 5 * DAY).select(TOLD).equals(told.select(TOLD))
    then = get_hourly(plant.store, [series], START, START + 5 * DAY, as_known_at=NOW - DAY)
    assert then.select(TOLD).equals(told.select(TOLD))
    days = get_daily(plant.store, [series], date(2026, 3, 1), date(2026, 3, 4), as_known_at=NOW - DAY)
    assert days["value"].to_list() == [240_000] * 3


def test_a_task_that_fails_is_told_and_the_others_go_on(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of one task is noted with its words and tried again; the other series are derived."""
    register, series = plant.make_meter()
    plant.hear_hours(register)
    real = work.derive_task
    calls = 0

    def fail_once(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ArithmeticError("a case nobody thought of")
        return real(*given, **named)

    monkeypatch.setattr(work, "derive_task", fail_once)
    done = plant.derive()
    assert done.failed == 1
    assert DeriveTask.objects.count() == 0
    assert plant.days(series)[date(2026, 3, 1)] == 240_000
