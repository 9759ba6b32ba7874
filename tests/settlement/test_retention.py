# SPDX-License-Identifier: Apache-2.0
"""What the law no longer wants kept is removed, and nothing that is owed, due back or younger."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from avlest.registry.errors import RegistryError
from avlest.registry.models import AuditEntry
from avlest.settlement.models import (
    Account,
    ArchivedDocument,
    Invoice,
    InvoiceLine,
    OpenItem,
    Payment,
    PaymentFile,
    Refund,
    Removal,
    Run,
    RunPart,
)
from avlest.settlement.services.credit import do_credit_invoice
from avlest.settlement.services.documents import do_archive_pdf
from avlest.settlement.services.retention import do_remove_expired, get_first_kept
from avlest.settlement.services.runs import RunRequest
from avlest.settlement.services.year import do_charge_terms, do_run_through
from tests.settlement.builders import add_days, add_home, add_level, add_prices

YEAR = (date(2026, 1, 1), date(2027, 1, 1))
LATER = datetime(2032, 1, 5, 8, tzinfo=UTC)
MUCH_LATER = datetime(2033, 1, 5, 8, tzinfo=UTC)


@pytest.fixture
def settled(clerk, controller, store, now):
    """Two households: the terms of 2026 charged in that year, settled in January 2027."""
    add_prices(clerk)
    homes = [add_home(clerk, 1, closed_on=date(2027, 1, 1)), add_home(clerk, 2)]
    for home in homes:
        add_level(clerk, home.account, 2026, 140_000)
    add_days(store, {home.series: 150_000 for home in homes}, *YEAR)
    do_charge_terms(clerk, controller, year=2026, store=store)
    do_run_through(clerk, controller, RunRequest(kind="year", year=2026), store=store, now=now)
    return homes


def pay_all():
    """Nothing is owed any more."""
    OpenItem.objects.update(rest=0)


@pytest.mark.parametrize(
    ("what", "today", "first"),
    [
        ("accounting", date(2027, 1, 1), date(2022, 1, 1)),
        ("accounting", date(2026, 12, 31), date(2021, 1, 1)),
        ("accounting", date(2013, 6, 1), date(2003, 1, 1)),
        ("unknown payments", date(2027, 1, 1), date(2022, 1, 1)),
        ("unknown payments", date(2013, 6, 1), date(2003, 1, 1)),
    ],
)
def test_the_law_of_the_day_counts(what, today, first):
    """Five years after the end of the year; ten until February 2014."""
    assert get_first_kept(what, today=today) == first


def test_what_no_rule_covers_is_not_removed():
    """An unknown kind has no time of keeping."""
    with pytest.raises(LookupError, match="no rule says how long photos"):
        get_first_kept("photos", today=date(2027, 1, 1))


@pytest.mark.django_db
def test_nothing_goes_before_its_time(settled, clerk, now):
    """Five years after the year they are of, invoices are all there."""
    pay_all()
    before = Invoice.objects.count()
    last_day = datetime(2031, 12, 31, 8, tzinfo=UTC)
    done = do_remove_expired(clerk.organisation_id, today=last_day.date(), now=last_day)
    assert set(dataclasses.astuple(done)) == {0}
    assert Invoice.objects.count() == before


@pytest.mark.django_db
def test_the_terms_go_with_their_year_and_the_settlement_a_year_later(settled, clerk):
    """The books of 2026 go in 2032, those of 2027 in 2033; then the account that ended goes too."""
    pay_all()
    done = do_remove_expired(clerk.organisation_id, today=LATER.date(), now=LATER)
    assert (done.invoices, done.runs, done.accounts) == (8, 12, 0)
    assert set(Invoice.objects.values_list("issued_on__year", flat=True)) == {2027}
    done = do_remove_expired(clerk.organisation_id, today=MUCH_LATER.date(), now=MUCH_LATER)
    assert (done.invoices, done.runs, done.accounts) == (2, 1, 1)
    assert not any(model.objects.exists() for model in (Invoice, InvoiceLine, OpenItem, Run, RunPart))
    assert set(Account.objects.values_list("pk", flat=True)) == {settled[1].account}
    assert AuditEntry.objects.filter(action="remove expired").exists()


@pytest.mark.django_db
def test_what_is_owed_stays(settled, clerk):
    """An unpaid invoice and its run are kept however old they are; the paid ones go."""
    pay_all()
    owed = OpenItem.objects.order_by("pk")[0]
    OpenItem.objects.filter(pk=owed.pk).update(rest=owed.amount)
    do_remove_expired(clerk.organisation_id, today=MUCH_LATER.date(), now=MUCH_LATER)
    assert list(Invoice.objects.values_list("pk", flat=True)) == [owed.invoice_id]
    assert Run.objects.count() == RunPart.objects.count() == 1


@pytest.mark.django_db
def test_a_chain_of_corrections_goes_whole(settled, clerk, controller):
    """An invoice is kept as long as the credit note that corrects it."""
    first = Invoice.objects.order_by("pk")[0]
    do_credit_invoice(controller, first.pk, reason="wrong", now=datetime(2028, 3, 1, 8, tzinfo=UTC))
    pay_all()
    do_remove_expired(clerk.organisation_id, today=MUCH_LATER.date(), now=MUCH_LATER)
    assert first.pk in Invoice.objects.values_list("pk", flat=True)
    last = datetime(2034, 1, 5, 8, tzinfo=UTC)
    do_remove_expired(clerk.organisation_id, today=last.date(), now=last)
    assert not Invoice.objects.exists()


@pytest.mark.django_db
def test_documents_go_with_their_invoice(settled, clerk, store, now, settings, tmp_path):
    """The row and the file of an archived document; another organisation's are not touched."""
    settings.MEDIA_ROOT = folder = tmp_path / "media"
    invoice = Invoice.objects.order_by("pk")[0]
    do_archive_pdf(clerk, invoice.pk, store=store, now=now)
    file = folder / ArchivedDocument.objects.get().path
    assert file.is_file()
    pay_all()
    do_remove_expired(clerk.organisation_id + 1, today=LATER.date(), now=LATER)
    assert file.is_file()
    assert do_remove_expired(clerk.organisation_id, today=LATER.date(), now=LATER).documents == 1
    assert not file.exists()
    assert not ArchivedDocument.objects.exists()
    assert [path for path in Path(folder).rglob("*") if path.is_file()] == []


def add_unknown(organisation_id, reference, booked_on):
    """A payment in a file of its own that no invoice was found for."""
    file = PaymentFile.objects.create(
        organisation_id=organisation_id, name=reference, format="ocr", sha256=reference, payments=1, total=500_00,
        received_at=datetime(booked_on.year, booked_on.month, booked_on.day, 8, tzinfo=UTC), received_by="bank",
    )  # fmt: skip
    return Payment.objects.create(
        organisation_id=organisation_id, file=file, reference=reference, booked_on=booked_on, amount=500_00,
        kid="123", payer="Kari Nordmann", state=Payment.State.UNKNOWN,
    )  # fmt: skip


@pytest.mark.django_db
def test_a_payment_that_nobody_found_an_invoice_for_goes_after_five_years(clerk):
    """Booked in 2026 it stands until the end of 2031 and then goes with its file; that of 2027 stays a year longer."""
    own = clerk.organisation_id
    add_unknown(own, "old", date(2026, 12, 31))
    add_unknown(own, "young", date(2027, 1, 1))
    last_day = datetime(2031, 12, 31, 8, tzinfo=UTC)
    assert do_remove_expired(own, today=last_day.date(), now=last_day).payments == 0
    assert do_remove_expired(own + 1, today=LATER.date(), now=LATER).payments == 0
    assert do_remove_expired(own, today=LATER.date(), now=LATER).payments == 1
    assert list(Payment.objects.values_list("reference", flat=True)) == ["young"]
    assert list(PaymentFile.objects.values_list("name", flat=True)) == ["young"]
    entry = AuditEntry.objects.filter(action="remove expired").get()
    assert (entry.before["payments"], entry.before["before"]) == (1, "2027-01-01")


@pytest.mark.django_db
def test_an_unknown_payment_that_waits_to_be_paid_back_stays(clerk, now):
    """However old it is; when it is paid back it goes."""
    own = clerk.organisation_id
    payment = add_unknown(own, "old", date(2026, 5, 1))
    refund = Refund.objects.create(
        organisation_id=own, payment=payment, amount=500_00, reason="unknown", listed_at=now, listed_by="clerk"
    )
    assert do_remove_expired(own, today=LATER.date(), now=LATER).payments == 0
    Refund.objects.filter(pk=refund.pk).update(state=Refund.State.OFFSET)
    assert do_remove_expired(own, today=LATER.date(), now=LATER).payments == 1
    assert not Payment.objects.exists()


@pytest.mark.django_db
def test_the_door_is_closed_afterwards(settled, clerk):
    """After a removal the database refuses again to remove what was sent."""
    from django.db import DatabaseError, transaction

    pay_all()
    do_remove_expired(clerk.organisation_id, today=LATER.date(), now=LATER)
    assert not Removal.objects.exists()
    rows = Invoice.objects.all()
    with pytest.raises(DatabaseError), transaction.atomic():
        rows._raw_delete(rows.db)
    with pytest.raises(RegistryError):
        rows[0].delete()
