# SPDX-License-Identifier: Apache-2.0
"""What lies between two readings is not stipulated, and a zone is compared as far as its main meter knows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from avlest.registry.models import Installation, InstallationValue, Meter, MeteringPoint, Register, Series
from avlest.settlement.exceptions import write_exception
from avlest.settlement.models import RunException, RunPart
from avlest.settlement.runs.between import LIMITS, derive_between
from avlest.settlement.runs.inputs import unpack_frame
from avlest.settlement.runs.plausibility import Thresholds, find_run_exceptions
from avlest.settlement.runs.spans import derive_span_sums
from avlest.settlement.services.runs import RunRequest, do_make_run
from avlest.settlement.settings import get_defaults
from tests.settlement.builders import add_days, add_home, add_level, add_prices

NEW_YEAR, JULY, END = date(2026, 1, 1), date(2026, 7, 1), date(2027, 1, 1)
READ, UNREAD, PARTLY, NOTHING = (50, 24), (20, 0), (20, 11), (0, 0)


def make_year(*pieces: tuple[int, tuple[int, int]]) -> pl.DataFrame:
    """Days from New Year: so many of each quality and number of hours read; 1 litre a day."""
    rows = [kind for count, kind in pieces for _ in range(count)]
    return pl.DataFrame(
        {
            "series": [1] * len(rows),
            "day": [NEW_YEAR + timedelta(days=n) for n in range(len(rows))],
            "value": [1000 if quality else None for quality, _ in rows],
            "quality": pl.Series([quality for quality, _ in rows], dtype=pl.Int16),
            "hours_measured": pl.Series([hours for _, hours in rows], dtype=pl.Int16),
        }
    )


def judge(days, *, cuts=(), before=None, after=None, is_changed=False):
    """Estimated days and quality of each stretch, with the nearest readings `before` and `after` days from the ends."""
    edges = [NEW_YEAR, *cuts, END]
    spans = pl.DataFrame(
        {"series": [1] * (len(edges) - 1), "start": edges[:-1], "stop": edges[1:], "subscriber": 7, "point": 3}
    )
    sums = derive_span_sums(days, spans, read_from=40)
    limits = pl.DataFrame([(7, 3, before, after, is_changed)], schema=LIMITS, orient="row")
    found = derive_between(sums, limits)
    assert found.drop("days_estimated", "quality").equals(sums.drop("days_estimated", "quality"))
    return found.select("days_estimated", "quality").rows()


@pytest.mark.parametrize(
    ("days", "ends", "expected"),
    [
        # 200 days without radio between two readings of the year: their sum is a difference.
        (make_year((100, READ), (200, UNREAD), (65, READ)), {}, (0, 50)),
        # An hour here and there that was not heard, on the first and the last day too.
        (make_year((1, PARTLY), (150, READ), (60, PARTLY), (153, READ), (1, PARTLY)), {}, (0, 50)),
        # Silent from 22 December on, nothing heard since: ten days are an estimate.
        (make_year((355, READ), (10, UNREAD)), {}, (10, 20)),
        # The same, heard again on 4 January: only where the year ends in the gap is in doubt, three days of it.
        (make_year((355, READ), (10, UNREAD)), {"after": 3}, (3, 20)),
        # Read by the customer four days from New Year and three from the end: so many of the year are in doubt.
        (make_year((365, UNREAD)), {"before": 4, "after": 3}, (7, 20)),
        # Read on both days: the year is a difference of two readings, though no day was read.
        (make_year((365, UNREAD)), {"before": 0, "after": 0}, (0, 45)),
        # Never read: all of it is an estimate.
        (make_year((365, UNREAD)), {}, (365, 20)),
        # Another meter without a noted value: no difference spans the gap.
        (make_year((100, READ), (200, UNREAD), (65, READ)), {"is_changed": True}, (200, 20)),
    ],
)
def test_days_between_readings_are_not_estimated(days, ends, expected):
    """Only what a gap across an end of the year leaves open is, and no more than to the nearest reading."""
    assert judge(days, **ends) == [expected]


def test_a_change_of_price_within_a_gap_is_no_end():
    """May to September was not read: both stretches are read in sum."""
    days = make_year((120, READ), (153, UNREAD), (92, READ))
    assert judge(days, cuts=(JULY,)) == [(0, 50), (0, 50)]


def test_a_gap_that_never_ended_is_open_in_every_stretch_it_reaches():
    """Silent from 1 June on: the 30 days of June and all days from July; with a reading 200 days back, 184 + 16."""
    days = make_year((151, READ), (214, UNREAD))
    assert judge(days, cuts=(JULY,)) == [(30, 20), (184, 20)]
    assert judge(days, cuts=(JULY,), after=200) == [(16, 20), (184, 20)]


def test_missing_days_stay_missing():
    """A day without a value is stipulated, wherever it stands."""
    days = make_year((100, READ), (5, NOTHING), (20, UNREAD), (240, READ))
    assert judge(days) == [(0, 20)]


# --- with a register -----------------------------------------------------------------------


def add_meter(home, *, value: int | None):
    """A meter at the home since New Year, with what it showed then (litres); return its register."""
    series = Series.objects.get(pk=home.series)
    own = {"organisation_id": series.organisation_id}
    meter = Meter.objects.create(**own, manufacturer="KAM", serial=f"{home.series:08}")
    register = Register.objects.create(**own, meter=meter, quantity="volume", unit="l")
    placed = Installation.objects.create(
        **own, meter=meter, point=MeteringPoint.objects.get(pk=home.point),
        starts_at=datetime(2025, 12, 31, 23, tzinfo=UTC),
    )  # fmt: skip
    if value is not None:
        InstallationValue.objects.create(
            **own, installation=placed, register=register, moment="start", value=value * 1000
        )
    return register.pk


@pytest.mark.django_db
def test_a_year_between_two_readings_gives_no_warning(clerk, store, now):
    """Put up with a noted value and read on 3 January: two days at the end are in doubt of 365; unknown, all are."""
    add_prices(clerk)
    homes = [add_home(clerk, number) for number in (1, 2)]
    for home in homes:
        add_level(clerk, home.account, 2026, 140_000)
    add_days(store, {home.series: 150_000 for home in homes}, NEW_YEAR, END, quality=20)
    add_meter(homes[1], value=None)
    reading = {"register": [add_meter(homes[0], value=100)], "at": [datetime(2027, 1, 2, 12, tzinfo=UTC)]}
    row = pl.DataFrame(reading).with_columns(
        value=pl.lit(251_000, dtype=pl.Int64), quality=pl.lit(45, dtype=pl.Int16), known_at=pl.lit(now)
    )
    store.append("readings", row, writer="test", batch=1)
    run = do_make_run(clerk, RunRequest(kind="year", year=2026), store=store, now=now)
    kept = unpack_frame(bytes(RunPart.objects.get(run_id=run).inputs), "quantities")
    assert dict(kept.group_by("subscriber").agg(pl.col("days_estimated").sum()).iter_rows()) == {
        homes[0].account: 2, homes[1].account: 365,
    }  # fmt: skip
    warned = RunException.objects.filter(run_id=run, code="stipulated_share")
    assert list(warned.values_list("account_id", flat=True)) == [homes[1].account]


# --- zones ---------------------------------------------------------------------------------


def judge_zone(**values):
    """What is found about a zone."""
    zone = {"zone": 1, "name": "MS01", "inflow": 1_000_000, "measured": 900_000, "days": 365, "days_missing": 0}
    control = {"estimated_days": 0, "missing_days": 0, "days": 365, "zones": [{**zone, **values}]}
    thresholds = Thresholds.from_options(get_defaults()["plausibility"])
    return [(one.code, one.severity) for one in find_run_exceptions(control, thresholds)]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ({}, []),
        ({"measured": 849_999}, [("zone_difference", "warning")]),
        ({"inflow": 0}, [("zone_difference", "warning")]),
        # 36 days of the main meter are missing: 900 m³ in 329 days are 998.5 in the year.
        ({"inflow": 900_000, "measured": 850_000, "days_missing": 36}, []),
        ({"inflow": 900_000, "measured": 840_000, "days_missing": 36}, [("zone_difference", "warning")]),
        # The main meter was put up in October: what it counted is not to be compared with a year.
        ({"inflow": 200_000, "days_missing": 297}, [("zone_unmeasured", "note")]),
        ({"inflow": 0, "days": 0}, [("zone_unmeasured", "note")]),
    ],
)
def test_a_zone_is_compared_as_far_as_its_main_meter_knows(zone, expected):
    """Fifteen per cent may differ; days that the main meter lacks are made up for, or stop the comparison."""
    assert judge_zone(**zone) == expected


def test_a_zone_that_cannot_be_compared_says_why():
    """In the reader's language."""
    detail = {"name": "MS01", "days": 365, "days_missing": 297}
    assert "mangler 297 av 365 dager" in write_exception("zone_unmeasured", detail)
    assert Decimal(get_defaults()["plausibility"]["zone_difference"]) == Decimal("0.15")
