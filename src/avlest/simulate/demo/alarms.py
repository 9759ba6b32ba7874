# SPDX-License-Identifier: Apache-2.0
"""The alarms of an installation as a frame that the truth can be laid beside."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from avlest.insight.queries import get_alarms
from avlest.registry.models import Zone
from avlest.registry.queries import get_gateways, get_points
from avlest.simulate.contracts import INSTANT, Schema, World
from avlest.simulate.demo.verdict import Verdict, judge
from avlest.simulate.truth import name_events

_ALARMS: Schema = {
    "kind": pl.String(),
    "since": INSTANT,
    "last_at": INSTANT,
    "point": pl.String(),
    "gateway": pl.String(),
    "zone": pl.String(),
}


def get_verdict(organisation_id: int, world: World, *, now: datetime) -> tuple[Verdict, int]:
    """What was found of what happened, and how many alarms there are in all."""
    alarms = get_alarms(organisation_id, now=now, limit=None)
    points = {info.id: info.code for info in get_points({a.point_id for a in alarms if a.point_id is not None})}
    gateways = {info.id: info.code for infos in get_gateways().values() for info in infos}
    zones = dict(Zone.objects.of(organisation_id).values_list("pk", "code"))
    rows = [
        (
            alarm.kind.value,
            alarm.since,
            alarm.last_at,
            points.get(alarm.point_id or 0),
            gateways.get(alarm.gateway_id or 0),
            zones.get(alarm.zone_id or 0),
        )
        for alarm in alarms
    ]
    frame = pl.DataFrame(rows, schema=_ALARMS, orient="row")
    return judge(name_events(world, world.events), frame), len(alarms)
