# SPDX-License-Identifier: Apache-2.0
"""The clerk and the board walk the guided settlement in a browser, on a phone and at a desk, in light and dark."""

from __future__ import annotations

import pytest

from avlest.registry.rights import Role
from tests.portal.browser.conftest import OTHER_LOOKS

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]


@pytest.fixture
def books(town, tmp_path, settings):
    """The town with a settled year, a draft of prices, a payment nobody knows, a refund and a report."""
    import dataclasses

    from avlest.portal.store import get_store
    from avlest.settlement.services.ledger import do_list_refunds
    from tests.portal.billing.town import NOW, make_books, settle
    from tests.portal.matrix.samplers import billing as samplers
    from tests.portal.world import Side

    settings.AVLEST = dataclasses.replace(settings.AVLEST, tables={"readings": {"store": str(tmp_path / "store")}})
    made = make_books(town.vik, get_store())
    made.run = settle(made, get_store())
    made.preview = _make_preview(made, get_store())
    made.draft = _make_draft(made)
    made.payment = samplers.make_payment(town, Side.OWN)
    made.refund = samplers.make_refund(town, Side.OWN)
    made.report = samplers.make_report(town, Side.OWN)
    samplers.make_delivery(town, Side.OWN)
    do_list_refunds(made.clerk, now=NOW)
    yield made
    _forget_what_was_sent(NOW)


def _forget_what_was_sent(now) -> None:
    """The database keeps invoices from being removed, also when a test is over, unless a removal stands open."""
    from django.db import transaction

    from avlest.settlement import models

    with transaction.atomic():
        removal = models.Removal.objects.create(opened_at=now)
        for model in (models.ServiceOrder, models.Reminder, models.Refund, models.Payment, models.OpenItem):
            model.objects.all().delete()
        for kept in (models.PaymentFile, models.ArchivedDocument, models.InvoiceLine):
            kept.objects.all()._raw_delete(using="default")
        models.Invoice.objects.filter(corrects__isnull=False)._raw_delete(using="default")
        models.Invoice.objects.all()._raw_delete(using="default")
        removal.delete()


def _make_preview(books, store) -> int:
    from avlest.settlement.models import RunException
    from avlest.settlement.services.runs import RunRequest, do_make_run
    from tests.portal.billing.town import NOW

    run = do_make_run(books.clerk, RunRequest(kind="year", year=2025), store=store, now=NOW)
    RunException.objects.create(
        organisation_id=books.town.id, run_id=run, account_id=books.account, code="against_last_year",
        severity="warning", detail={"quantity": 150_000, "last_quantity": 60_000},
    )  # fmt: skip
    return run


def _make_draft(books) -> int:
    from avlest.settlement.importing.files import parse_price_list
    from avlest.settlement.services.prices import do_import_price_list
    from tests.portal.billing.town import NOW
    from tests.settlement.builders import PRICES

    text = PRICES.replace("valid_from = 2025-01-01", "valid_from = 2026-01-01").replace("45.27", "47.00")
    draft = parse_price_list(text.partition("[[vat]]")[0].encode(), filename="priser.toml")
    return do_import_price_list(books.clerk, draft, now=NOW)


def list_pages(books) -> dict[str, str]:
    """Every page of the clerk by the name of its picture."""
    run, preview, account = books.run, books.preview, books.account
    return {
        "runs": "/styre/avregning/",
        "run-new": "/styre/avregning/ny/",
        "run-basis": "/styre/avregning/ny/grunnlag/?kind=year&year=2025",
        "run-control": f"/styre/avregning/{preview}/kontroll/",
        "run-preview": f"/styre/avregning/{preview}/forhandsvis/",
        "run-account": f"/styre/avregning/{preview}/forhandsvis/{account}/",
        "run-approve": f"/styre/avregning/{preview}/godkjenn/",
        "run-send": f"/styre/avregning/{run}/send/",
        "run-correct": f"/styre/avregning/{run}/korriger/?again=1",
        "invoices": "/styre/fakturaer/",
        "prices": "/styre/priser/",
        "price-list": f"/styre/priser/{books.draft}/",
        "price-file": "/styre/priser/ny/",
        "accounts": "/styre/kunder/",
        "account": f"/styre/kunder/{account}/",
        "account-agreement": f"/styre/kunder/{account}/endre/avtale/",
        "move": f"/styre/kunder/{account}/flytt/",
        "moves": "/styre/flytting/",
        "documents": "/styre/dokumenter/",
        "documents-of": f"/styre/dokumenter/{books.town.house.party}/",
        "payments": "/styre/innbetalinger/",
        "payment": f"/styre/innbetalinger/{books.payment}/?q=Villasen",
        "payment-file": "/styre/innbetalinger/ny/",
        "refunds": "/styre/tilbakebetaling/",
        "reminders": "/styre/purringer/",
        "import": "/styre/import/",
        "reports": "/styre/rapporter/",
        "report": f"/styre/rapporter/{books.report}/",
    }


@pytest.mark.parametrize(("width", "scheme"), OTHER_LOOKS)
def test_every_page_looks_right(open_page, check_page, town, books, width, scheme):
    """axe finds nothing, nothing is too wide, nothing fails, on any page of billing."""
    page = open_page(town.vik.staff[Role.ADMINISTRATOR], width=width, scheme=scheme)
    for name, path in list_pages(books).items():
        page.goto(f"{town.address}{path}")
        check_page(page, f"billing-{name}-{scheme}")


@pytest.mark.parametrize("javascript", [True, False])
def test_the_guided_way_is_walked_by_two(open_page, check_page, town, books, javascript):
    """Clerk: period, prices, run, control, preview. Manager: approval, invoices. With and without JavaScript."""
    from avlest.portal.billing.work import do_all
    from avlest.portal.store import get_store
    from tests.portal.billing.town import NOW

    clerk = open_page(town.vik.staff[Role.BILLING], path="/styre/avregning/", java_script_enabled=javascript)
    clerk.get_by_role("link", name="Start en ny kjøring").click()
    clerk.get_by_label("Hva som skal lages").select_option("term")
    clerk.get_by_role("textbox", name="År", exact=True).fill("2026")
    clerk.get_by_label("Måned terminene forfaller").select_option("6")
    clerk.get_by_role("button", name="Gå videre til priser og avtaler").click()
    clerk.get_by_role("button", name="Lag kjøringen og gå til kontrollen").click()
    do_all(NOW, store=get_store())
    clerk.goto(clerk.url)
    clerk.get_by_role("link", name="Gå videre til forhåndsvisningen").click()
    clerk.get_by_role("link", name="Gå videre til godkjenning").click()
    assert clerk.get_by_text("Du laget denne kjøringen.").count() == 1
    board = open_page(
        town.vik.staff[Role.MANAGER], path=clerk.url.removeprefix(town.address), java_script_enabled=javascript
    )
    board.get_by_label("Jeg har sett på kontrollarket og avvikene.").check()
    board.get_by_role("button", name="Godkjenn kjøringen").click()
    board.get_by_role("button", name="Lag fakturaene").click()
    do_all(NOW, store=get_store())
    board.goto(board.url)
    assert board.get_by_text("Fakturaene ble laget").count() == 1
    if javascript:
        check_page(board, "billing-sent-by-board")


def test_the_guided_way_is_walked_by_keyboard(open_page, town, books):
    """The period is filled in and sent with the keyboard alone; the focus goes to what is wrong."""
    page = open_page(town.vik.staff[Role.BILLING], path="/styre/avregning/ny/")
    page.get_by_role("textbox", name="År", exact=True).focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("3000")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ds-error-summary")
    assert page.evaluate("document.activeElement.classList.contains('form-summary')")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "id_year"
    page.keyboard.press("Control+A")
    page.keyboard.type("2025")
    page.keyboard.press("Enter")
    page.wait_for_url("**/grunnlag/**")
    assert page.locator("h1").count() == 1
