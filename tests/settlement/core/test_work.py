# SPDX-License-Identifier: Apache-2.0
"""Hourly work: rules §1.11."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.settlement.contracts import Band, Price, SettlementError
from avlest.settlement.core.registers import OSLO
from avlest.settlement.core.work import check_bands, derive_duration, derive_visit

HOLIDAYS = frozenset({date(2026, 5, 1), date(2026, 5, 14)})


def price(code: str, kroner: int, *bands: Band, minutes: int = 120) -> Price:
    return Price(
        code=code, service="call_out", unit="hour", value=kroner * 10_000, vat="general", vat_included=True,
        bands=bands, minimum_minutes=minutes,
    )  # fmt: skip


ORDINARY = price("ORD", 1070, Band("weekday", time(7), time(14, 30)))
OVERTIME = price("OT50", 1560, Band("weekday", time(14, 30), time(21)))
NIGHT = price("OT100", 2050, Band("weekday", time(21), time(7)), Band("holiday", time(0), time(0)))
PRICES = (ORDINARY, OVERTIME, NIGHT)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO)


def charge(start: str, stop: str) -> list[tuple[str, int]]:
    return [(part.price.code, part.amount) for part in derive_visit(PRICES, at(start), at(stop), HOLIDAYS)]


def test_a_visit_across_two_bands_with_the_minimum():
    """Tuesday 13:45 to 15:15: the missing half hour at the band it started in."""
    assert charge("2026-03-03T13:45", "2026-03-03T15:15") == [("ORD", 80250), ("OT50", 117000), ("ORD", 53500)]


def test_a_short_visit_on_a_saturday():
    """Saturday 10:00 to 10:40: two hours, one line."""
    assert charge("2026-03-07T10:00", "2026-03-07T10:40") == [("OT100", 410000)]


def test_a_night_across_midnight():
    """Wednesday 22:00 to 01:30: three and a half hours."""
    assert charge("2026-03-04T22:00", "2026-03-05T01:30") == [("OT100", 717500)]


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ("2026-03-03T14:29:59", "ORD"),
        ("2026-03-03T14:30:00", "OT50"),
        ("2026-03-03T20:59:59", "OT50"),
        ("2026-03-03T21:00:00", "OT100"),
        ("2026-03-03T06:59:59", "OT100"),
        ("2026-03-03T07:00:00", "ORD"),
        ("2026-05-01T10:00:00", "OT100"),  # a public holiday on a Friday
        ("2026-03-08T10:00:00", "OT100"),  # a Sunday
    ],
)
def test_boundaries_belong_to_the_band_that_starts(start: str, code: str):
    """The second of the boundary is the next band's; holidays count as weekends."""
    begun = at(start)
    assert derive_visit(PRICES, begun, begun + timedelta(seconds=1), HOLIDAYS)[0].price.code == code


def test_the_night_when_clocks_change_is_an_hour_longer():
    """Real hours are charged: 22:00 on 24 October to 04:00 is seven hours."""
    parts = derive_visit(PRICES, at("2026-10-24T22:00"), at("2026-10-25T04:00"), HOLIDAYS)
    assert [part.seconds for part in parts] == [7 * 3600]


def test_manual_reading_has_a_minimum_of_half_an_hour():
    """20 minutes are charged as 30, 50 as 50."""
    reading = price("READ", 1130, minutes=30)
    start = at("2026-03-03T10:00")
    assert [derive_duration(reading, start, minutes).amount for minutes in (20, 50)] == [56500, 94167]


def test_time_that_no_band_holds_is_an_error():
    """A list without a night price cannot charge a night."""
    with pytest.raises(SettlementError, match="bands hold 2026-03-03T21") as caught:
        derive_visit(PRICES[:2], at("2026-03-03T20:00"), at("2026-03-03T23:00"), HOLIDAYS)
    assert caught.value.code == "no_band"


def test_bands_that_share_time_are_refused():
    """Which price holds must not depend on the order of the list."""
    other = price("X", 1, Band("every", time(20), time(22)))
    errors = check_bands([*PRICES, other])
    assert errors
    assert {error.code for error in errors} == {"overlap"}
    assert not check_bands(PRICES)


@given(st.integers(0, 60 * 24 * 14), st.integers(1, 60 * 30))
def test_all_time_is_charged_once(start: int, minutes: int):
    """Parts follow each other without gaps, in order, and sum to the larger of time and minimum."""
    begun = datetime(2026, 4, 27, tzinfo=UTC) + timedelta(minutes=start)
    parts = derive_visit(PRICES, begun, begun + timedelta(minutes=minutes), HOLIDAYS)
    worked = [part for part in parts if not part.top_up]
    assert worked[0].start == begun
    assert worked[-1].stop == begun + timedelta(minutes=minutes)
    assert all(left.stop == right.start for left, right in pairwise(worked))
    assert sum(part.seconds for part in parts) == max(minutes, 120) * 60
