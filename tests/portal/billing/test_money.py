# SPDX-License-Identifier: Apache-2.0
"""Prices, invoices and payments on their pages: two people for what costs, errors where they are."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from avlest.registry.rights import Role
from avlest.settlement.models import Invoice, OpenItem, Payment, Price, PriceList, Refund
from avlest.settlement.payments.model import IncomingPayment
from avlest.settlement.payments.ocr_writer import build_ocr
from tests.portal.billing.town import settle, text_of
from tests.settlement.builders import PRICES

NEXT = PRICES.replace("valid_from = 2025-01-01", "valid_from = 2026-01-01").replace("45.27", "47.00")
NEXT = NEXT.partition("[[vat]]")[0]


def send(client, text: str, **more):
    file = SimpleUploadedFile("priser.toml", text.encode())
    return client.post("/styre/priser/ny/", {"file": file, **more})


@pytest.fixture
def draft(books, at_work, sign_in) -> int:
    """A price list for the next year that the clerk took in."""
    send(sign_in(Role.BILLING), NEXT)
    return PriceList.objects.get(state="draft").pk


def test_a_new_price_list_shows_what_it_changes(draft, sign_in):
    """Each price beside the one of the day before, and how many are dearer."""
    page = text_of(sign_in(Role.BILLING).get(reverse("billing:price_list", args=[draft])))
    assert re.search(r"W_VOL.*?45,27.*?47,00.*?dyrere 3,8 %", page)
    assert re.search(r"Dyrere</dt><dd>1<", page)
    assert "En annen person må godkjenne den" in page
    assert "Godkjenn og gjør gjeldende" not in page


def test_another_person_approves_a_price_list(draft, sign_in):
    """The clerk who took it in is refused in words; the administrator approves, and the old list ends."""
    where = reverse("billing:price_list_approve", args=[draft])
    answer = sign_in(Role.BILLING).post(where, follow=True)
    assert "Du har laget dette selv" in text_of(answer)
    answer = sign_in(Role.ADMINISTRATOR).post(where, follow=True)
    assert "gjelder fra sin første dag" in text_of(answer)
    assert PriceList.objects.get(pk=draft).state == "approved"
    assert PriceList.objects.exclude(pk=draft).get().valid_to == date(2026, 1, 1)


def test_who_changes_a_price_counts_as_who_made_the_list(draft, sign_in):
    price = Price.objects.get(price_list_id=draft, code="W_VOL")
    where = reverse("billing:price", args=[price.pk])
    board = sign_in(Role.ADMINISTRATOR)
    answer = board.post(where, {"value": "dyrt"})
    assert answer.status_code == 422
    assert "Skriv et tall" in text_of(answer)
    assert 'value="dyrt"' in text_of(answer)
    assert board.post(where, {"value": "46,5"}).status_code == 302
    board.post(reverse("billing:price_list_approve", args=[draft]))
    assert PriceList.objects.get(pk=draft).state == "draft"


def test_what_is_wrong_in_a_price_list_is_named_by_line_and_nothing_is_kept(books, sign_in):
    """A price that is no number, and a list that does not say whether VAT is included."""
    answer = send(sign_in(Role.BILLING), NEXT.replace('"47.00"', '"mye"').replace("vat_included = true", ""))
    page = text_of(answer)
    assert answer.status_code == 422
    assert "ting er gale i filen. Ingenting ble lagret." in page
    assert re.search(r'<th scope="row" class="number">\d+</th><td>value</td><td>mye</td>', page)
    assert "vat_included" in page
    assert not PriceList.objects.filter(state="draft").exists()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "tom"),
        (b"\x89PNG\r\n\x1a\n....", "Forventet: CSV"),
        (b"PK\x03\x04[Content_Types].xml", "kan ikke leses"),
    ],
)
def test_a_file_that_is_no_price_list_is_refused_at_its_field(books, sign_in, content, error):
    file = SimpleUploadedFile("priser.xlsx", content)
    answer = sign_in(Role.BILLING).post("/styre/priser/ny/", {"file": file})
    assert answer.status_code == 422
    assert error in text_of(answer)


def test_a_draft_is_put_aside(draft, sign_in):
    sign_in(Role.BILLING).post(reverse("billing:price_list_withdraw", args=[draft]))
    assert PriceList.objects.get(pk=draft).state == "withdrawn"
    assert "Trukket" in text_of(sign_in(Role.MANAGER).get("/styre/priser/"))


# --- invoices ------------------------------------------------------------------------------


@pytest.fixture
def invoice(books, store, at_work) -> Invoice:
    """The invoice of the settled year."""
    return Invoice.objects.get(run_id=settle(books, store), account_id=books.account)


def test_invoices_are_found_by_number_kid_name_and_state(invoice, sign_in):
    clerk = sign_in(Role.BILLING)
    address = reverse("billing:invoice", args=[invoice.pk])
    for query in (f"q={invoice.number}", f"q={invoice.kid}", "q=villasen1", "state=open"):
        assert address in text_of(clerk.get(f"/styre/fakturaer/?{query}"))
    for query in ("q=finnesikke", "state=credit", "state=paid"):
        assert address not in text_of(clerk.get(f"/styre/fakturaer/?{query}"))
    assert clerk.get("/styre/fakturaer/?page=99999999&run=x&state=y").status_code == 200


def test_an_invoice_opens_as_pdf_and_says_why_it_is_no_ehf(invoice, sign_in):
    board = sign_in(Role.MANAGER)
    assert board.get(reverse("billing:invoice_pdf", args=[invoice.pk])).content.startswith(b"%PDF")
    answer = board.get(reverse("billing:invoice_ehf", args=[invoice.pk]))
    assert answer.status_code == 422
    assert "kan ikke lages som EHF" in text_of(answer)
    assert "kjøperens organisasjonsnummer (ni siffer)" in text_of(answer)
    assert 'lang="en"' not in text_of(answer).split("<main")[1].split("</main>")[0]


def test_a_credit_note_takes_an_invoice_back_with_its_reason(invoice, sign_in):
    """Without a reason it is refused; with one the note stands on both pages, and cannot be made twice."""
    clerk = sign_in(Role.BILLING)
    where = reverse("billing:invoice_credit", args=[invoice.pk])
    assert clerk.post(where, {"reason": ""}).status_code == 422
    answer = clerk.post(where, {"reason": "Feil måler"}, follow=True)
    assert "Feil måler" in text_of(answer)
    assert "Korrigerer" in text_of(answer)
    assert OpenItem.objects.get(invoice=invoice).rest == 0
    page = text_of(clerk.get(reverse("billing:invoice", args=[invoice.pk])))
    assert "Kreditert av" in page
    assert "krediter/" not in page
    again = clerk.post(where, {"reason": "Igjen"})
    assert again.status_code == 422
    assert sign_in(Role.MANAGER).get(where).status_code == 403


# --- payments ------------------------------------------------------------------------------


def pay(kid: str, amount: int, number: int = 1) -> IncomingPayment:
    day = date(2026, 4, 21)
    return IncomingPayment(
        reference=f"R{number}", account="12345678903", amount=amount, paid_on=day, booked_on=day, kid=kid
    )


def send_payments(client, *payments, **more):
    file = SimpleUploadedFile("ocr.txt", build_ocr(payments, number=1))
    return client.post("/styre/innbetalinger/ny/", {"file": file, **more}, follow=True)


def test_a_file_from_the_bank_is_taken_in_once(invoice, sign_in):
    clerk = sign_in(Role.BILLING)
    page = text_of(send_payments(clerk, pay(invoice.kid, invoice.total)))
    assert "1 innbetaling ble lest inn. Koblet: 1" in page
    assert "Ingen innbetaling venter på noen." in page
    assert "Kjent fra før: 1" in text_of(send_payments(clerk, pay(invoice.kid, invoice.total)))
    assert "Betalt" in text_of(clerk.get(reverse("billing:invoice", args=[invoice.pk])))


def test_a_file_with_a_wrong_sum_is_refused_with_the_place(invoice, sign_in):
    """Nothing is taken in, the line is named; with the tick the good payments are."""
    clerk = sign_in(Role.BILLING)
    content = build_ocr([pay(invoice.kid, 100_00)], number=1)
    broken = content.replace(invoice.kid.encode(), (invoice.kid[:-1] + str((int(invoice.kid[-1]) + 1) % 10)).encode())
    file = SimpleUploadedFile("ocr.txt", broken)
    answer = clerk.post("/styre/innbetalinger/ny/", {"file": file})
    assert answer.status_code == 422
    assert "ingenting ble lest inn" in text_of(answer)
    assert not Payment.objects.exists()
    bad = SimpleUploadedFile("bilde.png", b"\x89PNG\x00\x01")
    assert "ikke en fil med innbetalinger" in text_of(clerk.post("/styre/innbetalinger/ny/", {"file": bad}))
    words = SimpleUploadedFile("brev.txt", "Kjære bank".encode())
    assert "kan ikke leses" in text_of(clerk.post("/styre/innbetalinger/ny/", {"file": words}))


def test_an_unknown_payment_is_matched_by_a_person(invoice, sign_in):
    """The work list shows it; the invoice is found by the customer's name."""
    clerk = sign_in(Role.BILLING)
    send_payments(clerk, pay("", 100_00))
    payment = Payment.objects.get()
    assert payment.reference in text_of(clerk.get("/styre/innbetalinger/"))
    where = reverse("billing:payment", args=[payment.pk])
    page = text_of(clerk.get(f"{where}?q=villasen1"))
    item = OpenItem.objects.get(invoice=invoice)
    assert f'name="item" value="{item.pk}"' in page
    match = reverse("billing:payment_match", args=[payment.pk])
    assert "Velg fakturaen" in text_of(clerk.post(match, {"item": "x"}, follow=True))
    clerk.post(match, {"item": item.pk})
    item.refresh_from_db()
    assert item.rest == invoice.total - 100_00
    assert clerk.post(match, {"item": item.pk}, follow=True).status_code == 200
    assert Payment.objects.get().used == 100_00


def test_a_payment_is_dealt_with_otherwise(invoice, sign_in):
    clerk = sign_in(Role.BILLING)
    send_payments(clerk, pay("", 100_00))
    where = reverse("billing:payment_clear", args=[Payment.objects.get().pk])
    assert clerk.post(where, {"note": ""}).status_code == 422
    clerk.post(where, {"note": "Sendt tilbake"})
    assert Payment.objects.get().state == "cleared"


def test_what_was_paid_too_much_is_paid_back_by_two(invoice, sign_in):
    """The clerk lists it, the manager approves it, the clerk notes that the bank has paid."""
    clerk, board = sign_in(Role.BILLING), sign_in(Role.MANAGER)
    send_payments(clerk, pay(invoice.kid, invoice.total + 50_00))
    clerk.post(reverse("billing:refunds_list"))
    refund = Refund.objects.get()
    assert refund.amount == 50_00
    approve = reverse("billing:refund_approve", args=[refund.pk])
    assert "Du har laget dette selv" in text_of(clerk.post(approve, follow=True))
    page = text_of(board.get("/styre/tilbakebetaling/"))
    assert "50,00 kr" in page
    assert "Se etter nye" not in page
    board.post(approve)
    clerk.post(reverse("billing:refund_pay", args=[refund.pk]))
    assert Refund.objects.get().state == "paid"


def test_overdue_invoices_come_on_the_reminders_list(books, sign_in, at_work):
    """The terms of last year are overdue in January; looking twice lists each once."""
    clerk = sign_in(Role.BILLING)
    assert "nye" in text_of(clerk.post("/styre/purringer/", follow=True))
    page = text_of(clerk.post("/styre/purringer/", follow=True))
    assert "0 purringer er nye" in page
    assert "Villasen1" in page
    assert sign_in(Role.MANAGER).get("/styre/purringer/").status_code == 403
