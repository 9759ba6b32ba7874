# SPDX-License-Identifier: Apache-2.0
"""Where the water goes: yearly balance, ILI and nights (rules §5.3)."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.insight.balance import (
    BalanceError,
    Leakage,
    Network,
    Volume,
    derive_infrastructure_index,
    derive_night_balance,
    derive_water_balance,
    load_balance_rules,
    parse_balance_rules,
    pick_balance_rule,
)
from avlest.insight.balance.night import MEMBERS
from tests.insight.frames import make_hourly

RULE = pick_balance_rule(load_balance_rules(), date(2026, 11, 23))
M3 = 1_000_000
YEAR = {
    "supplied": Volume(620_000 * M3),
    "billed_metered": Volume(410_000 * M3),
    "billed_unmetered": Volume(0),
    "unbilled_authorised": Volume(6_200 * M3),
    "meter_error": Volume(8_200 * M3),
    "theft": Volume(1_600 * M3),
}
NETWORK = Network(Decimal(42), 1800, Decimal(9), Decimal(55))


def test_the_balance_of_a_year():
    """NRW 210 000 m³ = 33.87 %, CARL 194 000 m³."""
    balance = derive_water_balance(**YEAR)
    assert balance.non_revenue.amount == 210_000 * M3
    assert balance.non_revenue_share == Decimal("33.87")
    assert balance.real == Volume(194_000 * M3, 0)


def test_margins_add_in_quadrature():
    """Supply ± 12 400 (2 %), billed ± 4 100 (1 %): NRW and real losses ± 13 060, more than either."""
    given = {**YEAR, "supplied": Volume(620_000 * M3, 12_400 * M3), "billed_metered": Volume(410_000 * M3, 4_100 * M3)}
    balance = derive_water_balance(**given)
    assert balance.real.margin // M3 == 13_060
    assert balance.billed == Volume(410_000 * M3, 4_100 * M3)


def test_the_infrastructure_index_and_its_limits():
    """UARL 48 601.575 m³, ILI 3.9916; 1800 connections are outside the classic validity, 20 m of pressure too."""
    found = derive_infrastructure_index(Volume(194_000 * M3, 19_400 * M3), NETWORK, RULE)
    assert found.unavoidable.amount == 48_601_575_000
    assert (found.index, found.margin) == (Decimal("3.9916"), Decimal("0.3992"))
    assert found.warnings == (Leakage.FEW_CONNECTIONS,)
    large = dataclasses.replace(NETWORK, connections=3000, pressure_m=Decimal(20))
    assert derive_infrastructure_index(Volume(M3, 2 * M3), large, RULE).warnings == (
        Leakage.LOW_PRESSURE,
        Leakage.UNCERTAIN,
    )


def test_impossible_balances_are_refused():
    """Nothing supplied; no network."""
    with pytest.raises(BalanceError, match="supplied 0"):
        derive_water_balance(**{**YEAR, "supplied": Volume(0)})
    with pytest.raises(BalanceError, match="without pipes"):
        derive_infrastructure_index(Volume(1), dataclasses.replace(NETWORK, pressure_m=Decimal(0)), RULE)
    with pytest.raises(BalanceError, match="rule 1: expected clock_limit_seconds"):
        parse_balance_rules("[[rule]]\nfrom = 2000-01-01")


def make_members(*rows: dict[str, Any]) -> pl.DataFrame:
    """Members of zone 1; by default customers heard by radio."""
    usual = {"zone": 1, "series": None, "direction": 0, "road": "wmbus", "clock_offset_seconds": None}
    return pl.DataFrame([{**usual, **row} for row in rows], schema=dict(MEMBERS))


def make_zone(inflow: float, customers: int, litres: float, **fields: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A day of a zone (series 0 flows in) with customers of the same use."""
    hourly = pl.concat(
        [make_hourly(np.full(24, inflow), series=0)]
        + [make_hourly(np.full(24, litres), series=1 + one) for one in range(customers)]
    )
    members = [{"series": 0, "direction": 1}] + [{"series": 1 + one, **fields} for one in range(customers)]
    return hourly, make_members(*members)


def test_night_leak_of_unmetered_connections():
    """38.0 m³/h less 600 × 1.7 L/h: 36.980 m³/h, times 20 a day."""
    hourly = make_hourly(np.full(24, 38_000.0))
    members = make_members({"series": 1, "direction": 1}, *[{}] * 600)
    night = derive_night_balance(hourly, members, RULE).row(0, named=True)
    assert (night["leak"], night["hours"], night["coverage"]) == (36_980 * 1000, 2, 1.0)
    assert night["daily_leak"] == 20 * 36_980 * 1000
    assert night["margin"] == round(((38e6 * 0.02) ** 2 + (1020e3 * 0.5) ** 2) ** 0.5)


def test_night_leak_of_metered_customers():
    """38.0 in, 2.4 metered: 35.6 m³/h."""
    hourly, members = make_zone(38_000, 24, 100)
    assert derive_night_balance(hourly, members, RULE)["leak"].to_list() == [35_600 * 1000]


def test_the_sum_is_scaled_up_for_meters_not_heard_and_poor_hours_are_not_used():
    """Two of fifty missing in both hours: 96 %, scaled; three of fifty: 94 %, no night; estimates are not heard."""
    hourly, members = make_zone(10_000, 50, 20)
    heard = hourly.filter(pl.col("series") <= 48)
    night = derive_night_balance(heard, members, RULE).row(0, named=True)
    assert (night["metered"], night["coverage"], night["leak"]) == (1_000_000, 0.96, 9_000_000)
    estimated = pl.when(pl.col("series") > 47).then(30).otherwise(50).cast(pl.Int16)
    assert derive_night_balance(hourly.with_columns(quality=estimated), members, RULE).is_empty()


@pytest.mark.parametrize("fields", [{"road": "driveby"}, {"clock_offset_seconds": -1200}])
def test_meters_that_do_not_show_the_hour_are_not_used(fields: dict[str, Any]):
    """Read by passing by, or with a clock twenty minutes off: as if not heard."""
    hourly, members = make_zone(10_000, 50, 20)
    odd = pl.concat([members, make_members({"series": 900, **fields})])
    everything = pl.concat([hourly, make_hourly(np.full(24, 9999.0), series=900)])
    night = derive_night_balance(everything, odd, RULE).row(0, named=True)
    assert night["metered"] == 1_020_000
    assert round(night["coverage"], 4) == 0.9804


def test_meters_that_never_show_hours_do_not_keep_a_zone_from_its_night():
    """A fifth read by car: the others reported wholly, and their sum is scaled up; of two thirds by car, no night."""
    hourly, members = make_zone(10_000, 40, 20)
    cars = make_members(*[{"series": 900 + one, "road": "driveby"} for one in range(10)])
    night = derive_night_balance(hourly, pl.concat([members, cars]), RULE).row(0, named=True)
    assert (night["coverage"], night["metered"]) == (0.8, 1_000_000)
    more = make_members(*[{"series": 900 + one, "road": "slow"} for one in range(80)])
    assert derive_night_balance(hourly, pl.concat([members, more]), RULE).is_empty()


def test_water_that_leaves_for_another_zone_is_not_lost():
    """Inflow − outflow; an hour in which one of them was not measured is not used."""
    hourly, members = make_zone(10_000, 20, 50)
    out = make_hourly([4000.0 if hour != 2 else None for hour in range(24)], series=77)
    both = pl.concat([members, make_members({"series": 77, "direction": -1})])
    night = derive_night_balance(pl.concat([hourly, out]), both, RULE).row(0, named=True)
    assert (night["hours"], night["inflow"], night["leak"]) == (1, 6_000_000, 5_000_000)


@given(st.integers(1, 10**6), st.integers(0, 10**4), st.floats(0.95, 1))
def test_better_coverage_never_widens_the_interval(inflow: int, litres: int, share: float):
    """The same night with all meters heard is known at least as well."""
    hourly, members = make_zone(inflow, 20, litres)
    missing = round(20 * (1 - share))
    some = derive_night_balance(hourly.filter(pl.col("series") <= 20 - missing), members, RULE)
    every = derive_night_balance(hourly, members, RULE)
    assert every["margin"].item() <= some["margin"].item() + 1
    assert abs(every["leak"].item() - some["leak"].item()) <= 1
