# SPDX-License-Identifier: Apache-2.0
"""The alarm rules of rules §5.2, one by one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from avlest.insight.contracts import ALARMS, AlarmKind
from avlest.insight.rules import derive_alarms, load_thresholds
from tests.insight.frames import BEGIN, LITRE, hours_after, make_home, make_hourly, make_parameters

THRESHOLDS = load_thresholds()
HISTORY = 60 * 24
"""Hours before the first day that is asked for."""


def evaluate(hourly: pl.DataFrame, *, start: int = HISTORY, until: int, **fields: Any) -> pl.DataFrame:
    """Alarms of hours `[start, until)` after `BEGIN`."""
    given = {"parameters": make_parameters(), "thresholds": THRESHOLDS, **fields}
    return derive_alarms(hourly, start=hours_after(start), until=hours_after(until), **given)


def of_kind(alarms: pl.DataFrame, kind: AlarmKind) -> pl.DataFrame:
    """Those of one kind."""
    return alarms.filter(pl.col("kind") == str(kind))


def one(alarms: pl.DataFrame, kind: AlarmKind) -> dict[str, Any]:
    """The only one of a kind."""
    return of_kind(alarms, kind).row(0, named=True) if of_kind(alarms, kind).height == 1 else pytest.fail(str(alarms))


def quiet(days: int = 60) -> np.ndarray:
    """A home's litres, with a dry hour every night."""
    litres = make_home(days)
    litres[np.arange(len(litres)) % 24 == 3] = 0
    return litres


def test_a_day_without_a_dry_hour_is_an_alarm_since_its_first_hour():
    """Twelve litres an hour from hour 1445 on: open after 24 hours, since exactly then, 12 L/h."""
    litres = np.concatenate([quiet(), np.zeros(5), np.full(30, 12.0)])
    alarm = one(evaluate(make_hourly(litres), until=len(litres)), AlarmKind.CONTINUOUS_FLOW)
    assert alarm["since"] == hours_after(HISTORY + 5)
    assert alarm["opened_at"] == hours_after(HISTORY + 5 + 24)
    assert alarm["cleared_at"] is None
    assert alarm["last_at"] == hours_after(len(litres))
    assert (alarm["rate"], alarm["amount"]) == (12 * LITRE, 30 * 12 * LITRE)
    assert (alarm["cause"], alarm["severity"], alarm["advice"][0]) == ("cistern", "warning", "cistern_dye")


def test_one_dry_hour_clears_it():
    """Clear rule of rules §5.2: one zero hour."""
    litres = np.concatenate([quiet(), np.full(30, 12.0), [0.0], np.full(5, 20.0)])
    alarm = one(evaluate(make_hourly(litres), until=len(litres)), AlarmKind.CONTINUOUS_FLOW)
    assert alarm["cleared_at"] == hours_after(HISTORY + 31)
    assert alarm["last_at"] == hours_after(HISTORY + 30)


def test_use_on_top_of_a_leak_is_not_counted_as_leak():
    """The rate is what runs in the quietest hours, and only that adds up."""
    use = np.zeros(48)
    use[[7, 8, 18, 19, 31, 32, 42]] = 80
    litres = np.concatenate([quiet(), use + 10])
    alarm = one(evaluate(make_hourly(litres), until=len(litres)), AlarmKind.CONTINUOUS_FLOW)
    assert (alarm["rate"], alarm["amount"]) == (10 * LITRE, 480 * LITRE)


def test_missing_hours_are_neither_zero_nor_flow():
    """Six unknown hours within neither clear nor count; with nine of 24 unknown nothing can be said."""
    leak: list[float | None] = [12.0] * 24
    leak[10:16] = [None] * 6
    history = [*quiet()[:-1], 0.0]
    found = evaluate(make_hourly([*history, *leak]), until=HISTORY + 24)
    assert one(found, AlarmKind.CONTINUOUS_FLOW)["since"] == hours_after(HISTORY)
    leak[16:19] = [None] * 3
    assert evaluate(make_hourly([*history, *leak]), until=HISTORY + 24).is_empty()


def test_estimated_hours_raise_no_leak_alarm_on_their_own():
    """A gap filled with an even flow looks like a leak and is none; nor does an estimated zero clear one."""
    history = quiet()
    estimated = make_hourly(np.full(30, 12.0), quality=30).with_columns(pl.col("hour") + timedelta(hours=HISTORY))
    assert evaluate(pl.concat([make_hourly(history), estimated]), until=HISTORY + 30).is_empty()
    leak = np.concatenate([history, np.full(30, 12.0)])
    zeros = make_hourly(np.zeros(3), quality=30).with_columns(pl.col("hour") + timedelta(hours=len(leak)))
    alarm = one(evaluate(pl.concat([make_hourly(leak), zeros]), until=len(leak) + 3), AlarmKind.CONTINUOUS_FLOW)
    assert alarm["cleared_at"] is None
    assert alarm["last_at"] == hours_after(len(leak))


def test_a_week_without_a_dry_hour_is_severe():
    """CONTINUOUS_FLOW_7D opens beside the first alarm after 168 hours."""
    litres = np.concatenate([quiet(), np.full(180, 5.0)])
    alarm = one(evaluate(make_hourly(litres), until=len(litres)), AlarmKind.CONTINUOUS_FLOW_7D)
    assert (alarm["severity"], alarm["opened_at"]) == ("severe", hours_after(HISTORY + 168))


def test_a_coarse_meter_shows_a_slow_leak():
    """A meter that counts 10 L steps shows 5 L/h as every other hour: still a leak, not a dry hour."""
    history = (quiet() // 10) * 10
    litres = np.concatenate([history, np.tile([10.0, 0.0], 20)])
    found = evaluate(make_hourly(litres), until=len(litres), parameters=make_parameters(resolution=10 * LITRE))
    assert one(found, AlarmKind.CONTINUOUS_FLOW)
    fine = evaluate(make_hourly(litres), until=len(litres))
    assert of_kind(fine, AlarmKind.CONTINUOUS_FLOW).is_empty()


def test_a_place_that_never_sleeps_is_measured_by_its_own_quiet_hours():
    """A farm whose troughs always run at 40 L/h: no alarm at 50, one at 120 with 80 above what is normal."""
    rng = np.random.default_rng(4)
    usual = 40 + rng.integers(0, 60, 60 * 24)
    usual[::24] = 40
    farm = make_parameters(customer_class="farm")
    calm = np.concatenate([usual, np.full(30, 50.0)])
    assert of_kind(evaluate(make_hourly(calm), until=len(calm), parameters=farm), AlarmKind.CONTINUOUS_FLOW).is_empty()
    leaking = np.concatenate([usual, np.full(30, 120.0)])
    found = evaluate(make_hourly(leaking), until=len(leaking), parameters=farm)
    assert one(found, AlarmKind.CONTINUOUS_FLOW)["rate"] == 80 * LITRE


def test_night_flow_is_three_nights_against_the_usual():
    """Even flow at 02-04 in a home with dry evenings: found after three nights, cleared by one dry night."""
    days = np.zeros((64, 24))
    days[:, 18] = 90
    days[60:, 1:6] = 8
    found = evaluate(make_hourly(days.ravel()), until=64 * 24)
    alarm = one(found, AlarmKind.NIGHT_FLOW)
    assert alarm["opened_at"] == hours_after(62 * 24 + 4)
    days[63, 2:4] = 0
    found = evaluate(make_hourly(days.ravel()), until=64 * 24)
    assert one(found, AlarmKind.NIGHT_FLOW)["cleared_at"] == hours_after(63 * 24 + 4)
    days[30:, 1:6] = 8
    assert of_kind(evaluate(make_hourly(days.ravel()), until=64 * 24), AlarmKind.NIGHT_FLOW).is_empty()


def test_people_who_are_up_at_night_are_no_leak():
    """The same amounts, but now more, now less: the quietest hours are far below the others."""
    days = np.zeros((64, 24))
    days[60:, 2:4] = [[3, 30], [40, 25], [5, 28], [60, 3]]
    assert of_kind(evaluate(make_hourly(days.ravel()), until=64 * 24), AlarmKind.NIGHT_FLOW).is_empty()


def test_the_main_meter_of_many_homes_goes_by_the_median_of_three_nights():
    """Some flow every night is usual; four fifths more is one cistern and an alarm after two nights of three."""
    days = np.full((64, 24), 100.0)
    days[61:, 1:6] = 190
    found = evaluate(make_hourly(days.ravel()), until=64 * 24, parameters=make_parameters(customer_class="building"))
    assert one(found, AlarmKind.NIGHT_FLOW)["opened_at"] == hours_after(62 * 24 + 4)


@pytest.mark.parametrize(("hours", "opened"), [([900.0], 1), ([310.0, 320.0, 330.0], 3)])
def test_a_burst_is_one_hour_of_much_or_three_of_more_than_300(hours: list[float], opened: int):
    """rules §5.2 BURST, both ways; cleared by an hour below half."""
    litres = np.concatenate([quiet(), hours, [10.0]])
    alarm = one(evaluate(make_hourly(litres), until=len(litres)), AlarmKind.BURST)
    assert (alarm["since"], alarm["opened_at"]) == (hours_after(HISTORY), hours_after(HISTORY + opened))
    assert alarm["cleared_at"] == hours_after(HISTORY + len(hours) + 1)
    assert (alarm["severity"], alarm["rate"], alarm["amount"]) == (
        "critical",
        max(hours) * LITRE,
        (sum(hours) + 10) * LITRE,
    )


def test_a_hose_every_week_is_a_habit_not_a_burst():
    """An hour like two before in eight weeks is no burst; one of twice as much is; nor are three hours at their usual
    time of the week, which are a burst on another day."""
    days = np.zeros((70, 24))
    days[1::7, 20] = 700
    days[62, 12] = 1400
    found = of_kind(evaluate(make_hourly(days.ravel()), until=70 * 24), AlarmKind.BURST)
    assert found["since"].to_list() == [hours_after(62 * 24 + 12)]
    days[:] = 0
    days[1::7, 19:22] = 400
    days[66, 19:22] = 400
    found = of_kind(evaluate(make_hourly(days.ravel()), until=70 * 24), AlarmKind.BURST)
    assert found["since"].to_list() == [hours_after(66 * 24 + 19)]


def make_family(days: int, *, dry: float, seed: int = 3) -> np.ndarray:
    """Litres of a large family: of the hours from 22 to 8 so many are dry, of the others none."""
    rng = np.random.default_rng(seed)
    night = np.isin(np.arange(24), [22, 23, *range(8)])
    family = rng.integers(1, np.where(night, 5, 30), (days, 24)).astype(float)
    family[rng.random((days, 24)) < dry * night] = 0
    family[-1, -1] = 0
    return family.ravel()


@pytest.mark.parametrize(("dry", "hours"), [(0.8, 24), (0.5, 48), (0.3, 78)])
def test_a_slow_leak_shows_when_chance_cannot_explain_it(dry: float, hours: int):
    """The fewer dry hours a home has as a rule, the longer it takes: until its own habits give less than one in a
    million, which is 0.5 to the 20th, of ten night hours each; the nights of the leak itself count as habit too."""
    leak = make_family(66, dry=dry)
    leak[HISTORY - 1], leak[HISTORY:] = 0, np.maximum(leak[HISTORY:], 2.0)
    alarm = one(evaluate(make_hourly(leak), until=len(leak)), AlarmKind.CONTINUOUS_FLOW)
    assert abs(alarm["opened_at"] - hours_after(HISTORY + hours)) <= timedelta(hours=4)
    assert alarm["since"] == hours_after(HISTORY)


def test_a_busy_home_with_a_leak_of_ten_litres_is_found_in_a_day():
    """More in its quietest hours than is usual there: it needs no second night."""
    family = make_family(62, dry=0.3)
    family[HISTORY:] += 10
    alarm = one(evaluate(make_hourly(family), until=len(family)), AlarmKind.CONTINUOUS_FLOW)
    assert hours_after(HISTORY + 20) < alarm["opened_at"] <= hours_after(HISTORY + 24)


def test_a_busy_home_that_misses_its_dry_hours_by_chance_is_no_leak():
    """Two nights without a dry hour where every third night hour is dry as a rule."""
    family = make_family(62, dry=0.3)
    family[HISTORY:] = np.where(family[HISTORY:] == 0, 3.0, family[HISTORY:])
    assert evaluate(make_hourly(family), until=len(family)).is_empty()


@pytest.mark.parametrize(("litres", "within"), [(12.0, 24), (2.0, 7 * 24)])
def test_a_home_of_which_nothing_is_known_is_given_longer(litres: float, within: int):
    """A meter put up yesterday: what runs fast shows in a day, what drips within a week."""
    hourly = make_hourly([None] * 60 + [litres] * 200)
    found = derive_alarms(
        hourly, make_parameters(), start=hours_after(48), until=hours_after(260), thresholds=load_thresholds()
    )
    assert found["since"].to_list()[0] == hours_after(60)
    assert min(found["opened_at"].to_list()) <= hours_after(60 + within)


def test_a_high_day_is_three_times_the_same_weekday():
    """1.2 m³ where 300 L are usual; 450 L are below the least that counts."""
    days = np.zeros((62, 24))
    days[:, 18] = 300
    days[60, 10:18] = 112.5
    found = evaluate(make_hourly(days.ravel()), until=62 * 24)
    alarm = one(found, AlarmKind.HIGH_DAY)
    assert (alarm["since"], alarm["cleared_at"]) == (hours_after(60 * 24), hours_after(61 * 24))
    assert alarm["amount"] == 1200 * LITRE
    days[60, 10:18] = 18
    assert of_kind(evaluate(make_hourly(days.ravel()), until=62 * 24), AlarmKind.HIGH_DAY).is_empty()


def test_no_consumption_for_thirty_days_where_somebody_lives():
    """Open after 30 days, since the hour after the last flow; an empty home raises nothing."""
    litres = np.concatenate([np.full(40 * 24, 5.0), np.zeros(31 * 24)])
    alarm = one(evaluate(make_hourly(litres), until=len(litres)), AlarmKind.NO_CONSUMPTION)
    assert (alarm["since"], alarm["opened_at"]) == (hours_after(40 * 24), hours_after(70 * 24))
    empty = evaluate(make_hourly(litres), until=len(litres), parameters=make_parameters(occupied=False))
    assert of_kind(empty, AlarmKind.NO_CONSUMPTION).is_empty()


def test_any_flow_in_an_empty_cabin_is_an_alarm():
    """Away mode: 3 L in one hour is enough; a day of quiet clears it."""
    litres = np.concatenate([np.zeros(HISTORY + 5), [3.0], np.zeros(30)])
    away = pl.DataFrame({"series": [1], "starts_at": [hours_after(HISTORY)], "ends_at": [None]})
    cabin = make_parameters(customer_class="cabin", occupied=False)
    alarm = one(evaluate(make_hourly(litres), until=len(litres), parameters=cabin, away=away), AlarmKind.AWAY_FLOW)
    assert alarm["opened_at"] == hours_after(HISTORY + 6)
    assert alarm["cleared_at"] == hours_after(HISTORY + 6 + 24)
    assert evaluate(make_hourly(litres), until=len(litres), parameters=cabin).is_empty()


@pytest.mark.parametrize(("meaning", "litres"), [("reverse", 2.0), ("use", -2.0)])
def test_backflow_is_a_growing_reverse_register_or_a_falling_total(meaning: str, litres: float):
    """More than a litre backwards; 24 quiet hours clear it."""
    series = np.concatenate([np.zeros(HISTORY), [litres], np.zeros(24)])
    found = evaluate(make_hourly(series), until=len(series), parameters=make_parameters(meaning=meaning))
    alarm = one(found, AlarmKind.BACKFLOW)
    assert (alarm["amount"], alarm["cleared_at"]) == (2 * LITRE, hours_after(HISTORY + 25))


def test_freeze_risk_opens_at_three_degrees_and_clears_at_six():
    """rules §5.2 FREEZE_RISK on the temperature around the meter: 4 °C is not warm enough to clear."""
    degrees = np.concatenate([np.full(HISTORY, 12.0), [5.0, 3.0, 4.0, 6.0]])
    found = evaluate(make_hourly(degrees), until=len(degrees), parameters=make_parameters(meaning="ambient", unit="c"))
    alarm = one(found, AlarmKind.FREEZE_RISK)
    assert (alarm["opened_at"], alarm["cleared_at"]) == (hours_after(HISTORY + 2), hours_after(HISTORY + 4))
    assert alarm["rate"] is None


def test_cold_water_is_a_freeze_risk_only_while_it_stands_still():
    """4 °C in the pipe with no flow for twelve hours; running water does not freeze."""
    cold = make_hourly(np.concatenate([np.full(HISTORY, 9.0), np.full(14, 4.0)]), series=2)
    parameters = pl.concat([make_parameters(1), make_parameters(2, meaning="water_temperature", unit="c", partner=1)])
    for use, expected in ((0.0, 1), (3.0, 0)):
        flow = make_hourly(np.concatenate([np.zeros(HISTORY), np.full(14, use)]))
        found = evaluate(pl.concat([flow, cold]), until=HISTORY + 14, parameters=parameters)
        assert of_kind(found, AlarmKind.FREEZE_RISK).height == expected


def test_a_series_nobody_watches_any_more_has_its_alarm_cleared():
    """A class without a rule closes what was open, at the start of the evaluation."""
    litres = np.concatenate([quiet(), np.full(48, 12.0)])
    first = evaluate(make_hourly(litres), until=HISTORY + 30)
    later = evaluate(
        make_hourly(litres), start=HISTORY + 30, until=HISTORY + 48, open_alarms=first,
        parameters=make_parameters(customer_class=None),
    )  # fmt: skip
    assert later["kind"].to_list() == first["kind"].to_list()
    assert set(later["cleared_at"]) == {hours_after(HISTORY + 30)}


def test_nothing_watched_gives_an_empty_frame_of_the_right_columns():
    """Callers may rely on the columns."""
    found = evaluate(make_hourly([]), until=HISTORY + 24, parameters=make_parameters()[:0])
    assert dict(found.schema) == dict(ALARMS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": BEGIN.replace(tzinfo=None)}, "no time zone"),
        ({"start": BEGIN + timedelta(minutes=3)}, "not on the hour"),
        ({"start": hours_after(2)}, "nothing between"),
        ({"parameters": make_parameters(1, 1)}, "series 1 is there twice"),
        ({"parameters": make_parameters(meaning="flow")}, "unknown meaning 'flow', expected one of use"),
    ],
)
def test_wrong_input_is_told_what_is_expected(change: dict[str, Any], message: str):
    """A clear error, not a wrong alarm."""
    given = {
        "start": BEGIN,
        "until": hours_after(1),
        "parameters": make_parameters(),
        "thresholds": THRESHOLDS,
        **change,
    }
    with pytest.raises(ValueError, match=message):
        derive_alarms(make_hourly([]), **given)
