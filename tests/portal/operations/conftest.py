# SPDX-License-Identifier: Apache-2.0
"""An operator of one organisation, signed in, with meters in every state."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

if TYPE_CHECKING:
    from tests.portal.world import World


@pytest.fixture
def now():
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def client(world: World, store) -> Client:
    from avlest.registry.rights import Role

    client = Client(HTTP_ACCEPT_LANGUAGE="nb")
    client.force_login(world.vik.staff[Role.OPERATOR])
    return client


@pytest.fixture
def fleet(world: World, client: Client, now) -> World:
    """H0101 heard, H0102 delivered, the house silent with its gateway, the main meter in alarm, one point empty."""
    from avlest.insight.models import Alarm, SilencedMeter
    from avlest.registry.models import Gateway, MeteringPoint, Property
    from tests.portal.operations.support import make_alarm, make_heard
    from tests.portal.world import Side

    town = world.vik
    Property.objects.filter(organisation_id=town.id).update(latitude="59.100000", longitude="11.000000")
    Gateway.objects.filter(pk=town.gateway).update(name="Vikmasten", latitude="59.2", longitude="11.1")
    make_heard(town.homes[Side.OWN].meter, now - timedelta(hours=1))
    make_heard(town.house.meter, now - timedelta(days=9))
    silent = make_alarm(
        world, town.house, now, kind="gateway_silent", scope="gateway", subject=town.gateway, evidence="silence",
        series_id=None, point_id=None, gateway_id=town.gateway, cause="gateway", rate=None, amount=None, unit="",
        count=1, severity="severe",
    )  # fmt: skip
    SilencedMeter.objects.create(alarm=silent, meter_id=town.house.meter)
    main = MeteringPoint.objects.get(pk=town.main_point)
    Alarm.objects.create(
        organisation_id=town.id, scope="series", subject=town.main_series, kind="burst", severity="critical",
        since=now, opened_at=now, last_at=now, cause="burst_pipe", advice=[], evidence="series",
        series_id=town.main_series, point_id=main.pk, is_shown=True, cause_key="burst", found_at=now, rate=900_000,
        unit="l",
    )  # fmt: skip
    MeteringPoint.objects.create(organisation_id=town.id, code="vik-empty", medium="cold_water", property=main.property)
    return world
