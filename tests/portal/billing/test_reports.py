# SPDX-License-Identifier: Apache-2.0
"""Scheduled reports: when, what, by e-mail and by SFTP to a real server, and what happens when nobody takes them."""

from __future__ import annotations

import asyncio
import io
import threading
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from django.core import mail
from django.urls import reverse

from avlest.portal.billing.models import Delivery, Report
from avlest.portal.billing.reporting.calendar import derive_days, derive_next
from avlest.portal.billing.reporting.deliver import RETRIES, do_deliver
from avlest.portal.billing.reporting.roads import DeliveryError, Parcel, Server, get_key, send_by_sftp
from avlest.registry.rights import Role
from tests.portal.billing.town import settle, text_of


@pytest.mark.parametrize(
    ("every", "after", "due"),
    [
        ("day", "2026-03-28T12:00", "2026-03-29T04:00"),  # the night clocks go forward: 06 is 04 UTC
        ("day", "2026-10-24T12:00", "2026-10-25T05:00"),  # and back: 06 is 05 UTC
        ("week", "2026-01-05T05:00", "2026-01-12T05:00"),
        ("month", "2026-01-15T00:00", "2026-02-01T05:00"),
        ("day", "2026-01-05T04:59", "2026-01-05T05:00"),
    ],
)
def test_a_report_is_due_by_the_local_clock(every, after, due):
    at = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert derive_next(every, 6, after=at) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "days"),
    [
        ("day", (date(2026, 2, 28), date(2026, 3, 1))),
        ("week", (date(2026, 2, 16), date(2026, 2, 23))),
        ("month", (date(2026, 2, 1), date(2026, 3, 1))),
    ],
)
def test_a_report_is_about_what_is_over(every, days):
    assert derive_days(every, datetime(2026, 3, 1, 5, tzinfo=UTC)) == days


TYPED = {
    "name": "Fakturaer til regnskap", "content": "invoices", "format": "csv", "every": "day", "hour": "6",
    "language": "nb", "road": "email", "emails": "regnskap@example.no, revisor@example.no", "is_active": "on",
}  # fmt: skip


@pytest.fixture
def report(books, store, at_work, sign_in) -> Report:
    """Yesterday's invoices by e-mail every day at six."""
    settle(books, store)
    assert sign_in(Role.BILLING).post("/styre/rapporter/ny/", TYPED).status_code == 302
    return Report.objects.get()


def test_a_report_goes_out_by_email_when_it_is_due(report, store, at_work, sign_in):
    """Once; with `;` and decimal comma; the log says when and how much."""
    assert report.next_at == datetime(2026, 1, 13, 5, tzinfo=UTC)
    assert do_deliver(at_work, store=store) == "0 made, 0 sent, 0 not taken"
    later = report.next_at + timedelta(minutes=1)
    assert do_deliver(later, store=store) == "1 made, 1 sent, 0 not taken"
    assert do_deliver(later, store=store) == "0 made, 0 sent, 0 not taken"
    (sent,) = mail.outbox
    assert sent.to == ["regnskap@example.no", "revisor@example.no"]
    name, content, kind = sent.attachments[0]
    assert (name, kind) == ("fakturaer-til-regnskap-2026-01-12.csv", "text/csv")
    text = content if isinstance(content, str) else content.decode("utf-8-sig")
    assert "Nummer;Type;Dato" in text
    assert ";855,00" in text
    page = text_of(sign_in(Role.BILLING).get("/styre/rapporter/"))
    assert "fakturaer-til-regnskap-2026-01-12.csv" in page
    assert "sendt" in page


def test_a_report_that_is_not_taken_is_tried_again_and_given_up(report, store, at_work, sign_in, monkeypatch):
    """Every attempt is counted; after the last one a person may start anew."""

    def refuse(*_args):
        raise DeliveryError("the server is full")

    monkeypatch.setattr("avlest.portal.billing.reporting.deliver.send_by_email", refuse)
    at = report.next_at
    do_deliver(at, store=store)
    first = Delivery.objects.get()
    assert (first.state, first.attempts, first.next_at) == ("waiting", 1, at + RETRIES[0])
    Report.objects.update(is_active=False)
    for wait in RETRIES:
        at += wait
        do_deliver(at, store=store)
    given_up = Delivery.objects.get()
    assert (given_up.state, given_up.attempts, given_up.problem) == ("failed", 6, "the server is full")
    clerk = sign_in(Role.BILLING)
    assert "the server is full" in text_of(clerk.get("/styre/rapporter/"))
    where = reverse("billing:delivery_again", args=[given_up.pk])
    clerk.post(where)
    assert Delivery.objects.get().state == "waiting"
    assert "Se på det igjen" in text_of(clerk.post(where, follow=True))


def test_a_long_stop_is_made_up_for(report, store):
    """The service was away three days: three days' reports go out, each about its own day."""
    do_deliver(report.next_at + timedelta(days=2), store=store)
    days = list(Delivery.objects.order_by("due_at").values_list("starts_on", flat=True))
    assert days == [date(2026, 1, 12), date(2026, 1, 13), date(2026, 1, 14)]
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("content", ["invoices", "open_items", "payments", "accounts", "use"])
def test_every_content_comes_as_a_spreadsheet(report, store, at_work, sign_in, content):
    """Numbers are numbers and days are days in Excel."""
    every = "month" if content == "use" else "day"
    typed = {**TYPED, "content": content, "format": "xlsx", "every": every, "language": "nn"}
    clerk = sign_in(Role.BILLING)
    clerk.post(reverse("billing:report", args=[report.pk]), typed)
    clerk.post(reverse("billing:report_send", args=[report.pk]))
    assert do_deliver(at_work, store=store) == "0 made, 1 sent, 0 not taken"
    sheet = openpyxl.load_workbook(io.BytesIO(mail.outbox[0].attachments[0][1])).active
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == Delivery.objects.get().rows + 1
    if content == "use":
        house = next(row for row in rows if row[0] == "vik-house")
        assert 12 < house[5] < 14
        assert house[6] == "m3"


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"emails": ""}, "Skriv minst én adresse"),
        ({"emails": "a@example.no, feil"}, "ikke e-postadresser: feil"),
        ({"content": "use"}, "bare for hele måneder"),
        ({"road": "sftp"}, "SFTP trenger dette"),
        ({"road": "sftp", "host": "sftp://x/y"}, "bare navnet på serveren"),
        ({"road": "sftp", "host_key": "hemmelig"}, "ikke en offentlig nøkkel"),
        ({"port": "99999"}, "65535"),
        ({"hour": "25"}, "gyldig valg"),
        ({"name": ""}, "id_name"),
    ],
)
def test_what_is_wrong_with_a_report_is_named(world, sign_in, typed, error):
    answer = sign_in(Role.BILLING).post("/styre/rapporter/ny/", {**TYPED, **typed})
    assert answer.status_code == 422
    assert error in text_of(answer)
    assert not Report.objects.exists()


def test_the_board_schedules_nothing(world, sign_in):
    assert sign_in(Role.MANAGER).get("/styre/rapporter/").status_code == 403


# --- SFTP to a real server -----------------------------------------------------------------


@pytest.fixture
def sftp(tmp_path):
    """An SFTP server in a thread: lets in the key in `our_key` only; files land under `root`."""
    import asyncssh

    key_file, root = tmp_path / "our_key", tmp_path / "root"
    root.mkdir()
    ours, theirs = get_key(key_file), asyncssh.generate_private_key("ssh-ed25519")
    known = tmp_path / "authorized_keys"
    known.write_bytes(ours.export_public_key())
    loop = asyncio.new_event_loop()

    async def serve():
        return await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[theirs], authorized_client_keys=str(known),
            sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=str(root)),
        )  # fmt: skip

    server = loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    where = Server(
        host="127.0.0.1", port=server.get_port(), username="avlest", folder="",
        host_key=theirs.export_public_key().decode().strip(),
    )  # fmt: skip
    yield where, root, key_file

    async def stop():
        server.close()
        await server.wait_closed()

    asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


PARCEL = Parcel(
    filename="liste.csv", content=b"a;b\r\n", media_type="text/csv", subject="Liste", text="", reference="report-1-1"
)


def test_a_file_is_put_where_it_belongs(sftp):
    """Whole, under its own name; sent again it replaces itself; no half file is left."""
    where, root, key_file = sftp
    for _ in range(2):
        send_by_sftp(PARCEL, where, key_file=key_file)
    assert [file.name for file in root.iterdir()] == ["liste.csv"]
    assert (root / "liste.csv").read_bytes() == b"a;b\r\n"
    assert key_file.stat().st_mode & 0o077 == 0


def test_a_server_with_another_key_gets_nothing(sftp, tmp_path):
    import dataclasses

    where, root, key_file = sftp
    other = get_key(tmp_path / "other").export_public_key().decode().strip()
    with pytest.raises(DeliveryError, match="another key"):
        send_by_sftp(PARCEL, dataclasses.replace(where, host_key=other), key_file=key_file)
    with pytest.raises(DeliveryError, match="does not take our key"):
        send_by_sftp(PARCEL, where, key_file=tmp_path / "stranger")
    with pytest.raises(DeliveryError):
        send_by_sftp(PARCEL, dataclasses.replace(where, folder="missing/there"), key_file=key_file)
    assert list(root.iterdir()) == []
