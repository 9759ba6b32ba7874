# SPDX-License-Identifier: Apache-2.0
"""A resident's own broker gets what is measured in their home, retained, for as long as they live there."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from gmqtt import Client as MqttClient
from gmqtt.mqtt.constants import MQTTv311

from avlest.portal.api import guard
from avlest.portal.api.homeassistant.discovery import Sensor, derive_messages, write_rest_file
from avlest.portal.api.homeassistant.publishing import Broker
from avlest.portal.api.homeassistant.services import do_end_broker, do_set_broker, do_tell_brokers
from avlest.portal.api.models import HomeBroker
from avlest.portal.viewer import get_viewer
from avlest.registry.models import Tenancy
from tests.portal.world import MOVED_AT, Side, write_hours

NOW = MOVED_AT + timedelta(hours=6)


def read_retained(broker) -> dict[str, bytes]:
    """All that stands retained on a broker."""
    return asyncio.run(_read_retained(broker))


async def _read_retained(broker) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    done = asyncio.Event()
    client = MqttClient("reader", clean_session=True)

    def take(_client, topic, payload, _qos, _properties):
        if topic == "end":
            done.set()
        else:
            found[topic] = payload
        return 0

    client.on_message = take
    await client.connect("127.0.0.1", broker.port, version=MQTTv311)
    client.subscribe("#", qos=1)
    # Retained messages come before whatever is published after the subscription.
    await asyncio.sleep(0.2)
    client.publish("end", b"x", qos=1)
    await asyncio.wait_for(done.wait(), 10)
    await client.disconnect()
    return found


@pytest.fixture
def viewer(world, store, monkeypatch):
    monkeypatch.setattr(guard, "get_options", lambda: SimpleNamespace(private_hosts=("127.0.0.1", "localhost")))
    write_hours(store, world.vik, start=MOVED_AT - timedelta(hours=5), stop=MOVED_AT + timedelta(hours=5))
    return get_viewer(world.get_home(Side.OWN).user, organisation_id=world.vik.id)


@pytest.mark.needs("mosquitto")
def test_sensors_and_states_stand_on_the_broker_until_the_resident_moves(world, store, viewer, mosquitto):
    home = world.get_home(Side.OWN)
    broker = Broker("127.0.0.1", mosquitto.port, has_tls=False)
    do_set_broker(viewer, broker, keeps_password=False, language="nb", now=NOW)
    assert do_tell_brokers(store, now=NOW) == (1, 0)
    assert do_tell_brokers(store, now=NOW) == (0, 0)
    found = read_retained(mosquitto)
    state = json.loads(found[f"avlest/series/{home.series}/state"])
    assert (state["today"], state["this_month"]) == (55.0, 55.0)
    config = json.loads(found[f"homeassistant/sensor/avlest/avlest_{home.series}_today/config"])
    assert (config["device_class"], config["unit_of_measurement"]) == ("water", "L")
    assert config["name"] == "i dag"
    assert set(found) == {
        f"avlest/series/{home.series}/state",
        *(f"homeassistant/sensor/avlest/avlest_{home.series}_{n}/config" for n in ("reading", "today", "this_month")),
    }
    Tenancy.objects.filter(pk=home.tenancy).update(ends_at=NOW + timedelta(minutes=1))
    assert do_tell_brokers(store, now=NOW + timedelta(minutes=10)) == (1, 0)
    assert read_retained(mosquitto) == {}
    assert not HomeBroker.objects.exists()


@pytest.mark.needs("mosquitto")
def test_what_stands_there_is_taken_away_when_it_is_ended(world, store, viewer, mosquitto):
    broker = Broker("127.0.0.1", mosquitto.port, has_tls=False)
    do_set_broker(viewer, broker, keeps_password=False, language="nb", now=NOW)
    do_tell_brokers(store, now=NOW)
    do_end_broker(viewer, now=NOW)
    assert do_tell_brokers(store, now=NOW) == (1, 0)
    assert read_retained(mosquitto) == {}


def test_a_broker_that_does_not_answer_is_tried_later_and_the_reason_is_kept(world, store, viewer):
    do_set_broker(viewer, Broker("127.0.0.1", 9, has_tls=False), keeps_password=False, language="nb", now=NOW)
    assert do_tell_brokers(store, now=NOW) == (0, 1)
    row = HomeBroker.objects.get()
    assert "cannot be reached" in row.error
    assert row.due_at == NOW + timedelta(minutes=10)


def test_the_page_names_what_is_wrong_at_its_field_and_keeps_what_was_typed(world, store):
    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(world.get_home(Side.OWN).user)
    page = client.post("/api/hjemmeautomasjon/", {"host": "192.168.1.9", "port": "8883", "has_tls": "on"})
    assert page.status_code == 422
    assert "Denne verten er ikke på det åpne internettet." in page.content.decode()
    assert 'value="192.168.1.9"' in page.content.decode()
    page = client.post("/api/hjemmeautomasjon/", {"host": "a b", "port": "x"})
    assert set(page.context["form"].errors) == {"host", "port"}


def test_a_password_is_sealed_and_follows_no_other_host(world, store, viewer):
    place = Broker("localhost", 8883, True, "kari", "hemmelig1")
    do_set_broker(viewer, place, keeps_password=False, language="nb", now=NOW)
    assert "hemmelig1" not in str(HomeBroker.objects.values().get())
    sealed = HomeBroker.objects.get().password
    do_set_broker(viewer, Broker("localhost", 8883, True, "kari"), keeps_password=True, language="nb", now=NOW)
    assert HomeBroker.objects.get().password == sealed
    do_set_broker(viewer, Broker("127.0.0.1", 8883, True, "kari"), keeps_password=True, language="nb", now=NOW)
    assert HomeBroker.objects.get().password == ""


def make_sensor(**changes):
    words = {"reading": "stand", "today": "i dag", "this_month": "i måneden"}
    values = {"reading": 12.5, "today": 0.2, "this_month": 3, "read_at": NOW}
    given = {"series": 7, "name": 'Vann "1"\n', "place": "x", "unit": "l", "words": words, "values": values}
    return Sensor(**{**given, **changes})


def test_a_momentary_value_has_one_sensor_and_an_unknown_unit_none():
    assert len(derive_messages([make_sensor(unit="c")])) == 2
    assert derive_messages([make_sensor(unit="hca")]) == []


def test_no_name_breaks_out_of_its_line_in_the_file():
    text = write_rest_file([make_sensor()], address="https://vann.example.no")
    assert '      - name: "Vann \\"1\\"\\n stand"' in text
    assert '  - resource: "https://vann.example.no/api/v1/series/7/latest"' in text
    assert "!secret avlest_token" in text
