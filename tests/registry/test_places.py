# SPDX-License-Identifier: Apache-2.0
"""Metering points as columns, with where they are and what hangs there now."""

from __future__ import annotations

from avlest.registry.models import MeteringPoint, Property
from avlest.registry.places import get_point_places
from avlest.registry.rights import Actor
from avlest.registry.services.installations import do_remove_meter
from avlest.registry.services.organisations import do_create_organisation
from tests.registry.builders import MADE_AT, at, install, make_meter, make_point, make_property, make_unit


def test_points_come_with_address_unit_position_and_present_meter(actor: Actor, django_assert_num_queries) -> None:
    """A house, a flat and a point without a property; two queries whatever their number."""
    house = make_property(actor)
    Property.objects.filter(pk=house).update(latitude="59.5", longitude="10.25")
    flat = make_unit(actor, house)
    one = make_point(actor, "P1", property_id=house)
    two = make_point(actor, "P2")
    MeteringPoint.objects.filter(pk=two).update(unit_id=flat)
    make_point(actor, "P3")
    meter = make_meter(actor)
    install(actor, meter, one)
    with django_assert_num_queries(2):
        found = get_point_places(actor.organisation_id)
    rows = {row["code"]: row for row in found.to_dicts()}
    assert found["code"].to_list() == ["P2", "P1", "P3"]
    assert (rows["P1"]["address"], rows["P1"]["meter"], rows["P1"]["latitude"]) == ("Storgata 1", meter, 59.5)
    assert (rows["P2"]["unit"], rows["P2"]["longitude"], rows["P2"]["meter"]) == ("H0101", 10.25, None)
    assert (rows["P3"]["address"], rows["P3"]["latitude"]) == (None, None)


def test_a_meter_that_was_taken_down_is_not_there(actor: Actor) -> None:
    point = make_point(actor)
    installed = install(actor, make_meter(actor), point)
    do_remove_meter(actor, installed, ends_at=at("2026-02-01"), now=MADE_AT)
    assert get_point_places(actor.organisation_id)["meter"].to_list() == [None]


def test_another_organisation_has_its_own(actor: Actor) -> None:
    point = make_point(actor)
    other = do_create_organisation(name="Nes", slug="nes", by="test", now=MADE_AT)
    assert get_point_places(other).is_empty()
    assert get_point_places(other, [point]).is_empty()
    assert get_point_places(actor.organisation_id, [point]).height == 1
