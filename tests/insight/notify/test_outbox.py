# SPDX-License-Identifier: Apache-2.0
"""Messages are kept once, handed over to real servers, tried again, and leave a record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from avlest.insight.models import Message
from avlest.insight.notify.campaigns import (
    NewCampaign,
    do_make_campaign,
    do_send_campaign,
    get_campaign_reach,
    get_deliveries,
)
from avlest.insight.notify.channels import EmailSender, SmsSender, make_push_key
from avlest.insight.notify.contracts import Audience, Channel, Recipient
from avlest.insight.notify.options import NotifyOptions
from avlest.insight.notify.outbox import LEASE, MOST_ATTEMPTS, do_note_read, do_notify_alarms, do_send
from avlest.insight.notify.people import get_recipients
from avlest.registry.access import make_system_actor
from avlest.registry.errors import RegistryError
from avlest.registry.models import MeteringPoint, Organisation, Party
from avlest.registry.services.rows import do_create_row
from avlest.registry.services.tenancies import MoveIn, do_begin_tenancy, do_hand_over
from tests.insight.notify.servers import run_mail_server, run_sms_gateway
from tests.insight.notify.test_plan import LEAK, NOON
from tests.registry.builders import MADE_AT, make_property, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(db):
    organisation = Organisation.objects.create(name="Fjordvik", slug="fjordvik")
    return make_system_actor(organisation.pk, name="test")


@pytest.fixture
def mailbox(settings):
    with run_mail_server() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield box


def make_party(actor, code="100", name="Kari Nordmann", email="kari@example.no", phone="+4790000000", language="nb"):
    row = Party(code=code, name=name, email=email, phone=phone, language=language)
    return do_create_row(actor, row, now=MADE_AT)


def tell(actor, notice=LEAK, **changes):
    party = Party.objects.filter(code="100").first()
    recipient = Recipient(
        audience=Audience.RESIDENT, name="Kari Nordmann", party_id=party.pk if party else make_party(actor),
        email=changes.pop("email", "kari@example.no"), phone=changes.pop("phone", ""),
    )  # fmt: skip
    return do_notify_alarms(actor.organisation_id, [replace(notice, recipients=(recipient,))], now=NOON)


def test_a_message_reaches_a_real_mail_server_once(actor, mailbox):
    assert tell(actor) == 1
    assert tell(actor) == 0
    assert do_send({Channel.EMAIL: EmailSender()}, now=NOON).sent == 1
    assert do_send({Channel.EMAIL: EmailSender()}, now=NOON).sent == 0
    (mail,) = mailbox.messages
    assert mail["To"] == "kari@example.no"
    assert mail["Subject"] == "Vannet renner hele døgnet – Nausttunet 7"
    assert "Trolig årsak" in mail.get_content()
    row = Message.objects.get()
    assert (row.state, row.sent_at, row.attempts) == ("sent", NOON, 1)


def test_an_address_that_does_not_exist_fails_with_the_reason(actor, mailbox):
    tell(actor, email="kari@nobody.example")
    assert do_send({Channel.EMAIL: EmailSender()}, now=NOON).failed == 1
    row = Message.objects.get()
    assert row.state == "failed"
    assert "no such user" in row.error


def test_a_server_that_says_later_is_asked_again_later_each_time_later_and_at_last_given_up(actor, mailbox):
    tell(actor, email="kari@later.example")
    now, pauses = NOON, []
    for _ in range(MOST_ATTEMPTS - 1):
        assert do_send({Channel.EMAIL: EmailSender()}, now=now).again == 1
        due = Message.objects.get().due_at
        pauses.append(due - now)
        assert do_send({Channel.EMAIL: EmailSender()}, now=due - timedelta(seconds=1)).again == 0
        now = due
    assert pauses == sorted(set(pauses))
    assert do_send({Channel.EMAIL: EmailSender()}, now=now).failed == 1


def test_a_server_that_is_down_loses_nothing(actor, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    tell(actor)
    assert do_send({Channel.EMAIL: EmailSender()}, now=NOON).again == 1
    assert Message.objects.get().state == "waiting"


def test_a_message_that_a_dead_process_held_is_handed_over_by_the_next(actor, mailbox):
    tell(actor)
    Message.objects.update(state="sending", due_at=NOON + LEASE)
    assert do_send({Channel.EMAIL: EmailSender()}, now=NOON + LEASE / 2).sent == 0
    assert do_send({Channel.EMAIL: EmailSender()}, now=NOON + LEASE).sent == 1


def test_a_text_message_reaches_the_gateway_as_it_wants_it(actor):
    with run_sms_gateway() as gateway:
        options = NotifyOptions(sms_url=gateway.url, sms_headers=("Authorization: Bearer x",), sms_sender="Fjordvik")
        tell(actor, email="", phone="+4790000000")
        assert do_send({Channel.SMS: SmsSender(options)}, now=NOON).sent == 1
        (request,) = gateway.requests
        assert request["to"] == "+4790000000"
        assert request["from"] == "Fjordvik"
        assert "Nausttunet 7" in request["text"]
        assert request["id"] == f"m{Message.objects.get().pk}"
        assert gateway.headers[0]["Authorization"] == "Bearer x"


def test_a_gateway_that_takes_forms_gets_a_form(actor):
    with run_sms_gateway() as gateway:
        options = NotifyOptions(sms_url=gateway.url, sms_format="form", sms_fields=("msisdn={to}", "body=Obs: {text}"))
        tell(actor, email="", phone="+4790000000")
        do_send({Channel.SMS: SmsSender(options)}, now=NOON)
        assert gateway.requests[0]["msisdn"] == "+4790000000"
        assert gateway.requests[0]["body"].startswith("Obs: ")


@pytest.mark.parametrize(("answer", "state"), [(400, "failed"), (429, "waiting"), (500, "waiting"), (401, "waiting")])
def test_a_gateways_refusal_is_final_only_where_the_message_is_at_fault(actor, answer, state):
    with run_sms_gateway() as gateway:
        gateway.answers = [answer]
        tell(actor, email="", phone="+4790000000")
        do_send({Channel.SMS: SmsSender(NotifyOptions(sms_url=gateway.url))}, now=NOON)
        row = Message.objects.get()
        assert row.state == state
        assert "why not" in row.error


def test_a_line_break_in_a_subject_cannot_add_headers(actor, mailbox):
    tell(actor, replace(LEAK, place="Nausttunet\r\nBcc: all@example.no"))
    assert do_send({Channel.EMAIL: EmailSender()}, now=NOON).sent == 1
    assert mailbox.messages[0]["Bcc"] is None


def test_who_has_no_contact_is_listed_and_not_tried(actor):
    assert tell(actor, email="") == 1
    assert Message.objects.get().state == "no_contact"


def test_the_first_reading_of_a_message_is_noted(actor):
    tell(actor)
    number = Message.objects.get().pk
    do_note_read(number, now=NOON)
    do_note_read(number, now=NOON + timedelta(days=1))
    assert Message.objects.get().read_at == NOON


def test_those_who_live_there_now_are_told_and_not_those_who_moved_out(actor):
    property_id = make_property(actor)
    unit = make_unit(actor, property_id)
    point = do_create_row(actor, MeteringPoint(code="P1", medium="cold_water", unit_id=unit), now=MADE_AT)
    before, after = make_party(actor), make_party(actor, "101", "Per Hansen")
    owner = make_party(actor, "102", "Eier AS")
    do_begin_tenancy(actor, MoveIn(owner, "owner", MADE_AT, property_id=property_id), now=MADE_AT)
    assert [one.name for one in get_recipients(actor.organisation_id, [point], now=NOON)[point]] == ["Eier AS"]
    do_begin_tenancy(actor, MoveIn(before, "resident", MADE_AT, unit_id=unit), now=MADE_AT)
    moved = MADE_AT + timedelta(days=90)
    do_hand_over(actor, MoveIn(after, "resident", moved, unit_id=unit), now=MADE_AT)
    names = [
        [one.name for one in get_recipients(actor.organisation_id, [point], now=now)[point]]
        for now in (moved - timedelta(hours=1), moved)
    ]
    assert names == [["Kari Nordmann"], ["Per Hansen"]]


TEXTS = {
    "nb": {"subject": "Vannet stenges", "body": "Tirsdag kl. 9–12."},
    "en": {"subject": "Water off", "body": "9–12."},
}


def test_a_campaign_to_a_building_reaches_each_in_their_language_and_lists_who_it_missed(actor, mailbox):
    property_id = make_property(actor)
    other = make_property(actor, gnr=99)
    people = [("1", "Kari", "kari@example.no", "nb"), ("2", "Kate", "kate@example.no", "en"), ("3", "Per", "", "nb")]
    for number, (code, name, email, language) in enumerate(people):
        party = make_party(actor, code, name, email, "", language)
        unit = make_unit(actor, property_id, f"H010{number}")
        do_begin_tenancy(actor, MoveIn(party, "resident", MADE_AT, unit_id=unit), now=MADE_AT)
    away = make_party(actor, "4", "Annen", "annen@example.no")
    do_begin_tenancy(actor, MoveIn(away, "owner", MADE_AT, property_id=other), now=MADE_AT)
    campaign = do_make_campaign(actor, NewCampaign(TEXTS, property_id=property_id), now=NOON)
    reach = get_campaign_reach(actor, campaign, now=NOON)
    assert (reach.total, reach.by_channel["email"], reach.without_contact) == (3, 2, ("Per",))
    assert Message.objects.count() == 0
    assert do_send_campaign(actor, campaign, now=NOON) == 3
    do_send({Channel.EMAIL: EmailSender()}, now=NOON)
    assert sorted(mail["Subject"] for mail in mailbox.messages) == ["Vannet stenges", "Water off"]
    assert next((one.name, one.state) for one in get_deliveries(actor, campaign)) == ("Per", "no_contact")
    with pytest.raises(RegistryError, match="was sent"):
        do_send_campaign(actor, campaign, now=NOON)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"en": TEXTS["en"]}, "bokmål"),
        ({"nb": {"subject": " ", "body": "x"}}, "texts.nb.subject"),
        ({**TEXTS, "de": TEXTS["nb"]}, "no language 'de'"),
    ],
)
def test_a_campaign_that_lacks_something_names_the_field(actor, texts, expected):
    with pytest.raises(RegistryError, match=expected):
        do_make_campaign(actor, NewCampaign(texts), now=NOON)


def test_a_campaign_of_another_organisation_is_not_there(actor):
    other = make_system_actor(Organisation.objects.create(name="Other", slug="other").pk, name="test")
    campaign = do_make_campaign(actor, NewCampaign(TEXTS), now=NOON)
    with pytest.raises(PermissionError):
        do_send_campaign(other, campaign, now=NOON)


def test_the_key_that_signs_pushes_is_made_once_and_readable_by_its_owner_only(tmp_path):
    file = tmp_path / "webpush.pem"
    public = make_push_key(file)
    assert make_push_key(file) == public
    assert file.stat().st_mode & 0o077 == 0
    assert len(public) == 87
