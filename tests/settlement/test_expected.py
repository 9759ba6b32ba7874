# SPDX-License-Identifier: Apache-2.0
"""The running settlement, the jobs, and the documents of an invoice."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from avlest.settlement import access, jobs, queries
from avlest.settlement.models import Account, ArchivedDocument, Expected, Invoice
from avlest.settlement.services.accounts import do_open_accounts
from avlest.settlement.services.documents import make_document
from avlest.settlement.services.expected import do_update_expected
from avlest.settlement.services.year import do_begin_and_settle
from tests.settlement.builders import add_days, add_home, add_level, add_prices

pytestmark = pytest.mark.django_db


def test_the_running_settlement_follows_the_use(clerk, store):
    """Half a year at twice the a konto: to pay for the rest, and a new a konto is proposed."""
    add_prices(clerk)
    thirsty, calm = add_home(clerk, 1), add_home(clerk, 2)
    for home in (thirsty, calm):
        add_level(clerk, home.account, 2026, 100_000)
    add_days(store, {thirsty.series: 100_000, calm.series: 50_000}, date(2026, 1, 1), date(2026, 7, 2))
    now = datetime(2026, 7, 2, 8, tzinfo=UTC)
    assert do_update_expected(clerk.organisation_id, store=store, now=now) == 2
    found = queries.get_expected([thirsty.account, calm.account], 2026)
    rich = found[thirsty.account]
    assert (rich.used, rich.advance, rich.through) == (100_000, 100_000, date(2026, 7, 2))
    assert rich.projected == rich.proposal == pytest.approx(200_000, rel=0.01)
    assert rich.balance == pytest.approx(100 * (4527 + 6107), rel=0.02)
    assert found[calm.account].proposal is None
    assert abs(found[calm.account].balance) < 10_000
    assert do_update_expected(clerk.organisation_id, store=store, now=now) == 2
    assert Expected.objects.count() == 2


def test_the_jobs_do_all_of_it_for_every_organisation(clerk, store, monkeypatch):
    """Each says in one sentence what it did; an organisation without prices is let be."""
    monkeypatch.setattr(jobs, "open_configured_store", lambda config: store)
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_days(store, {home.series: 50_000}, date(2026, 1, 1), date(2026, 7, 1))
    texts = [job.run(datetime(2026, 7, 1, 8, tzinfo=UTC)) for job in jobs.JOBS]
    assert texts == [
        "0 items put on the reminders list",
        "running settlement of 1 accounts worked out",
        "0 invoices, 0 payments, 0 runs, 0 documents, 0 accounts removed",
    ]


def test_a_first_year_in_one_call(clerk, controller, store, now, settings, tmp_path):
    """From a register and series to invoices of Fjordvik, as the demonstration does it, and a document of one."""
    from avlest.registry.models import Tenancy

    settings.MEDIA_ROOT = tmp_path / "documents"
    homes = [add_home(clerk, number) for number in range(1, 4)]
    for account in Account.objects.all():
        Tenancy.objects.create(
            organisation_id=clerk.organisation_id, party=account.party, property=account.property, role="subscriber",
            starts_at=datetime(2019, 12, 31, 23, tzinfo=UTC),
        )  # fmt: skip
    add_days(store, {home.series: 100_000 + home.series for home in homes}, date(2026, 1, 1), date(2027, 1, 1))
    assert do_open_accounts(clerk, _opening(), now=now) == []  # the accounts are there already
    for home in homes:
        add_level(clerk, home.account, 2026, 110_000)
    year = do_begin_and_settle(clerk, controller, year=2026, store=store, now=now)
    assert (year.invoices + year.credit_notes, year.accounts) == (3, 0)
    invoice = Invoice.objects.filter(run_id=year.run_id).order_by("number")[0]
    document = make_document(invoice, store=store)
    assert (next(bar.value for bar in document.charts[0].bars) or 0) > 0
    assert sum(line.net for line in document.lines) == document.totals.net
    first = access.access_pdf(clerk, invoice.pk, store=store, now=now)
    assert first.startswith(b"%PDF")
    assert access.access_pdf(clerk, invoice.pk, store=store, now=now) == first
    assert ArchivedDocument.objects.get().kind == "pdf"


def _opening():
    from avlest.settlement.services.accounts import Opening

    return Opening()
