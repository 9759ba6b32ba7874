# SPDX-License-Identifier: Apache-2.0
"""Lists of very many rows cost no more than lists of few: a page asks the database a fixed number of times."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from avlest.registry.rights import Role
from avlest.settlement.models import Account, Invoice, OpenItem, Payment, PaymentFile
from tests.portal.billing.town import settle, text_of

MANY = 300


@pytest.fixture
def crowd(books, store, at_work):
    """Three hundred more invoices, open items and payments."""
    settle(books, store)
    town, account = books.town.id, Account.objects.get(pk=books.account)
    days = {"issued_on": date(2026, 1, 2), "due_on": date(2026, 4, 20)}
    made = Invoice.objects.bulk_create(
        Invoice(
            organisation_id=town, kind="invoice", number=10_000 + n, account=account, net=80, vat=20, total=100,
            kid=f"{n:010}", recipient={"name": account.party.name}, **days,
        )
        for n in range(MANY)
    )  # fmt: skip
    OpenItem.objects.bulk_create(
        OpenItem(
            organisation_id=town, invoice=row, account=account, kid=row.kid, due_on=row.due_on, amount=100, rest=100
        )
        for row in made
    )
    file = PaymentFile.objects.create(
        organisation_id=town, sha256="1" * 64, name="x", format="ocr", received_at=at_work, received_by="x", payments=1,
        total=1,
    )  # fmt: skip
    Payment.objects.bulk_create(
        Payment(
            organisation_id=town, file=file, reference=f"P{n}", booked_on=date(2026, 1, 2), amount=1, state="unknown"
        )
        for n in range(MANY)
    )
    return books


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/styre/avregning/", 14),
        ("/styre/fakturaer/", 14),
        ("/styre/fakturaer/?state=open&page=3", 14),
        ("/styre/kunder/", 14),
        ("/styre/innbetalinger/", 14),
        ("/styre/priser/", 14),
        ("/styre/rapporter/", 14),
    ],
)
def test_a_page_of_many_asks_few_questions(crowd, sign_in, path, most):
    client = sign_in(Role.BILLING)
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.get(path)
    assert answer.status_code == 200
    assert len(asked) <= most, [query["sql"][:120] for query in asked]


def test_the_pages_of_a_long_list_follow_each_other(crowd, sign_in):
    """Fifty a page, all of them once, numbers written plainly."""
    client = sign_in(Role.BILLING)
    page = text_of(client.get("/styre/fakturaer/?q=villasen"))
    assert "Side 1 av 7" in page
    assert "Faktura 10299" in page
    assert 'rel="next" href="?q=villasen&amp;page=2"' in page
    last = text_of(client.get("/styre/fakturaer/?q=villasen&page=7"))
    assert 'rel="next"' not in last
    assert "Faktura 10299" not in last
