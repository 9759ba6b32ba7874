# SPDX-License-Identifier: Apache-2.0
"""Elhub's values in and out: statuses, the CSV of Min side, the Energy Data API, deadlines."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.collect.formats.elhub_csv import parse_elhub_csv
from avlest.collect.formats.elhub_values import to_interval_values
from avlest.collect.formats.model import Message
from avlest.readings.elhub.energy_data import EnergyDataError, format_energy_data, parse_energy_data
from avlest.readings.elhub.min_side import CsvForm, derive_file_name, format_min_side
from avlest.readings.elhub.report import derive_report
from avlest.readings.elhub.values import Direction, IntervalValue, Status, derive_quality, derive_status, parse_status
from avlest.readings.services.elhub import access_elhub_report, access_interval_values, do_import_values
from tests.readings.plant import DAY, HOUR, START, Plant

GSRN = "707057500000000001"
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 24, 22, tzinfo=UTC)
SPRING = datetime(2026, 3, 28, 23, tzinfo=UTC)
"""Local midnights before the clock goes back, and ahead."""
QUARTER = timedelta(minutes=15)


def make_values(
    count: int, *, start: datetime = START, length: timedelta = HOUR, **more: object
) -> list[IntervalValue]:
    return [
        IntervalValue(GSRN, start + length * n, start + length * (n + 1), Direction.OUT, 100 + n, **more)
        for n in range(count)
    ]


def read_csv(text: str) -> list[IntervalValue]:
    message = Message(text.encode(), NOW, "elhub", topic=derive_file_name(GSRN, Direction.OUT, NOW))
    parsed = parse_elhub_csv(message)
    assert parsed.problems == ()
    return to_interval_values(parsed)


@pytest.mark.parametrize("form", [CsvForm(), CsvForm(",", ".", with_offset=False), CsvForm(",", ",")])
@pytest.mark.parametrize(
    "start", [START, datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)]
)
@pytest.mark.parametrize("length", [HOUR, QUARTER])
def test_what_is_written_is_read_again(form: CsvForm, start: datetime, length: timedelta) -> None:
    """In every form, at every length, also on days of 23 and 25 hours, a file gives back its values."""
    values = make_values(30, start=start, length=length)
    assert read_csv(format_min_side(values, form=form)) == values


def test_statuses_go_both_ways_and_missing_values_are_not_sent() -> None:
    """The four statuses that Elhub takes are written; missing and rejected rows are left out."""
    values = [
        IntervalValue(GSRN, START + HOUR * n, START + HOUR * (n + 1), Direction.OUT, 7, status)
        for n, status in enumerate(Status)
    ]
    back = read_csv(format_min_side(values))
    assert [value.status for value in back] == ["Målt", "Estimert", "Endelig estimert", "Midlertidig"]
    for status in (Status.MEASURED, Status.ESTIMATED, Status.FINAL_ESTIMATED, Status.TEMPORARY):
        assert derive_status(derive_quality(status), 1) is status
    assert derive_status(50, None) is Status.MISSING
    assert derive_status(40, 5) is Status.FINAL_ESTIMATED
    with pytest.raises(ValueError, match="Målt"):
        parse_status("Gjettet")


@given(
    st.lists(
        st.tuples(st.integers(0, 10_000), st.sampled_from(list(Direction)), st.integers(0, 10**9)),
        max_size=30,
        unique_by=lambda row: row[:2],
    )
)
def test_the_api_gives_back_what_it_was_given(rows: list[tuple[int, Direction, int]]) -> None:
    """Written and read again, values are the same to the watt-hour; none is an empty body."""
    values = [
        IntervalValue(GSRN, START + HOUR * n, START + HOUR * (n + 1), way, amount, inserted_at=NOW)
        for n, way, amount in rows
    ]
    body = format_energy_data(values)
    assert bool(body) == bool(values)
    assert set(parse_energy_data(body).values) == set(values)


def make_body(rows: list[dict[str, object]], *, as_list: bool = True) -> bytes:
    point = {"type": "metering-points", "id": GSRN, "attributes": {"meteringValuesHour": rows}}
    return json.dumps({"data": [point] if as_list else point}).encode()


ROW = {
    "startTime": "2026-03-01T00:00:00+01:00",
    "endTime": "2026-03-01T01:00:00+01:00",
    "direction": "Out",
    "quantityKwh": 1.234,
    "resolution": "PT60M",
    "insertDateTime": "2026-03-02T02:05:00+01:00",
}


def test_one_point_may_come_as_an_object_and_none_as_204() -> None:
    """`data` is an object or a list; status 204 is no values."""
    for as_list in (True, False):
        (value,) = parse_energy_data(make_body([ROW], as_list=as_list)).values
        assert (value.start, value.watt_hours, value.status) == (START, 1234, Status.MEASURED)
    assert parse_energy_data(b"", status=204).values == ()
    assert parse_energy_data(b"", status=200).values == ()


def test_the_value_inserted_last_counts_whatever_its_offset_says() -> None:
    """A correction has a later time of insertion; texts with different offsets are compared as instants."""
    later = {**ROW, "quantityKwh": 2, "insertDateTime": "2026-03-02T01:30:00+00:00"}
    for rows in ([ROW, later], [later, ROW]):
        (value,) = parse_energy_data(make_body(rows)).values
        assert value.watt_hours == 2000


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"quantityKwh": "much"}, "quantityKwh is 'much'"),
        ({"quantityKwh": -1}, "from 0 up"),
        ({"quantityKwh": True}, "from 0 up"),
        ({"startTime": "2026-03-01T00:00:00"}, "a time with offset"),
        ({"endTime": "2026-03-01T03:00:00+01:00"}, "is not 60 minutes"),
        ({"resolution": "P1D"}, "PT15M or PT60M"),
        ({"direction": "Up"}, "Out (consumption)"),
        ({"quality": "Gjettet"}, "Målt"),
    ],
)
def test_a_wrong_value_is_told_with_its_place_and_the_others_are_read(change: dict[str, object], says: str) -> None:
    """The first of two values is wrong: the other is read, one problem names where it stands."""
    second = {**ROW, "startTime": "2026-03-01T01:00:00+01:00", "endTime": "2026-03-01T02:00:00+01:00"}
    found = parse_energy_data(make_body([{**second, **change}, ROW]))
    assert len(found.values) == 1
    assert str(found.problems[0]).startswith("data[0].attributes.meteringValuesHour[0]: ")
    assert says in str(found.problems[0])


def test_a_body_that_is_no_answer_is_refused() -> None:
    """What has no data is no answer of the API; a point with a wrong number is told."""
    for body in (b"<html>", b"[]", b'{"errors": []}'):
        with pytest.raises(EnergyDataError, match="expected"):
            parse_energy_data(body)
    wrong = parse_energy_data(make_body([ROW]).replace(GSRN.encode(), b"707057500000000005"))
    assert "check digit 1" in str(wrong.problems[0])


def test_imported_values_become_hours_with_elhubs_statuses(plant: Plant) -> None:
    """Imported amounts are the hours; the same file again writes nothing; a correction replaces in any order."""
    plant.make_meter(quantity="energy", unit="kwh", medium="electricity", gsrn=GSRN)
    values = make_values(48, inserted_at=NOW)
    done = do_import_values(plant.actor, plant.store, values, source="test", now=NOW)
    assert (done.written, done.standing, done.refused) == (48, 0, ())
    again = do_import_values(plant.actor, plant.store, values, source="test", now=NOW)
    assert (again.written, again.standing) == (0, 48)
    plant.derive(NOW)
    back = access_interval_values(plant.actor, plant.store, [GSRN], date(2026, 3, 1), date(2026, 3, 3))
    assert [value.watt_hours for value in back] == [value.watt_hours for value in values]
    assert {value.status for value in back} == {Status.MEASURED}
    newer = IntervalValue(GSRN, START, START + HOUR, Direction.OUT, 5, inserted_at=NOW + HOUR)
    older = IntervalValue(GSRN, START, START + HOUR, Direction.OUT, 9, inserted_at=NOW - HOUR)
    for value in (newer, older):
        do_import_values(plant.actor, plant.store, [value], source="test", now=NOW + 2 * HOUR)
    plant.derive(NOW + 2 * HOUR)
    back = access_interval_values(plant.actor, plant.store, [GSRN], date(2026, 3, 1), date(2026, 3, 2))
    assert [value.watt_hours for value in back[:2]] == [5, 101]


def test_a_point_that_changes_from_hours_to_quarters_stays_one_series(plant: Plant) -> None:
    """Hours until a day, quarters after it: the hours of both are right, and quarters sum to their hour."""
    plant.make_meter(quantity="energy", unit="kwh", medium="electricity", gsrn=GSRN)
    hours = make_values(24)
    quarters = make_values(96, start=START + DAY, length=QUARTER)
    do_import_values(plant.actor, plant.store, [*hours, *quarters], source="test", now=NOW)
    plant.derive(NOW)
    values = access_interval_values(plant.actor, plant.store, None, date(2026, 3, 1), date(2026, 3, 3))
    expected = [value.watt_hours for value in hours]
    expected += [sum(value.watt_hours for value in quarters[at : at + 4]) for at in range(0, 96, 4)]
    assert [value.watt_hours for value in values] == expected
    day = START + DAY
    fine = access_interval_values(plant.actor, plant.store, None, date(2026, 3, 2), date(2026, 3, 3), minutes=15)
    assert [(value.start, value.watt_hours) for value in fine] == [
        (value.start, value.watt_hours) for value in quarters
    ]
    assert {value.status for value in fine} == {Status.MEASURED}
    assert len(fine) == 96
    assert fine[0].start == day


def test_a_point_nobody_has_and_one_without_meter_are_told(plant: Plant) -> None:
    """Values of unknown points are refused with the reason; the others are taken in."""
    plant.make_meter(quantity="energy", unit="kwh", medium="electricity", gsrn=GSRN)
    other = IntervalValue("707057500000000018", START, START + HOUR, Direction.OUT, 5)
    early = IntervalValue(GSRN, START - DAY, START - DAY + HOUR, Direction.OUT, 5)
    done = do_import_values(plant.actor, plant.store, [other, early, *make_values(1)], source="test", now=NOW)
    assert done.written == 1
    assert dict(done.refused)[other.gsrn] == "no metering point of this organisation has this number"
    assert "no meter is installed there at 2026-02-27 23:00 UTC" in dict(done.refused)[GSRN]


def test_the_report_tells_met_and_late_deadlines(plant: Plant) -> None:
    """A whole day meets both deadlines, a day with gaps is complete by its estimates, a day to come is not due."""
    plant.make_meter(quantity="energy", unit="kwh", medium="electricity", gsrn=GSRN)
    do_import_values(plant.actor, plant.store, make_values(30), source="test", now=NOW)
    now = START + 2 * DAY + 5 * HOUR
    plant.derive(now)
    rows = access_elhub_report(plant.actor, plant.store, date(2026, 3, 1), date(2026, 3, 4), now=now).to_dicts()
    assert [(row["measured"], row["first_due"]) for row in rows] == [(1, True), (0, False), (0, False)]
    assert rows[0]["first_met"]
    assert rows[2]["hours_missing"] == 24
    assert not rows[2]["first_met"]


def test_deadlines_follow_the_local_clock() -> None:
    """07:00 on the day after, in summer and winter time; five days for billing."""
    days = pl.DataFrame(
        {"series": [1], "day": [date(2026, 3, 28)], "hours": [24], "measured": [24], "edited": [0], "estimated": [0],
         "missing": [0], "quality": [50]}
    )  # fmt: skip
    due = [
        derive_report(days, now=datetime(2026, 3, 29, hour, minute, tzinfo=UTC))["first_due"][0]
        for hour, minute in ((4, 59), (5, 0))
    ]
    assert due == [False, True]


def test_import_and_export_stand_apart(plant: Plant) -> None:
    """What goes into the grid is another series than what comes out of it."""
    plant.make_meter(quantity="energy", unit="kwh", medium="electricity", gsrn=GSRN)
    sold = [IntervalValue(GSRN, START, START + HOUR, Direction.IN, 900)]
    do_import_values(plant.actor, plant.store, [*make_values(1), *sold], source="test", now=NOW)
    plant.derive(NOW)
    for direction, amount in ((Direction.OUT, 100), (Direction.IN, 900)):
        values = access_interval_values(
            plant.actor, plant.store, None, date(2026, 3, 1), date(2026, 3, 2), direction=direction
        )
        assert values[0].watt_hours == amount
