# SPDX-License-Identifier: Apache-2.0
"""Webhooks: each event once, signed, tried again until it arrives, and never to a place inside the network."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import cast

import pytest

from avlest.insight.models import Alarm
from avlest.portal.api import guard
from avlest.portal.api.guard import TargetError, find_target, is_public
from avlest.portal.api.models import Webhook, WebhookDelivery, WebhookEvent
from avlest.portal.api.webhooks import sending
from avlest.portal.api.webhooks.contracts import PAUSES
from avlest.portal.api.webhooks.delivering import do_deliver
from avlest.portal.api.webhooks.events import do_find_events, do_forget_events
from avlest.registry.rights import Role
from tests.portal.api.calling import call_as_program, call_as_staff
from tests.portal.matrix.samplers.resident import make_alarm, make_invoice
from tests.portal.world import Side


class Receiver(HTTPServer):
    """Somebody else's server; it answers with `status` and keeps what it got."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got = []
        self.status = 200
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self):
        return f"http://localhost:{self.server_port}/hook?a=1"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        receiver = cast(Receiver, self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        receiver.got.append((self.path, dict(self.headers), body))
        self.send_response(receiver.status)
        self.send_header("Location", "http://localhost:1/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver(monkeypatch):
    allow(monkeypatch, "localhost")
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


def allow(monkeypatch, *hosts):
    options = SimpleNamespace(private_hosts=hosts)
    monkeypatch.setattr(guard, "get_options", lambda: options)
    monkeypatch.setattr(sending, "get_options", lambda: options)


@pytest.fixture
def hook(world, store, receiver):
    caller = call_as_program(world, Role.ADMINISTRATOR)
    events = ["alarm.opened", "alarm.cleared", "invoice.issued"]
    answer = caller.send("POST", "webhooks", {"url": receiver.url, "events": events})
    assert answer.status_code == 201, answer.content
    return SimpleNamespace(caller=caller, **answer.json())


def list_kinds(receiver):
    return [json.loads(body)["type"] for _, _, body in receiver.got]


def test_an_event_arrives_once_and_its_signature_fits(world, hook, receiver):
    now = datetime.now(UTC)
    alarm = make_alarm(world, Side.OWN)
    Alarm.objects.filter(pk=alarm).update(cleared_at=None)
    for _ in range(3):
        do_find_events(now=now)
        do_deliver(now=now + timedelta(seconds=1))
    assert list_kinds(receiver) == ["alarm.opened"]
    path, headers, body = receiver.got[0]
    assert path == "/hook?a=1"
    assert json.loads(body)["data"]["alarm_id"] == alarm
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = b64decode(hook.secret.removeprefix("whsec_"))
    assert headers["webhook-signature"] == "v1," + b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert hook.secret not in str(Webhook.objects.values().get())


def test_the_end_of_an_alarm_and_an_invoice_are_told_too(world, hook, receiver):
    now = datetime.now(UTC)
    make_alarm(world, Side.OWN)
    make_invoice(world, Side.OWN)
    do_find_events(now=now)
    do_find_events(now=now)
    do_deliver(now=now)
    assert sorted(list_kinds(receiver)) == ["alarm.cleared", "alarm.opened", "invoice.issued"]


def test_what_was_there_before_the_webhook_and_another_organisations_is_no_event(world, store, receiver):
    make_invoice(world, Side.OWN)
    caller = call_as_program(world, Role.ADMINISTRATOR)
    caller.send("POST", "webhooks", {"url": receiver.url, "events": ["invoice.issued", "alarm.opened"]})
    make_alarm(world, Side.STRANGER)
    assert do_find_events(now=datetime.now(UTC)) == 0


def test_a_message_that_did_not_arrive_is_sent_again_with_the_same_id_later_and_later(world, hook, receiver):
    now = datetime.now(UTC)
    make_invoice(world, Side.OWN)
    do_find_events(now=now)
    receiver.status = 500
    assert do_deliver(now=now) == (0, 1)
    assert do_deliver(now=now + PAUSES[0] / 2) == (0, 0)
    receiver.status = 204
    assert do_deliver(now=now + PAUSES[0] * 1.1) == (1, 0)
    assert do_deliver(now=now + timedelta(days=1)) == (0, 0)
    first, second = receiver.got
    assert first[1]["webhook-id"] == second[1]["webhook-id"]
    log = hook.caller.read(f"webhooks/{hook.id}/deliveries")["items"]
    assert [(each["state"], each["attempts"], each["status"]) for each in log] == [("delivered", 2, 204)]


def test_after_the_last_attempt_it_is_given_up_and_the_webhook_is_paused(world, hook, receiver):
    now = datetime.now(UTC)
    make_invoice(world, Side.OWN)
    do_find_events(now=now)
    receiver.status = 302  # a redirect is not followed
    for pause in (timedelta(), *PAUSES):
        now += pause + timedelta(seconds=1)
        do_deliver(now=now)
    assert len(receiver.got) == len(PAUSES) + 1
    row = WebhookDelivery.objects.get()
    assert (row.state, row.error) == ("given_up", "answered 302")
    Webhook.objects.update(failing_since=now - timedelta(days=6))
    hook.caller.send("POST", f"webhooks/{hook.id}/test")
    do_deliver(now=now + timedelta(seconds=1))
    assert hook.caller.read(f"webhooks/{hook.id}")["is_active"] is False


def test_a_message_whose_sender_was_killed_is_sent_again(world, hook, receiver):
    now = datetime.now(UTC)
    make_invoice(world, Side.OWN)
    do_find_events(now=now)
    from avlest.portal.api.webhooks import delivering

    assert len(delivering._claim(now)) == 1
    assert do_deliver(now=now) == (0, 0)
    assert do_deliver(now=now + timedelta(minutes=6)) == (1, 0)


def test_an_ended_webhook_gets_nothing_and_is_gone(world, hook, receiver):
    now = datetime.now(UTC)
    make_invoice(world, Side.OWN)
    do_find_events(now=now)
    assert hook.caller.send("DELETE", f"webhooks/{hook.id}").status_code == 204
    assert do_deliver(now=now) == (0, 0)
    assert hook.caller.get(f"webhooks/{hook.id}").status_code == 404


def test_old_events_are_forgotten(world, hook):
    make_invoice(world, Side.OWN)
    do_find_events(now=datetime.now(UTC))
    WebhookDelivery.objects.update(state="delivered")
    do_forget_events(now=datetime(2031, 1, 1, tzinfo=UTC))
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "::",
        "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "224.0.0.1",
        "255.255.255.255", "ff02::1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_no_target(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_what_is_public_is_a_target(address):
    assert is_public(address)


def test_a_name_with_one_private_address_is_refused(monkeypatch):
    allow(monkeypatch)
    found = [(0, 0, 0, "", ("93.184.215.14", 443)), (0, 0, 0, "", ("10.0.0.1", 443))]
    monkeypatch.setattr("avlest.portal.api.guard.socket.getaddrinfo", lambda *_, **__: found)
    with pytest.raises(TargetError, match="not on the public internet"):
        find_target("sly.example.no", 443)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://localhost/x", "private"),
        ("https://127.0.0.1/x", "private"),
        ("https://[::1]/x", "private"),
        ("http://example.no/x", "https"),
        ("ftp://example.no/x", "url"),
        ("https://user:word@example.no/x", "url"),
        ("https://example.no:99999/x", "url"),
        ("https://127.0.0.1:22/x", "port"),
        ("https://æ.example.no/x", "url"),
        ("nonsense", "url"),
        ("https://a b/", "url"),
    ],
)
def test_an_address_that_is_not_to_be_used_is_refused_at_its_field(world, store, monkeypatch, url, code):
    allow(monkeypatch)
    caller = call_as_staff(world, Role.ADMINISTRATOR)
    answer = caller.send("POST", "webhooks", {"url": url, "events": ["alarm.opened"]})
    assert answer.status_code == 422
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("url", code)]


def test_an_unknown_event_is_refused_at_its_field(world, store, monkeypatch):
    caller = call_as_staff(world, Role.ADMINISTRATOR)
    answer = caller.send("POST", "webhooks", {"url": "https://93.184.215.14/", "events": ["moon.risen"]})
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("events", "events")]
