# SPDX-License-Identifier: Apache-2.0
"""Through the real pipeline: a reading reaches the meter it is for, and no other of the same number."""

from __future__ import annotations

from avlest.collect.inbox import Inbox
from avlest.portal.api.reading_in import parse_sent
from avlest.portal.intake import do_take_readings_of
from avlest.portal.viewer import Viewer
from avlest.readings.quality import Quality
from avlest.registry.access import make_system_actor
from avlest.registry.models import Meter, Register
from avlest.registry.rights import Role
from avlest.registry.services.organisations import do_create_organisation
from tests.collect.plant import MADE_AT, START, Plant, register
from tests.collect.senders import Sender


def test_a_reading_reaches_the_meter_of_the_senders_organisation_only(transactional_db, tmp_path):
    """Two organisations have a meter of the same number; what one sends is not the other's reading."""
    numbers = {}
    for slug in ("one", "two"):
        organisation = do_create_organisation(name=slug, slug=slug, by="test", now=MADE_AT)
        numbers[slug] = register(make_system_actor(organisation, name="test"), [Sender(1)], with_keys=False)
    meter = Meter.objects.get(pk=next(iter(numbers["one"].values())))
    viewer = Viewer(user_id=1, name="Robot", organisation_id=meter.organisation_id, roles=frozenset({Role.OPERATOR}))
    body = f'[{{"meter": "{meter.serial}", "at": "{START.isoformat()}", "value": 3.5, "unit": "m3"}}]'.encode()
    sent = parse_sent(body, "application/json", now=START)
    result = do_take_readings_of(viewer, Inbox(), sent.readings, now=START, source="api")
    assert (result.taken, result.refusals) == (1, ())
    plant = Plant(tmp_path)
    plant.worker.drain()
    rows = plant.store.read_range("readings", ids=None)
    assert rows.select("value", "quality").rows() == [(3_500_000, Quality.CUSTOMER_READ)]
    assert Register.objects.get(pk=rows["register"][0]).meter_id == meter.pk
