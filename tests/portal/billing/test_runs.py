# SPDX-License-Identifier: Apache-2.0
"""The guided way: period, prices, control, preview, approval by another, sending, correction."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from django.urls import reverse

from avlest.portal.billing.models import Work
from avlest.portal.billing.work import do_all
from avlest.registry.rights import Role
from avlest.settlement.models import Invoice, Run, RunException
from avlest.settlement.services.runs import RunRequest, do_make_run
from tests.portal.billing.town import settle, text_of

NEW = "/styre/avregning/ny/"
BASIS = "/styre/avregning/ny/grunnlag/"


@pytest.fixture
def preview(books, store, at_work) -> int:
    """A run that the clerk made."""
    return do_make_run(books.clerk, RunRequest(kind="year", year=2025), store=store, now=at_work)


def address(name: str, run: int, *more) -> str:
    return reverse(f"billing:{name}", args=[run, *more])


def test_the_whole_way_from_period_to_invoices(books, store, at_work, sign_in):
    """The clerk makes the run, the administrator approves it, and the invoice is what the preview said."""
    clerk, board = sign_in(Role.BILLING), sign_in(Role.ADMINISTRATOR)
    answer = clerk.post(NEW, {"kind": "year", "year": "2025"})
    assert answer.status_code == 302
    page = text_of(clerk.get(answer["Location"]))
    assert "Det finnes priser og mva.-satser for alt" in page
    answer = clerk.post(answer["Location"])
    work = Work.objects.get()
    assert "Lages nå" in text_of(clerk.get(answer["Location"])) or work.state == "waiting"
    assert do_all(at_work, store=store) == "1 asked for and done"
    answer = clerk.get(answer["Location"], follow=True)
    run = Run.objects.get(kind="year")
    assert answer.redirect_chain[-1][0] == address("run_control", run.pk)
    assert "100,0 %" in text_of(answer)
    assert "Årsavregning 2025" in text_of(answer)
    preview = text_of(clerk.get(address("run_preview", run.pk)))
    total = re.search(r"Villasen1.*?([\d ]+,\d\d kr)</td></tr>", preview)
    assert total is not None
    assert "Du laget denne kjøringen" in text_of(clerk.get(address("run_approve", run.pk)))
    board.post(address("run_approve", run.pk), {"looked": "on"})
    board.post(address("run_send", run.pk))
    do_all(at_work, store=store)
    run.refresh_from_db()
    assert (run.state, run.made_by, run.approved_by) == ("issued", "billing-vik", "administrator-vik")
    invoice = Invoice.objects.get(run=run, account_id=books.account)
    shown = text_of(clerk.get(reverse("billing:invoice", args=[invoice.pk])))
    assert total.group(1).split(",")[0].split()[-1] in shown
    assert "Vann oppgjør måler" in shown


def test_asking_twice_makes_one_run(books, store, at_work, sign_in):
    """Two clicks are one piece of work; once it is done it may be asked for again."""
    clerk = sign_in(Role.BILLING)
    first, second = (clerk.post(f"{BASIS}?kind=year&year=2025")["Location"] for _ in range(2))
    assert first == second
    do_all(at_work, store=store)
    assert clerk.post(f"{BASIS}?kind=year&year=2025")["Location"] != first


def test_a_run_whose_making_was_cut_off_is_made_anew(books, store, at_work, sign_in):
    """The service was killed: the unfinished run is put aside, and there is one finished preview."""
    sign_in(Role.BILLING).post(f"{BASIS}?kind=year&year=2025")
    broken = do_make_run(books.clerk, RunRequest(kind="year", year=2025), store=store, now=at_work)
    Run.objects.filter(pk=broken).update(digest="")
    Work.objects.update(state="doing")
    do_all(at_work, store=store)
    assert Run.objects.get(pk=broken).state == "dropped"
    assert Run.objects.filter(kind="year", state="preview").exclude(digest="").count() == 1


def test_what_cannot_be_made_says_why(books, store, at_work, sign_in):
    """A refusal of the service is shown to the one who asked."""
    clerk = sign_in(Role.BILLING)
    clerk.post(f"{BASIS}?kind=year&year=2025")
    Work.objects.update(order={"kind": "year", "year": 2027, "month": 0, "accounts": None})
    do_all(at_work, store=store)
    page = text_of(clerk.get(reverse("billing:work", args=[Work.objects.get().pk])))
    assert "the year 2027 is not over" in page
    assert "Dette ble avvist." in page


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"kind": "year", "year": "2026"}, "Året er ikke over"),
        ({"kind": "year", "year": "x"}, "Skriv et år"),
        ({"kind": "year", "year": "1899"}, "Velg et år fra 2000"),
        ({"kind": "term", "year": "2025"}, "Velg måneden"),
        ({"kind": "year", "year": "2025", "invoice_on": "2026-02-01", "due_on": "2026-01-01"}, "Forfall kan ikke"),
        ({"kind": "year", "year": "2025", "customers": "12, x"}, "ikke kundenumre: x"),
        ({"kind": "year", "year": "2025", "customers": "12 9999999"}, "Ingen kunde har"),
        ({"kind": "correction", "year": "2025"}, "Oppgi kundene"),
        ({"kind": "nonsense", "year": "2025"}, "Velg et gyldig valg"),
    ],
)
def test_what_is_wrong_with_a_period_is_named_at_its_field(books, at_work, sign_in, typed, error):
    answer = sign_in(Role.BILLING).post(NEW, typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert error in page
    assert all(f'value="{value}"' in page for name, value in typed.items() if name != "kind")
    assert not Work.objects.exists()


def test_a_missing_price_is_seen_before_the_run_is_made(books, at_work, sign_in):
    """A customer with a service that has no price is found in the step of prices and agreements."""
    from avlest.settlement.services.accounts import do_set_agreement

    do_set_agreement(books.clerk, books.account, service="septic", values={"category": "cabin"}, now=at_work)
    page = text_of(sign_in(Role.BILLING).get(f"{BASIS}?kind=year&year=2025"))
    assert "Noe mangler" in page
    assert re.search(r"Slamtømming.*?Mangler pris noen dager", page)


def test_a_warning_is_let_stand_with_a_reason(preview, books, at_work, sign_in):
    """Without a reason it is refused at the field; with one it stands with name and reason."""
    clerk = sign_in(Role.BILLING)
    warning = RunException.objects.create(
        organisation_id=books.town.id, run_id=preview, account_id=books.account, code="zero_use", severity="warning",
        detail={"days": 365},
    )  # fmt: skip
    where = address("run_exception", preview, warning.pk)
    assert clerk.post(where, {"reason": " "}).status_code == 422
    assert clerk.post(where, {"reason": "Huset står tomt"}).status_code == 302
    page = text_of(clerk.get(address("run_control", preview)))
    assert "billing-vik: Huset står tomt" in page
    assert "Ikke noe forbruk på 365 dager." in page
    other = do_make_other(books, preview)
    assert clerk.post(address("run_exception", other, warning.pk), {"reason": "x"}).status_code == 404


def do_make_other(books, run: int) -> int:
    row = Run.objects.get(pk=run)
    row.pk, row._state.adding = None, True
    row.save()
    return int(row.pk)


def test_a_blocking_exception_cannot_stand(preview, books, sign_in):
    row = RunException.objects.create(
        organisation_id=books.town.id, run_id=preview, code="no_quantity", severity="blocking"
    )
    page = text_of(sign_in(Role.BILLING).get(address("run_exception", preview, row.pk)))
    assert "kan ikke bli stående" in page
    assert sign_in(Role.BILLING).post(address("run_exception", preview, row.pk), {"reason": "x"}).status_code == 422


def test_who_made_a_run_does_not_approve_it(preview, books, sign_in):
    """The button is not there, and asking without it is refused in words; the tick is asked for first."""
    clerk, board = sign_in(Role.BILLING), sign_in(Role.MANAGER)
    assert clerk.post(address("run_approve", preview), {"looked": "on"}).status_code == 422
    answer = board.post(address("run_approve", preview), {})
    assert answer.status_code == 422
    assert "kryss av her" in text_of(answer)
    assert board.post(address("run_approve", preview), {"looked": "on"}).status_code == 302
    assert Run.objects.get(pk=preview).approved_by == "manager-vik"


def test_the_board_approves_but_makes_and_drops_nothing(preview, books, sign_in):
    """The manager sees and approves; the clerk's steps are not theirs."""
    board = sign_in(Role.MANAGER)
    assert board.get(NEW).status_code == 403
    assert board.post(address("run_drop", preview)).status_code == 403
    assert "Start en ny kjøring" not in text_of(board.get("/styre/avregning/"))


def test_a_run_is_put_aside(preview, sign_in):
    answer = sign_in(Role.BILLING).post(address("run_drop", preview), follow=True)
    assert "Kjøringen er lagt bort." in text_of(answer)
    assert Run.objects.get(pk=preview).state == "dropped"


def test_an_approved_run_is_not_issued_before_it_is_approved(preview, store, at_work, sign_in):
    clerk = sign_in(Role.BILLING)
    answer = clerk.post(address("run_send", preview))
    do_all(at_work, store=store)
    page = text_of(clerk.get(answer["Location"]))
    assert "approve it first" in page
    assert not Invoice.objects.filter(run_id=preview).exists()


def test_the_lines_of_a_preview_open_to_their_reasons(preview, books, sign_in):
    page = text_of(sign_in(Role.MANAGER).get(address("run_account", preview, books.account)))
    assert "Vann oppgjør måler" in page
    assert "Avløp fradrag a konto" in page
    assert "<details" in page
    assert "45,27" in page


def test_customers_of_a_preview_are_found_and_sorted(preview, books, sign_in):
    """By name and number; the dearest first when asked."""
    clerk = sign_in(Role.BILLING)
    where = address("run_preview", preview)
    assert "Villasen1" in text_of(clerk.get(f"{where}?q=villasen"))
    assert "Ingen kunde i kjøringen" in text_of(clerk.get(f"{where}?q=finnesikke"))
    rows = re.findall(r'forhandsvis/(\d+)/"', text_of(clerk.get(f"{where}?order=-total")))
    assert rows == list(reversed(re.findall(r'forhandsvis/(\d+)/"', text_of(clerk.get(f"{where}?order=total")))))
    assert len(rows) == 2


def test_an_issued_run_is_taken_out_as_files(books, store, at_work, sign_in):
    """CSV with semicolon and decimal comma, Excel, JSON, and every invoice as PDF; who has no EHF is listed."""
    run = settle(books, store)
    clerk = sign_in(Role.BILLING)
    assert "faktura" in text_of(clerk.get(address("run_send", run)))
    table = clerk.get(address("run_export", run, "csv")).content.decode("utf-8-sig")
    assert table.startswith("type;nummer;")
    assert ";855,00;" in table
    assert clerk.get(address("run_export", run, "xlsx")).content.startswith(b"PK")
    assert clerk.get(address("run_export", run, "json")).json()
    pdfs = zipfile.ZipFile(io.BytesIO(b"".join(clerk.get(address("run_export", run, "pdf")).streaming_content)))
    assert len(pdfs.namelist()) == Invoice.objects.filter(run_id=run).count()
    assert all(pdfs.read(name).startswith(b"%PDF") for name in pdfs.namelist())
    ehf = zipfile.ZipFile(io.BytesIO(b"".join(clerk.get(address("run_export", run, "ehf")).streaming_content)))
    assert "uten-ehf.csv" in ehf.namelist()
    assert clerk.get(address("run_export", run, "exe")).status_code == 404


def test_running_again_shows_what_is_known_since(books, store, at_work, sign_in):
    """The same to the øre at once; a later reading is shown beside it and nothing is changed."""
    from datetime import date

    from tests.settlement.builders import add_days

    run = settle(books, store)
    clerk = sign_in(Role.BILLING)
    page = text_of(clerk.get(f"{address('run_correct', run)}?again=1"))
    assert "kommer til samme øre" in page
    assert "Ingenting er blitt kjent siden" in page
    days = (date(2025, 12, 1), date(2026, 1, 1))
    add_days(store, {books.town.house.series: 40_000}, *days, batch=9, known_at=at_work)
    page = text_of(clerk.get(f"{address('run_correct', run)}?again=1"))
    assert "Villasen1" in page
    assert Invoice.objects.filter(corrects__isnull=False).count() == 0
