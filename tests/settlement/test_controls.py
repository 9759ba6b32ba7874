# SPDX-License-Identifier: Apache-2.0
"""Accuracy controls: the whole error beyond five per cent is claimed or refunded once, from each owner's own days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from avlest.registry.errors import RegistryError
from avlest.settlement.models import AccuracyClaim, AccuracyControl, Invoice, InvoiceLine
from avlest.settlement.services.controls import ControlReport, do_note_control
from avlest.settlement.services.credit import do_credit_invoice
from avlest.settlement.services.explain import explain_invoice
from avlest.settlement.services.rerun import rerun_run
from avlest.settlement.services.runs import RunRequest
from avlest.settlement.services.year import do_charge_terms, do_run_through
from tests.settlement.builders import add_account, add_days, add_home, add_level, add_prices

pytestmark = pytest.mark.django_db
YEAR = (date(2026, 1, 1), date(2027, 1, 1))


@pytest.fixture
def household(clerk, controller, store):
    """150 m³ used, 140 m³ in advance (rules §1.6)."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_level(clerk, home.account, 2026, 140_000)
    add_days(store, {home.series: 150_000}, *YEAR)
    do_charge_terms(clerk, controller, year=2026, store=store)
    return home


def note(clerk, home, error, now, *, found_on=YEAR[1], starts_on=YEAR[0]):
    """A control of the household's meter."""
    report = ControlReport(
        point_id=home.point, error=Decimal(error), found_on=found_on, starts_on=starts_on, reason="Justervesenet 17/26"
    )
    return do_note_control(clerk, report, now=now)


def get_corrections(run):
    """Amounts and quantities of the correction lines of a run, by service."""
    rows = InvoiceLine.objects.filter(invoice__run_id=run, kind="correction").order_by("position")
    return {row.service: (row.quantity, row.amount) for row in rows}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("8", {"water": (-11_111, -50_299), "wastewater": (-11_111, -67_855)}),
        ("-8", {"water": (13_043, 59_046), "wastewater": (13_043, 79_654)}),
        ("5", {}),
        ("-5", {}),
    ],
)
def test_the_whole_error_beyond_five_per_cent_is_corrected(household, clerk, controller, store, now, error, expected):
    """Rules §1.10: 150 m³ at +8 % is a refund of 502.99 + 678.55, at -8 % a claim of 590.46 + 796.54; at 5 %, none."""
    note(clerk, household, error, now)
    run = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    assert get_corrections(run) == expected
    assert AccuracyClaim.objects.filter(invoice__run_id=run).count() == bool(expected)


def test_a_claim_is_charged_once_and_explained(household, clerk, controller, store, now):
    """The line says what the control showed; another run has no claim left, and a rerun gives the same."""
    note(clerk, household, "8", now)
    run = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    invoice = Invoice.objects.get(run_id=run)
    texts = [" ".join(one.sentences["en"]) for one in explain_invoice(invoice, store=store)]
    told = [text for text in texts if "control showed" in text]
    assert len(told) == 2
    assert "an error of 8 %: 150.000 m³ should be 138.889 m³" in told[0]
    assert rerun_run(clerk, run, store=store, now=now).is_same
    later = do_run_through(clerk, controller, RunRequest(kind="term", year=2027, month=6), store=store, now=now)
    assert get_corrections(later) == {}


def test_a_claim_of_a_settled_year_stands_on_the_next_terms(household, clerk, controller, store, now):
    """A control noted after the settlement is charged by the next run of terms, at the prices of its days."""
    do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    note(clerk, household, "-8", now)
    later = do_run_through(clerk, controller, RunRequest(kind="term", year=2027, month=6), store=store, now=now)
    assert get_corrections(later) == {"water": (13_043, 59_046), "wastewater": (13_043, 79_654)}


def test_a_credited_claim_is_charged_again(household, clerk, controller, store, now):
    """Crediting the invoice takes the claim back; the correction run charges it anew."""
    note(clerk, household, "8", now)
    run = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    do_credit_invoice(controller, Invoice.objects.get(run_id=run).pk, reason="wrong address", now=now)
    request = RunRequest(kind="correction", year=2026, accounts=(household.account,))
    again = do_run_through(clerk, controller, request, store=store, now=now)
    assert get_corrections(again) == get_corrections(run)


def test_each_owner_gets_back_what_their_own_days_were_charged(clerk, controller, store, now):
    """A move in the middle of the controlled days: two claims that sum to the meter's whole error."""
    add_prices(clerk)
    home = add_home(clerk, 1, closed_on=date(2026, 6, 1))
    add_account(clerk, 2, home.property, opened_on=date(2026, 6, 1))
    add_days(store, {home.series: 365_000}, *YEAR)
    note(clerk, home, "25", now)
    run = do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    rows = InvoiceLine.objects.filter(invoice__run_id=run, kind="correction", service="water")
    found = dict(rows.values_list("account__number", "quantity"))
    assert found == {1: -30_200, 2: -42_800}  # a fifth of 151 and of 214 m³
    assert sum(found.values()) == -73_000


def test_an_error_of_unknown_age_goes_back_three_years_or_to_the_last_control(clerk, now):
    """The options say how far (foreldelsesloven § 2); what a control has corrected is not corrected again."""
    home = add_home(clerk, 1)
    first = AccuracyControl.objects.get(pk=note(clerk, home, "9", now, found_on=date(2026, 3, 1), starts_on=None))
    assert (first.starts_on, first.stops_on) == (date(2023, 3, 1), date(2026, 3, 1))
    second = AccuracyControl.objects.get(pk=note(clerk, home, "9", now, found_on=date(2026, 12, 1), starts_on=None))
    assert second.starts_on == first.stops_on
    assert list(second.claims.values_list("year", flat=True)) == [2026]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"found_on": date(2028, 1, 1)}, "found_on: 2028-01-01 lies ahead"),
        ({"starts_on": date(2027, 1, 1)}, "starts_on: a day before 2027-01-01"),
        ({"error": "-100"}, "above −100 per cent"),
        ({"starts_on": date(2026, 5, 1)}, "has corrected 2026-01-01 to 2027-01-01"),
    ],
)
def test_a_control_that_cannot_be_is_refused_with_its_field(clerk, now, change, said):
    """Days ahead, no days, an impossible error, and days that were corrected before."""
    home = add_home(clerk, 1)
    note(clerk, home, "8", now)
    values = {"error": "8", "starts_on": date(2025, 1, 1), "found_on": date(2026, 1, 1), **change}
    if change.get("starts_on"):
        values["found_on"] = YEAR[1]
    with pytest.raises(RegistryError, match=said):
        note(clerk, home, values.pop("error"), now, **values)
    assert AccuracyControl.objects.count() == 1
