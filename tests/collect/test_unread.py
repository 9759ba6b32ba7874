# SPDX-License-Identifier: Apache-2.0
"""Telegrams that could not be read, by who sent them and why, for whom they concern."""

from __future__ import annotations

from avlest.collect.inbox import Inbox
from avlest.collect.unread import get_finder, get_unread, get_unread_telegram, get_unread_telegrams
from avlest.registry.rights import Actor
from avlest.registry.services.organisations import do_create_organisation
from tests.collect.plant import START, Plant, hear, register
from tests.collect.senders import MAKER, VERSION, Sender


def test_what_waits_for_a_key_is_told_to_who_owns_the_meter(plant: Plant, actor: Actor) -> None:
    """One group a make and reason, with the newest telegram as it was heard; nothing of it for others."""
    sender = Sender(1)
    register(actor, [sender], with_keys=False)
    telegram = sender.send(5)
    Inbox().put([hear(telegram, START)])
    plant.worker.drain()
    other = do_create_organisation(name="Nes", slug="nes", by="test", now=START)
    (group,) = get_unread(actor.organisation_id, found_by="")
    assert (group.manufacturer, group.outcome, group.telegrams, group.senders) == (MAKER, "key_missing", 1, 1)
    found = get_unread_telegram(actor.organisation_id, group.sample, found_by="")
    assert found is not None
    assert (found.payload, found.serial, found.device) == (telegram, sender.serial, f"{VERSION:02x}:07")
    assert get_unread(other, found_by="nes") == []
    assert get_unread_telegram(other, group.sample, found_by="nes") is None


def test_noise_is_for_the_organisation_that_unknown_meters_are_listed_for(plant: Plant, actor: Actor) -> None:
    """The first one, or the one that `found_by` names."""
    Inbox().put([hear(b"\x05\x44\x01\x02\x03\x04", START)])
    plant.worker.drain()
    other = do_create_organisation(name="Nes", slug="nes", by="test", now=START)
    assert len(get_unread(actor.organisation_id, found_by="")) == 1
    assert get_unread(other, found_by="") == []
    assert len(get_unread(other, found_by="nes")) == 1
    assert get_finder("gone") is None
    (group,) = get_unread(actor.organisation_id, found_by="")
    found = get_unread_telegrams(actor.organisation_id, found_by="", manufacturer="", outcome=group.outcome)
    assert [each.payload for each in found] == [b"\x05\x44\x01\x02\x03\x04"]
