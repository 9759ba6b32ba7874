# SPDX-License-Identifier: Apache-2.0
"""When the meters of a home were last heard of: what collection noted of each, or the tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db.models import Q

from avlest.collect.models import MeterState
from avlest.portal.resident.series import Use
from avlest.project.prepared import Prepared
from avlest.readings.queries import get_latest_values
from avlest.readings.tables import Store
from avlest.registry.models import Installation

_HANGING: Final = Prepared(
    lambda points, now: Installation.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=now), point_id__in=points, starts_at__lte=now, role="main"
    ).values_list("point_id", "starts_at", "meter__manufacturer", "meter__serial")
)
_STATES: Final = Prepared(
    lambda serials: MeterState.objects.filter(serial__in=serials, last_read_at__isnull=False).values_list(
        "manufacturer", "serial", "last_read_at"
    )
)


def get_received(store: Store, uses: Sequence[Use], *, now: datetime) -> dict[int, datetime]:
    """Return the instant of the last reading of each series that the resident has now, not of those they have left.

    What collection last noted of a meter is one query; only for meters it has heard nothing of (typed readings,
    Elhub) the tables are asked, which costs ten times as much.
    """
    present = [use for use in uses if any(window.contains(now) for window in use.access.access.totals)]
    heard = _get_heard([use.point_id for use in present], now=now) if present else {}
    found = {use.id: heard[use.point_id] for use in present if use.point_id in heard}
    silent = [use.id for use in present if use.id not in found]
    if silent:
        found |= dict(get_latest_values(store, silent).select("series", "at").iter_rows())
    return found


def _get_heard(point_ids: Sequence[int], *, now: datetime) -> dict[int, datetime]:
    """The last reading of the main meter that hangs at each point now, since it was put up."""
    hung = _HANGING.ask(points=list(point_ids), now=now)
    noted = _STATES.ask(serials=[serial for *_, serial in hung])
    read = {(maker, serial): at for maker, serial, at in noted}
    return {
        point: read[maker, serial]
        for point, starts_at, maker, serial in hung
        if (maker, serial) in read and read[maker, serial] >= starts_at
    }
