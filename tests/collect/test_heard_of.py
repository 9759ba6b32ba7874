# SPDX-License-Identifier: Apache-2.0
"""What an organisation may know of what was heard: its own meters, and which gateways reach them."""

from __future__ import annotations

from datetime import timedelta

from avlest.collect.heard_of import get_gateways_of, get_heard_of, get_reach_of
from avlest.collect.inbox import Inbox
from avlest.collect.models import Reach
from avlest.registry.rights import Actor
from avlest.registry.services.organisations import do_create_organisation
from tests.collect.plant import START, Plant, hear, register
from tests.collect.senders import Sender


def test_what_was_heard_belongs_to_who_registered_the_meter(plant: Plant, actor: Actor) -> None:
    """A meter of ours is there with its gateway; another organisation sees nothing of it."""
    ours, unknown = Sender(1), Sender(2)
    register(actor, [ours])
    Inbox().put([hear(ours.send(5), START, gateway="g1"), hear(unknown.send(6), START, gateway="g2")])
    plant.worker.drain()
    found = get_heard_of(actor.organisation_id, serials=[ours.serial]).row(0, named=True)
    assert (found["serial"], found["gateway"], found["last_heard_at"]) == (ours.serial, "g1", START)
    assert found["last_read_at"] is not None
    other = do_create_organisation(name="Nes", slug="nes", by="test", now=START)
    assert get_heard_of(other).is_empty()
    assert get_reach_of(other, since=START).is_empty()


def test_every_gateway_that_hears_a_meter_is_known_also_by_its_copies(plant: Plant, actor: Actor) -> None:
    """Three gateways hear one meter, one of them also another: copies count, and are written once a day."""
    far, near = Sender(1), Sender(2)
    register(actor, [far, near])
    telegram = far.send(5)
    Inbox().put([hear(telegram, START + timedelta(seconds=n), gateway=f"g{n}") for n in (2, 0, 1)])
    Inbox().put([hear(near.send(7), START, gateway="g1"), hear(near.send(8), START + timedelta(hours=1), gateway="g1")])
    plant.worker.drain()
    found = get_reach_of(actor.organisation_id, since=START)
    pairs = set(found.select("serial", "gateway").rows())
    assert pairs == {(far.serial, f"g{n}") for n in range(3)} | {(near.serial, "g1")}
    assert set(found["last_on"]) == {START.date()}
    Inbox().put([hear(near.send(9), START + timedelta(days=1), gateway="g1")])
    plant.worker.drain()
    assert Reach.objects.count() == 4
    assert Reach.objects.get(serial=near.serial).last_on == START.date() + timedelta(days=1)
    assert get_reach_of(actor.organisation_id, since=START + timedelta(days=1)).height == 1


def test_a_gateway_of_two_sources_is_one(plant: Plant, actor: Actor) -> None:
    """Messages are added up, the last time is the latest one, in whatever order they come."""
    sender = Sender(1)
    register(actor, [sender])
    Inbox().put([hear(sender.send(5), START, gateway="g1", source="roof", rssi=-80.0)])
    Inbox().put([hear(sender.send(6), START + timedelta(minutes=5), gateway="g1", source="mast", rssi=-60.0)])
    plant.worker.drain()
    assert get_gateways_of(["g1", "none"]).rows() == [("g1", START, START + timedelta(minutes=5), 2, -60.0)]
    Inbox().put([hear(sender.send(7), START + timedelta(minutes=2), gateway="g1", source="mast", rssi=-60.0)])
    plant.worker.drain()
    assert get_gateways_of(["g1"]).rows() == [("g1", START, START + timedelta(minutes=5), 3, -60.0)]
    assert get_gateways_of([]).is_empty()
