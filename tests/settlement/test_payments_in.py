# SPDX-License-Identifier: Apache-2.0
"""Money from the bank: in once, on the right invoice, and the rest on the work list."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from avlest.registry.errors import RegistryError
from avlest.settlement import queries
from avlest.settlement.models import OpenItem, Payment, Refund
from avlest.settlement.payments.model import IncomingPayment, PaymentFileError
from avlest.settlement.payments.ocr_writer import build_ocr
from avlest.settlement.services.ledger import do_approve_refund, do_list_refunds, do_pay_refund
from avlest.settlement.services.payments import do_clear_payment, do_import_payments, do_match_payment
from avlest.settlement.services.reminders import do_list_reminders
from avlest.settlement.services.year import do_charge_terms
from tests.settlement.builders import add_home, add_level, add_prices

pytestmark = pytest.mark.django_db
DAY = date(2026, 4, 21)


@pytest.fixture
def items(clerk, controller, store):
    """The open items of four terms of one household, by term."""
    add_prices(clerk)
    home = add_home(clerk, 1)
    add_level(clerk, home.account, 2026, 140_000)
    do_charge_terms(clerk, controller, year=2026, store=store)
    return list(OpenItem.objects.order_by("due_on"))


def pay(kid: str, amount: int, number: int = 1) -> IncomingPayment:
    return IncomingPayment(
        reference=f"R{number}", account="12345678903", amount=amount, paid_on=DAY, booked_on=DAY, kid=kid
    )


def take(actor, *payments: IncomingPayment, now, number: int = 1, **options):
    content = build_ocr(payments, number=number)
    return do_import_payments(actor, content, filename="ocr.txt", now=now, **options)


def test_a_payment_settles_its_invoice(clerk, items, now):
    """The KID names the invoice; paid in full, nothing is left and nobody needs to look."""
    report = take(clerk, pay(items[0].kid, items[0].amount), now=now)
    assert (report.applied, report.states) == (True, {"matched": 1})
    items[0].refresh_from_db()
    assert (items[0].rest, items[0].settled_at) == (0, now)
    assert queries.get_payments(clerk.organisation_id) == []


def test_the_same_file_again_changes_nothing(clerk, items, now):
    """Taken in twice, a payment counts once; so it does when it comes in another file."""
    payment = pay(items[0].kid, 100_00)
    take(clerk, payment, now=now)
    again = take(clerk, payment, now=now)
    assert (again.states, again.repeated) == ({}, 1)
    assert Payment.objects.count() == 1
    items[0].refresh_from_db()
    assert items[0].rest == items[0].amount - 100_00


def test_under_over_double_and_unknown_payments_go_to_the_work_list(clerk, items, now):
    """Each says what is the matter, and the money is accounted for."""
    first, second = items[0], items[1]
    report = take(
        clerk,
        pay(first.kid, first.amount - 1, 1),
        pay(second.kid, second.amount + 500, 2),
        pay(second.kid, second.amount, 3),
        pay("12344", 700, 4),
        now=now,
    )
    assert report.states == {"partial": 1, "over": 1, "double": 1, "unknown": 1}
    states = {row.state: row for row in queries.get_payments(clerk.organisation_id)}
    assert set(states) == {"partial", "over", "double", "unknown"}
    assert states["over"].amount - states["over"].used == 500
    assert states["double"].used == 0
    first.refresh_from_db()
    assert first.rest == 1


def test_a_kid_with_a_wrong_check_digit_is_refused_with_its_line(clerk, items, now):
    """The whole file waits, and nothing is half-written; skipping the bad one takes in the rest."""
    wrong = items[0].kid[:-1] + str((int(items[0].kid[-1]) + 1) % 10)
    payments = pay(wrong, 1000, 1), pay(items[1].kid, 2000, 2)
    report = take(clerk, *payments, now=now)
    assert not report.applied
    assert [problem.place.split()[0] for problem in report.problems] == ["line"]
    assert Payment.objects.count() == 0
    report = take(clerk, *payments, now=now, skip_bad=True)
    assert report.states == {"unknown": 1, "partial": 1}


def test_a_file_whose_sum_is_wrong_is_refused(clerk, items, now):
    """The file's own total does not agree: the line is named and nothing is kept."""
    content = build_ocr([pay(items[0].kid, 12_345)])
    head, sum_, tail = content.rpartition(b"12345")
    broken = head + b"12346" + tail
    assert sum_
    report = do_import_payments(clerk, broken, filename="ocr.txt", now=now)
    assert not report.applied
    assert report.problems
    assert Payment.objects.count() == 0


def test_what_is_no_payment_file_is_refused(clerk, items, now):
    """A list of addresses is neither OCR giro nor camt.054."""
    with pytest.raises(PaymentFileError, match="expected the first line"):
        do_import_payments(clerk, b"name;address\n", filename="a.csv", now=now)


def test_an_unknown_payment_is_matched_by_a_person(clerk, items, now):
    """Somebody finds the invoice; afterwards the payment is not matched again."""
    take(clerk, pay("", items[0].amount), now=now)
    payment = Payment.objects.get()
    assert do_match_payment(clerk, payment.pk, items[0].pk, now=now) == "matched"
    items[0].refresh_from_db()
    assert items[0].rest == 0
    with pytest.raises(RegistryError, match="only an unknown one"):
        do_match_payment(clerk, payment.pk, items[1].pk, now=now)


def test_an_overpayment_is_paid_back_by_two_people(clerk, controller, items, now):
    """Listed by one, approved by another, then settled; listing again adds nothing."""
    take(clerk, pay(items[0].kid, items[0].amount + 999), now=now)
    assert do_list_refunds(clerk, now=now) == 1
    assert do_list_refunds(clerk, now=now) == 0
    refund = Refund.objects.get()
    assert refund.amount == 999
    with pytest.raises(RegistryError, match="another person"):
        do_approve_refund(clerk, refund.pk, now=now)
    with pytest.raises(RegistryError, match="when it is approved"):
        do_pay_refund(clerk, refund.pk, now=now)
    do_approve_refund(controller, refund.pk, now=now)
    do_pay_refund(clerk, refund.pk, now=now)
    payment = Payment.objects.get()
    assert (payment.state, payment.used) == ("cleared", payment.amount)


def test_dealing_with_a_payment_needs_a_note(clerk, items, now):
    """It leaves the work list with what was done."""
    take(clerk, pay("", 500), now=now)
    payment = Payment.objects.get()
    with pytest.raises(RegistryError, match="say what was done"):
        do_clear_payment(clerk, payment.pk, note=" ", now=now)
    do_clear_payment(clerk, payment.pk, note="sent back to the bank", now=now)
    assert queries.get_payments(clerk.organisation_id) == []


def test_overdue_items_are_listed_once_for_each_level(clerk, items):
    """Two weeks after the due date the first reminder, five weeks after it the second; small rests never."""
    organisation, due = clerk.organisation_id, items[0].due_on
    assert do_list_reminders(organisation, today=due + timedelta(days=13)) == 0
    assert do_list_reminders(organisation, today=due + timedelta(days=14)) == 1
    assert do_list_reminders(organisation, today=due + timedelta(days=14)) == 0
    assert do_list_reminders(organisation, today=due + timedelta(days=35)) == 1
    (row,) = queries.get_reminders(organisation)
    assert (row.level, row.invoice_id) == (2, items[0].invoice_id)
    OpenItem.objects.filter(pk=items[0].pk).update(rest=100)
    assert len(queries.get_reminders(organisation)) == 1


def test_a_large_file_costs_a_fixed_number_of_statements(clerk, controller, store, now, django_assert_max_num_queries):
    """However many payments a file has, they come in together, each with its audit row."""
    from avlest.registry.models import AuditEntry

    add_prices(clerk)
    for number in range(1, 61):
        add_level(clerk, add_home(clerk, number).account, 2026, 100_000)
    do_charge_terms(clerk, controller, year=2026, store=store)
    items = list(OpenItem.objects.order_by("pk"))
    day = date(2026, 12, 1)
    payments = [
        IncomingPayment(
            reference=item.kid, account="99991000018", amount=item.rest, paid_on=day, booked_on=day, kid=item.kid
        )
        for item in items
    ]
    content = build_ocr(payments)
    with django_assert_max_num_queries(40):
        done = do_import_payments(clerk, content, filename="stor.txt", now=now)
    assert done.states == {"matched": len(items)} == {"matched": 240}
    assert not OpenItem.objects.exclude(rest=0).exists()
    assert set(OpenItem.objects.values_list("settled_at", flat=True)) == {now}
    assert AuditEntry.objects.filter(subject="openitem", action="pay").count() == 240
    assert AuditEntry.objects.filter(subject="payment", action="create").count() == Payment.objects.count() == 240
