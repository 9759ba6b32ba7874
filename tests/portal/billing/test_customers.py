# SPDX-License-Identifier: Apache-2.0
"""Customers, changes of owner, the archive and lists: what is kept, what is refused, what is never shown."""

from __future__ import annotations

import io
import zipfile
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from avlest.collect.models import Packet
from avlest.portal.billing.holding import forget_old
from avlest.portal.billing.models import HeldFile
from avlest.registry.models import AuditEntry, Meter, MeterKey, Party, Tenancy
from avlest.registry.rights import Role
from avlest.registry.services.documents import Upload, do_attach_document
from avlest.settlement.models import Account, AdvanceLevel, Agreement, Discretion, ServiceOrder
from avlest.settlement.services.runs import RunRequest
from avlest.settlement.services.year import do_run_through
from tests.portal.billing.town import settle, text_of


def change(books, what: str) -> str:
    return reverse("billing:account_change", args=[books.account, what])


def test_a_customer_shows_what_was_agreed_on_and_owed(books, sign_in):
    page = text_of(sign_in(Role.MANAGER).get(reverse("billing:account", args=[books.account])))
    assert "Villasen1" in page
    assert "140" in page
    assert "Avløp" in page
    assert "Flytt ut" not in page
    assert "Flytt ut" in text_of(sign_in(Role.BILLING).get(reverse("billing:account", args=[books.account])))


def test_customers_are_found(books, sign_in):
    clerk = sign_in(Role.BILLING)
    assert "Villasen1" in text_of(clerk.get("/styre/kunder/?q=VILLASEN"))
    assert "Ingen kunde passer." in text_of(clerk.get("/styre/kunder/?q=finnesikke"))


def test_new_subscribers_of_the_register_become_customers(books, sign_in):
    Agreement.objects.all().delete()
    assert "0 nye kunder" in text_of(sign_in(Role.BILLING).post("/styre/kunder/nye/", follow=True))


def test_what_a_customer_has_agreed_on_is_changed(books, at_work, sign_in):
    """Terms, a service, the a konto, a quantity by discretion and an order, each by its own form."""
    clerk = sign_in(Role.BILLING)
    clerk.post(change(books, "terminer"), {"terms": "12"})
    assert Account.objects.get(pk=books.account).terms == 12
    clerk.post(change(books, "avtale"), {"service": "water", "category": "cabin", "count": "2"})
    assert Agreement.objects.get(account=books.account, service="water").count == 2
    clerk.post(change(books, "akonto"), {"year": "2026", "quantity": "160,5", "reason": "Nytt bad"})
    levels = AdvanceLevel.objects.filter(account=books.account, year=2026)
    assert set(levels.values_list("service", "quantity")) == {("water", 160_500), ("wastewater", 160_500)}
    typed = {"starts_on": "2025-01-01", "last_on": "2025-12-31", "quantity": "120", "reason": "Måleren var knust"}
    clerk.post(change(books, "mengde"), typed)
    assert Discretion.objects.get().stops_on == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("what", "typed", "error"),
    [
        ("terminer", {"terms": "3"}, "gyldig valg"),
        ("avtale", {"service": "water", "count": "0"}, "1"),
        ("avtale", {"service": "water", "count": "1", "valid_from": "1.2.26", "valid_to": "2026-01-01"}, "Slutten må"),
        ("akonto", {"year": "2026", "quantity": "-1", "reason": "x"}, "0"),
        ("akonto", {"year": "2026", "quantity": "150", "reason": ""}, "id_reason"),
        ("mengde", {"starts_on": "2025-02-01", "last_on": "2025-01-01", "quantity": "1", "reason": "x"}, "Siste dag"),
        ("mengde", {"starts_on": "1999-01-01", "last_on": "1999-02-01", "quantity": "1", "reason": "x"}, "kom senere"),
        ("bestilling", {"code": "W_VOL", "day": "2026-01-01", "quantity": "1"}, "gyldig valg"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_is_refused_at_its_field(books, at_work, sign_in, what, typed, error):
    answer = sign_in(Role.BILLING).post(change(books, what), typed)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert not Discretion.objects.exists()
    assert not ServiceOrder.objects.exists()


def test_there_is_no_other_change(books, sign_in):
    assert sign_in(Role.BILLING).get(change(books, "alt")).status_code == 404


# --- moves ---------------------------------------------------------------------------------


def move(books, client, **typed):
    where = reverse("billing:move", args=[books.account])
    return client.post(where, {"day": "2025-07-01", "next": "new", **typed})


def test_a_change_of_owner_ends_one_customer_and_begins_the_next(books, store, at_work, sign_in):
    """The next owner has the same services; the reading is on its way; the final settlement covers the owner's days."""
    clerk = sign_in(Role.BILLING)
    reading = {f"reading_{books.town.house.point}": "1 234,5"}
    answer = move(books, clerk, name="Ola Etterpå", email="ola@example.no", **reading)
    assert answer.status_code == 302
    before, after = Account.objects.filter(property_id=books.town.house.property).order_by("opened_on")
    assert (before.closed_on, after.opened_on, after.party.name) == (date(2025, 7, 1), date(2025, 7, 1), "Ola Etterpå")
    assert set(Agreement.objects.filter(account=after).values_list("service", flat=True)) == {"water", "wastewater"}
    assert after.terms == before.terms
    assert Tenancy.objects.filter(property_id=before.property_id, ends_at__isnull=True).get().party_id == after.party_id
    assert b"1234.5" in bytes(Packet.objects.latest("pk").body)
    page = text_of(clerk.get("/styre/flytting/"))
    assert "Lag sluttoppgjøret" in page
    request = RunRequest(kind="final", year=2025, accounts=(before.pk,))
    do_run_through(books.clerk, books.board, request, store=store, now=at_work)
    assert "gjort opp" in text_of(clerk.get("/styre/flytting/"))


def test_nobody_may_be_known_yet(books, sign_in):
    """The property stands empty; there is no next customer."""
    assert move(books, sign_in(Role.BILLING), next="none").status_code == 302
    assert Account.objects.filter(property_id=books.town.house.property).get().closed_on == date(2025, 7, 1)


def test_somebody_in_the_register_takes_over(books, sign_in):
    party = Party.objects.get(pk=books.town.homes["own"].party)
    assert move(books, sign_in(Role.BILLING), next="known", code=party.code).status_code == 302
    assert Account.objects.get(party=party).opened_on == date(2025, 7, 1)


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({}, "Skriv navnet på neste eier"),
        ({"name": "Ola", "day": "2024-01-01"}, "kom den dagen eller senere"),
        ({"name": "Ola", "day": "2030-01-01"}, "Høyst ett år fram"),
        ({"name": "Ola", "day": "i går"}, "Skriv en dato"),
        ({"next": "known", "code": "ukjent"}, "Ingen i registeret"),
        ({"next": "known", "code": "vik-Villasen1"}, "kunden som flytter ut"),
        ({"name": "Ola", "email": "ola"}, "id_email"),
        ({"name": "Ola", "day": "2026-06-01", "reading": "5"}, "ingen avlesning kan være tatt"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_move_is_named(books, at_work, sign_in, typed, error):
    if "reading" in typed:
        typed = {**typed, f"reading_{books.town.house.point}": typed["reading"]}
    answer = move(books, sign_in(Role.BILLING), **typed)
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert Account.objects.get(pk=books.account).closed_on is None


# --- the archive ---------------------------------------------------------------------------


def test_all_documents_of_a_subscriber_are_handed_out(books, store, at_work, sign_in):
    """Invoices as PDF and papers of their own time; nothing from before they came."""
    settle(books, store)
    house = books.town.house
    for day, title in ((at_work, "Skjema"), (at_work - timedelta(days=3000), "Forgjengerens")):
        paper = Upload("form", title, "text/plain", f"{title} ja".encode(), "property", house.property)
        do_attach_document(books.town.actor, paper, now=day)
    clerk = sign_in(Role.BILLING)
    page = text_of(clerk.get(reverse("billing:documents_of", args=[house.party])))
    assert "Skjema" in page
    assert "Forgjengerens" not in page
    answer = clerk.get(reverse("billing:documents_zip", args=[house.party]))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    names = archive.namelist()
    assert sum(name.endswith(".pdf") for name in names) == 5
    assert sum(name.endswith(".txt") for name in names) == 1
    listed = archive.read("innhold.csv").decode("utf-8-sig").splitlines()
    assert len(listed) == len(names)
    assert listed[0] == "dato;type;tittel;fil"
    noted = AuditEntry.objects.get(action="hand_out")
    assert noted.after == {"documents": len(names) - 1}


# --- lists ---------------------------------------------------------------------------------

METERS = "produsent;serienummer;nøkkel\nKAM;55500011;000102030405060708090A0B0C0D0E0F\nKAM;x;feil\n"


def send(client, text: str, kind: str = "keys", name: str = "liste.csv"):
    return client.post("/styre/import/", {"kind": kind, "file": SimpleUploadedFile(name, text.encode())})


def test_a_list_is_looked_at_before_it_is_taken_in(world, sign_in):
    """What it would make, every bad row; the key is on no page; bad rows are left out only when told so."""
    admin = sign_in(Role.ADMINISTRATOR)
    answer = send(admin, METERS)
    page = text_of(answer)
    assert answer.status_code == 200
    assert "Rader med feil</dt><dd>1<" in page
    assert "000102030405060708090A0B0C0D0E0F".lower() not in page.lower()
    assert not MeterKey.objects.exists()
    held = HeldFile.objects.get()
    assert "000102" not in held.sealed
    where = reverse("billing:import_apply", args=[held.pk])
    refused = admin.post(where)
    assert refused.status_code == 422
    assert "kryss av her for å utelate" in text_of(refused)
    taken = admin.post(where, {"skip_bad": "on"}, follow=True)
    assert "1 rader, 1 utelatt" in text_of(taken)
    assert MeterKey.objects.count() == 1
    assert Meter.objects.filter(serial="55500011").exists()
    assert not HeldFile.objects.exists()


def test_a_held_list_is_its_senders_and_for_an_hour(world, at_work, sign_in):
    send(sign_in(Role.ADMINISTRATOR), METERS)
    held = HeldFile.objects.get()
    where = reverse("billing:import_apply", args=[held.pk])
    assert sign_in(Role.OPERATOR).post(where).status_code == 404
    HeldFile.objects.update(held_at=at_work - timedelta(hours=2))
    assert "ikke lagret lenger" in text_of(sign_in(Role.ADMINISTRATOR).post(where, follow=True))
    assert forget_old(at_work) == 1


def test_only_lists_one_has_the_right_to_are_offered(world, sign_in):
    """The clerk may change people, not meters and keys."""
    page = text_of(sign_in(Role.BILLING).get("/styre/import/"))
    assert "Personer og bedrifter" in page
    assert "Nøkler til målere" not in page
    assert send(sign_in(Role.BILLING), METERS).status_code == 422


@pytest.mark.parametrize(
    ("text", "error"), [("", "tom"), ("a;b\n1;2\n", "kan ikke leses"), ("\x01\x02", "tas ikke imot")]
)
def test_a_file_that_is_no_list_is_refused(world, sign_in, text, error):
    answer = send(sign_in(Role.ADMINISTRATOR), text, kind="meters")
    assert answer.status_code == 422
    assert error in text_of(answer)
