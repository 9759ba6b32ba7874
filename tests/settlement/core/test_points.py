# SPDX-License-Identifier: Apache-2.0
"""One metering point: differences, replacement, rollover, moves, stipulation (rules §1.8–1.10, pitfalls 7 and 15)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.readings.quality import Quality
from avlest.settlement.contracts import SettlementError
from avlest.settlement.core.accuracy import derive_accuracy_correction
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.core.points import Discretion, Point, derive_curve, derive_point_use
from avlest.settlement.core.registers import Counter, MeterReading, Replacement, derive_step
from avlest.settlement.core.stipulation import Known, StipulationRules

YEAR = derive_year(2026)
RULES = StipulationRules(
    window_days=14, shortest_average=30, longest_average=90, least_history=300, per_area=Fraction(1200)
)
FIVE = Fraction(5, 100)


def read(at: date | datetime, litres: int, quality: Quality = Quality.MEASURED) -> MeterReading:
    return MeterReading(at=at, value=litres, quality=quality)


def use(point: Point, *bounds: date) -> list[tuple[int, Quality, str]]:
    curve = derive_curve(point, YEAR, RULES)
    assert curve is not None
    found = derive_point_use(curve, bounds or YEAR)
    return [(quantity, quality, provenance.method) for _, quantity, quality, provenance in found]


def test_two_readings_are_a_difference():
    """Both ends read: measured."""
    point = Point(counter=Counter(meter="M"), readings=[read(YEAR.start, 1_000_000), read(YEAR.stop, 1_150_000)])
    assert use(point) == [(150_000, Quality.MEASURED, "difference")]


def test_a_move_without_a_reading_is_by_days():
    """145 m³ over 151 and 214 days, flagged."""
    point = Point(counter=Counter(meter="M"), readings=[read(YEAR.start, 0), read(YEAR.stop, 145_000)])
    found = use(point, YEAR.start, date(2026, 6, 1), YEAR.stop)
    assert found == [(59_986, Quality.ESTIMATED, "by_days"), (85_014, Quality.ESTIMATED, "by_days")]


def test_a_replacement_adds_the_two_meters():
    """1240.500 to 1302.250 and 0.013 to 58.763 are 120.500 m³; the serials are never subtracted."""
    point = Point(
        counter=Counter(meter="M"),
        readings=[read(YEAR.start, 1_240_500), read(YEAR.stop, 58_763)],
        replacements=[Replacement(at=date(2026, 8, 14), out=1_302_250, into=13)],
    )
    assert use(point) == [(120_500, Quality.MEASURED, "difference")]


@pytest.mark.parametrize(
    ("before", "after", "limit", "used"), [(99_987, 42, {"q3": 2500}, 55), (99_987, 42, {"expected": 150_000}, 55)]
)
def test_a_rollover_is_accepted_when_plausible(before: int, after: int, limit: dict[str, int], used: int):
    """(42 − 99987) mod 100000 = 55, by Q3 or by the expected use."""
    counter = Counter(meter="M", digits=5, **limit)
    assert derive_step(counter, read(YEAR.start, before * 1000), read(YEAR.stop, after * 1000))[0] == used * 1000


@pytest.mark.parametrize(
    "counter", [Counter(meter="M", digits=5, q3=2500), Counter(meter="M", digits=5), Counter(meter="M")]
)
def test_backflow_is_no_rollover(counter: Counter):
    """A fall of three hundredths, or any where nothing bounds a rollover, is for a person."""
    with pytest.raises(SettlementError) as caught:
        derive_step(counter, read(YEAR.start, 1_499_980), read(YEAR.stop, 1_499_950))
    assert caught.value.code == "negative_consumption"


def test_the_year_end_reading_belongs_to_the_year_that_ended():
    """Stamped 00:00 on 1 January; an instant in UTC is taken on Oslo's clock (pitfall 8)."""
    from datetime import UTC

    midnight = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    point = Point(counter=Counter(meter="M"), readings=[read(YEAR.start, 0), read(midnight, 150_000)])
    assert use(point) == [(150_000, Quality.MEASURED, "difference")]


def test_the_better_reading_of_a_day_counts():
    """A customer's and a meter's own reading of one day: the meter's."""
    readings = [read(YEAR.start, 0), read(YEAR.stop, 9_000), read(YEAR.stop, 8_000, Quality.CUSTOMER_READ)]
    assert use(Point(counter=Counter(meter="M"), readings=readings))[0][0] == 9_000


def test_methods_come_in_their_order():
    """A near reading, last year's days, the average of years, the standard; nothing known is an error."""
    counter = Counter(meter="M")
    near = [read(YEAR.start, 0), read(date(2026, 10, 1), 90_000), read(date(2026, 12, 21), 130_500)]
    assert use(Point(counter=counter, readings=near))[0] == (136_000, Quality.ESTIMATED, "stipulated_window")
    known = Known(years={2025: 140_000, 2024: 130_000}, area=Fraction(100))
    start = [read(YEAR.start, 0)]
    assert use(Point(counter=counter, readings=start, known=known))[0] == (
        140_000,
        Quality.ESTIMATED,
        "stipulated_last_year",
    )
    known = Known(years={2024: 130_000, 2023: 120_000}, area=Fraction(100))
    assert use(Point(counter=counter, readings=start, known=known))[0] == (
        125_000,
        Quality.ESTIMATED,
        "stipulated_average",
    )
    known = Known(area=Fraction(100))
    assert use(Point(counter=counter, readings=start, known=known))[0] == (
        120_000,
        Quality.ESTIMATED,
        "stipulated_standard",
    )
    with pytest.raises(SettlementError, match="a discretion for 2026-01-01 to 2027-01-01"):
        use(Point(counter=counter, readings=start))


@pytest.mark.parametrize(("billed", "left"), [(140_000, 135_000), (300_000, -25_000)])
def test_what_was_stipulated_and_billed_is_taken_off(billed: int, left: int):
    """1000 real, stipulated, 1275 real two years later: 135 m³, or a legal credit of 25 m³ (pitfall 7)."""
    point = Point(
        counter=Counter(meter="M"),
        readings=[read(date(2025, 1, 1), 1_000_000), read(YEAR.stop, 1_275_000)],
        billed=[(derive_year(2025), billed)],
    )
    assert use(point)[0][0] == left


def test_discretion_holds_against_readings():
    """A decision replaces what the meter showed, and says who decided and why."""
    decision = Discretion(
        days=YEAR, quantity=160_000, reason="broken seal", case_worker="K. Nordmann", decided=date(2027, 1, 20)
    )
    point = Point(
        counter=Counter(meter="M"), readings=[read(YEAR.start, 0), read(YEAR.stop, 12_000)], discretions=[decision]
    )
    curve = derive_curve(point, YEAR, RULES)
    ((_, quantity, quality, provenance),) = derive_point_use(curve, YEAR)
    assert (quantity, quality, provenance.method) == (160_000, Quality.DISCRETION, "discretion")
    assert provenance.details["stipulated"][0]["case_worker"] == "K. Nordmann"


def test_a_meter_counts_only_where_it_was():
    """Put up on 1 May, taken down on 1 October."""
    point = Point(
        counter=Counter(meter="M"), start=date(2026, 5, 1), stop=date(2026, 10, 1),
        readings=[read(date(2026, 5, 1), 0), read(date(2026, 10, 1), 50_000)],
    )  # fmt: skip
    assert use(point) == [(50_000, Quality.MEASURED, "difference")]
    assert derive_curve(point, derive_year(2027), RULES) is None


@pytest.mark.parametrize(
    ("percent", "correction"),
    [("8", -11_111), ("-8", 13_043), ("5", 0), ("-5", 0), ("5.01", -7_156), ("-5.01", 7_911), ("0", 0)],
)
def test_accuracy_control_is_strict_and_whole(percent: str, correction: int):
    """Nothing up to 5 %, the whole error beyond it (pitfall 15)."""
    assert derive_accuracy_correction(150_000, Fraction(percent) / 100, threshold=FIVE) == correction


def test_an_error_of_minus_a_hundred_per_cent_says_nothing_of_the_truth():
    """A meter that stands still must be stipulated."""
    with pytest.raises(SettlementError, match="above -100 %"):
        derive_accuracy_correction(0, Fraction(-1), threshold=FIVE)


@given(
    st.lists(st.integers(0, 90_000), min_size=2, max_size=8),
    st.sets(st.integers(1, 364), max_size=4),
    st.integers(0, 10**6),
)
def test_any_cut_of_the_year_sums_to_the_year(steps: list[int], cuts: set[int], first: int):
    """Settlements of a moved property sum in quantity to that of the unmoved one, whatever was read when."""
    days = [round(index * 365 / (len(steps) - 1)) for index in range(len(steps))]
    value, readings = first, []
    for day, step in zip(days, steps, strict=True):
        value += step
        readings.append(read(YEAR.start + timedelta(days=day), value))
    point = Point(counter=Counter(meter="M"), readings=readings)
    bounds = [YEAR.start, *(YEAR.start + timedelta(days=cut) for cut in sorted(cuts)), YEAR.stop]
    parts = [quantity for quantity, _, _ in use(point, *bounds)]
    assert sum(parts) == use(point)[0][0] == sum(steps[1:])
    assert all(part >= 0 for part in parts)


def test_days_are_half_open():
    """A period that ends when another begins does not overlap it."""
    assert Days(date(2026, 1, 1), date(2026, 6, 1)).overlap(Days(date(2026, 6, 1), YEAR.stop)) is None
