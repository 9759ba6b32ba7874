# SPDX-License-Identifier: Apache-2.0
"""What counts as found of what was put in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from avlest.simulate.contracts import INSTANT
from avlest.simulate.demo.verdict import GRACE, judge

START = datetime(2026, 3, 1, tzinfo=UTC)
EVENTS = {
    "kind": pl.String,
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    "point_code": pl.String,
    "gateway_code": pl.String,
    "zone_code": pl.String,
}
ALARMS = {
    "kind": pl.String,
    "since": INSTANT,
    "last_at": INSTANT,
    "point": pl.String,
    "gateway": pl.String,
    "zone": pl.String,
}


def _day(number: float) -> datetime:
    return START + timedelta(days=number)


def _judge(events: list[tuple[object, ...]], alarms: list[tuple[object, ...]]) -> tuple[int, int]:
    happened, told = ([(*row, *(None,) * (6 - len(row))) for row in rows] for rows in (events, alarms))
    return judge(
        pl.DataFrame(happened, schema=EVENTS, orient="row"), pl.DataFrame(told, schema=ALARMS, orient="row")
    ).totals


TOILET = ("running_toilet", _day(10), _day(20), "P1", None)


@pytest.mark.parametrize(
    ("alarm", "found"),
    [
        (("continuous_flow", _day(10), _day(12), "P1", None), 1),
        (("night_flow", _day(19), _day(21), "P1", None), 1),
        (("continuous_flow", _day(10), _day(12), "P2", None), 0),
        (("backflow", _day(10), _day(12), "P1", None), 0),
        (("continuous_flow", _day(2), _day(9), "P1", None), 0),
        (("continuous_flow", _day(20) + GRACE + timedelta(hours=1), _day(60), "P1", None), 0),
        (("continuous_flow", _day(10), _day(12), None, "P1"), 0),
    ],
)
def test_an_alarm_answers_an_event_of_its_point_and_time(alarm: tuple[object, ...], found: int) -> None:
    """Place, time and kind must agree."""
    assert _judge([TOILET], [alarm]) == (found, 1)


def test_several_alarms_find_an_event_once() -> None:
    """An event is found or not, however many alarms tell it."""
    alarms = [("continuous_flow", _day(10), _day(11), "P1", None), ("night_flow", _day(12), _day(13), "P1", None)]
    assert _judge([TOILET, (*TOILET[:3], "P2", None)], alarms) == (1, 2)


def test_an_event_that_goes_on_may_be_told_at_any_time_after() -> None:
    """An end that is not known yet is no end."""
    assert _judge([("low_battery", _day(1), None, "P1", None)], [("low_battery", _day(90), _day(91), "P1", None)]) == (
        1,
        1,
    )


def test_gateways_are_answered_by_alarms_about_gateways() -> None:
    """A dead gateway by its own silence, a power cut by that of its zone."""
    dead, cut = ("dead_gateway", _day(1), _day(4), None, "G1"), ("power_cut", _day(6), _day(6.5), None, None, "Z1")
    assert _judge([dead, cut], [("gateway_silent", _day(1), _day(3), None, "G1")]) == (1, 2)
    assert _judge([dead, cut], [("power_cut", _day(6), _day(6.2), None, None, "Z1")]) == (1, 2)
    assert _judge([dead, cut], [("power_cut", _day(6), _day(6.2), None, None, "Z2")]) == (0, 2)
    assert _judge([dead, cut], [("gateway_silent", _day(6), _day(6.2), None, "G2")]) == (0, 2)


def test_what_no_alarm_is_for_is_not_counted() -> None:
    """Moves and prices are life, not faults."""
    assert _judge([("move", _day(1), None, "P1", None)], []) == (0, 0)
