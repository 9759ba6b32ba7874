# SPDX-License-Identifier: Apache-2.0
"""Who uses what the points of a world measure: cabins, farms and schools live by other thresholds than homes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

import polars as pl

from avlest.insight.contracts import CustomerClass
from avlest.insight.services.wishes import do_set_uses
from avlest.registry.models import MeteringPoint
from avlest.registry.rights import Actor
from avlest.simulate.contracts import World

CLASSES: Final = {
    "cabin": CustomerClass.CABIN,
    "farm": CustomerClass.FARM,
    "shop": CustomerClass.BUSINESS,
    "school": CustomerClass.INSTITUTION,
    "care_home": CustomerClass.INSTITUTION,
}
"""The class of a kind of property; points of others are what the registry takes them for."""


def do_tell_uses(actor: Actor, world: World, *, starts_on: date, now: datetime) -> int:
    """Say from a local day on how the water points of cabins, farms and such are used; returns how many."""
    kinds = world.properties.filter(pl.col("kind").is_in(list(CLASSES))).select("property", "kind")
    points = world.points.filter(pl.col("medium") == "cold_water").join(kinds, on="property").select("code", "kind")
    numbers = dict(MeteringPoint.objects.of(actor.organisation_id).values_list("code", "pk"))
    uses = [(numbers[code], str(CLASSES[kind]), True) for code, kind in points.iter_rows() if code in numbers]
    do_set_uses(actor, uses, starts_on=starts_on, now=now)
    return len(uses)
