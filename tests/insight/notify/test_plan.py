# SPDX-License-Identifier: Apache-2.0
"""Who hears of an alarm, on which road, when, and in which words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from avlest.insight.contracts import AlarmKind, Cause, Severity
from avlest.insight.notify.compose import compose_alarm, load_words
from avlest.insight.notify.contracts import AlarmNotice, Audience, Channel, Preferences, Recipient, Step
from avlest.insight.notify.plan import derive_drafts, derive_send_time

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
KARI = Recipient(
    audience=Audience.RESIDENT, name="Kari Nordmann", party_id=7, email="kari@example.no", phone="+4790000000"
)
JANITOR = Recipient(audience=Audience.CARETAKER, name="Ola", user_id=3, email="ola@example.no")
LEAK = AlarmNotice(
    alarm_id=1, cause_key="alarm:1", step=Step.OPENED, kind=AlarmKind.CONTINUOUS_FLOW, severity=Severity.WARNING,
    cause=Cause.CISTERN, advice=(), since=datetime(2026, 11, 3, 2, 0, tzinfo=UTC), place="Nausttunet 7", rate=18_000,
    amount=13_000_000, cost=138_242, cost_per_year=1_676_769, link="https://vann.example.no/v/abc",
    recipients=(KARI, JANITOR),
)  # fmt: skip


def plan(*notices, preferences=None, pushes=frozenset(), now=NOON):
    return derive_drafts(notices, preferences=preferences or {}, pushes=pushes, now=now)


def roads(drafts):
    return [(draft.recipient.name, draft.channel.value) for draft in drafts]


def test_a_leak_is_told_to_the_resident_by_email_and_not_yet_to_the_caretaker():
    assert roads(plan(LEAK)) == [("Kari Nordmann", "email")]


def test_after_a_week_the_caretaker_hears_too_and_the_resident_by_sms():
    drafts = plan(replace(LEAK, step=Step.LONG_OPEN))
    assert roads(drafts) == [("Kari Nordmann", "sms"), ("Ola", "email")]


def test_what_cannot_wait_goes_by_sms_at_night_and_by_email_besides():
    burst = replace(LEAK, kind=AlarmKind.BURST, severity=Severity.CRITICAL, cause=Cause.BURST_PIPE)
    drafts = plan(burst, now=NIGHT)
    assert roads(drafts) == [("Kari Nordmann", "sms"), ("Kari Nordmann", "email")]
    assert {draft.not_before for draft in drafts} == {NIGHT}


def test_what_can_wait_comes_in_the_morning():
    (draft,) = plan(LEAK, now=NIGHT)
    assert draft.not_before == datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 11, 23, 20, 59, tzinfo=UTC), datetime(2026, 11, 23, 20, 59, tzinfo=UTC)),
        (datetime(2026, 11, 23, 21, 0, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        (datetime(2026, 11, 24, 5, 59, tzinfo=UTC), datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
    ],
)
def test_quiet_hours_are_hours_of_the_clock_on_the_wall(now, expected):
    """From 22 to 07 in Norway, also in the nights when the clocks change."""
    assert derive_send_time(now, Preferences()) == expected


def test_quiet_hours_in_the_day_and_none_at_all():
    assert derive_send_time(NOON, Preferences(quiet_from=9, quiet_to=15)) == datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
    assert derive_send_time(NIGHT, Preferences(quiet_from=0, quiet_to=0)) == NIGHT


def test_a_person_without_email_hears_by_sms_and_one_without_both_is_listed():
    by_phone = replace(LEAK, recipients=(replace(KARI, email=""),))
    nowhere = replace(LEAK, recipients=(replace(KARI, email="", phone=""),))
    assert roads(plan(by_phone)) == [("Kari Nordmann", "sms")]
    (draft,) = plan(nowhere)
    assert draft.address == ""


def test_a_road_that_a_person_does_not_want_is_left_out():
    wishes = {KARI.key: Preferences(without=frozenset({Channel.EMAIL}))}
    assert roads(plan(LEAK, preferences=wishes)) == [("Kari Nordmann", "sms")]


def test_a_muted_kind_is_not_told_unless_it_cannot_wait():
    wishes = {KARI.key: Preferences(mutes=frozenset({"continuous_flow", "burst"}))}
    burst = replace(LEAK, kind=AlarmKind.BURST, severity=Severity.CRITICAL, cause=Cause.BURST_PIPE)
    assert plan(LEAK, preferences=wishes) == []
    assert roads(plan(burst, preferences=wishes)) != []


def test_alarms_of_one_cause_are_one_message():
    many = [replace(LEAK, alarm_id=number, cause_key="gateway:5") for number in range(4000)]
    assert len(plan(*many)) == 1


def test_a_push_is_an_extra_and_says_nothing_personal():
    drafts = plan(LEAK, pushes=frozenset({KARI.key}))
    assert roads(drafts) == [("Kari Nordmann", "email"), ("Kari Nordmann", "push")]
    assert "Nausttunet" not in drafts[1].subject + drafts[1].body


def test_an_email_says_since_when_how_much_what_it_costs_why_and_what_to_check():
    body = compose_alarm(replace(LEAK, advice=("toilet",) * 0), channel=Channel.EMAIL, language="nb").body
    plain = body.replace("\u00a0", " ")
    for wanted in (
        "Vannet renner hele døgnet", "3. november 2026 kl. 03.00", "18 liter i timen", "13 m³", "1 382 kr",
        "16 768 kr i året", "Trolig årsak", LEAK.link,
    ):  # fmt: skip
        assert wanted in plain


def test_a_text_message_keeps_to_the_alphabet_of_text_messages():
    body = compose_alarm(LEAK, channel=Channel.SMS, language="nb").body
    assert "13 m3" in body
    assert not set(body) & set("\u00a0–³")
    assert len(body) <= 306  # two parts


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("kind", list(AlarmKind))
def test_every_alarm_has_words_for_every_step_in_every_language(language, step, kind):
    notice = replace(LEAK, kind=kind, step=step)
    message = compose_alarm(notice, channel=Channel.EMAIL, language=language)
    assert message.subject
    assert "{" not in message.subject + message.body


def test_the_languages_have_the_same_sentences():
    assert load_words("nb").keys() == load_words("nn").keys() == load_words("en").keys()
