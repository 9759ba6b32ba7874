# SPDX-License-Identifier: Apache-2.0
"""A year from stored series to invoices: made, approved by another, issued, run again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from avlest.settlement.models import Invoice, InvoiceLine, OpenItem
from avlest.settlement.services.issue import do_issue_run
from avlest.settlement.services.runs import RunRequest, do_approve_run, do_make_run
from tests.settlement.builders import add_days, add_home, add_level, add_prices

pytestmark = pytest.mark.django_db


def run_through(actor, controller, request, *, store, now):
    """Make, approve and issue."""
    number = do_make_run(actor, request, store=store, now=now)
    do_approve_run(controller, number, now=now)
    do_issue_run(controller, number, now=now)
    return number


def charge_year(actor, controller, store, year, months=(4, 6, 9, 11)):
    for month in months:
        at = datetime(year, month, 1, 8, tzinfo=UTC)
        run_through(actor, controller, RunRequest(kind="term", year=year, month=month), store=store, now=at)


@pytest.fixture
def settled(clerk, controller, store, now):
    """The household of rules §1.6: 150 m³ used, 140 m³ in advance, settled with term 1 of the next year."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_level(clerk, home.account, 2026, 140_000)
    add_days(store, {home.series: 150_000}, date(2026, 1, 1), date(2027, 1, 1))
    charge_year(clerk, controller, store, 2026)
    number = run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    return home, number


def test_the_household_of_the_rules_pays_what_the_rules_say(settled):
    """Settlement 1 063.40 and term 1 make 6 698.66, VAT 873.74 (rules §1.6)."""
    _, number = settled
    invoice = Invoice.objects.filter(run_id=number).get()
    assert (invoice.total, invoice.net, invoice.vat) == (669_866, 582_492, 87_374)
    amounts = dict(InvoiceLine.objects.filter(invoice=invoice).values_list("position", "amount"))
    assert sorted(amounts.values()) == sorted([679050, -633780, 916050, -854980, 169763, 229013, 79250, 85500])
    assert OpenItem.objects.filter(invoice=invoice).get().rest == 669_866
