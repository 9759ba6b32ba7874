# SPDX-License-Identifier: Apache-2.0
"""What people said of a place ends when somebody else moves in: own limits and absences (rules §8.3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q

from avlest.insight.models import Absence, OwnLimit
from avlest.registry.access import make_system_actor
from avlest.registry.services.audit import save_changed

_ACTOR = "moving in"


def do_end_left(*, now: datetime) -> int:
    """End the limits and absences set before the last tenancy of their place began; return how many.

    They end with the moment the place was taken over, so that nothing of them is felt by who came.  Idempotent.
    """
    return _end_all(OwnLimit, "series__point__", now) + _end_all(Absence, "point__", now)


def _end_all(model: Any, road: str, now: datetime) -> int:
    rows = model.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now), starts_at__lt=now)
    # Of a flat, who lives there counts, not who owns it; a property on its own has subscribers and owners too.
    in_units = {f"{road}unit__tenancy__starts_at__lte": now, f"{road}unit__tenancy__role": "resident"}
    whole = {f"{road}property__tenancy__starts_at__lte": now, f"{road}unit__isnull": True}
    begun: dict[int, datetime] = {}
    for place, taken in (("unit", in_units), ("property", whole)):
        found = rows.annotate(taken_at=Max(f"{road}{place}__tenancy__starts_at", filter=Q(**taken)))
        begun.update(found.filter(taken_at__gt=F("starts_at")).values_list("pk", "taken_at"))
    return sum(_end(model, number, at, now) for number, at in begun.items())


@transaction.atomic
def _end(model: Any, number: int, at: datetime, now: datetime) -> bool:
    row = model.objects.select_for_update().filter(pk=number).first()
    if row is None:
        return False
    actor = make_system_actor(row.organisation_id, name=_ACTOR)
    return save_changed(actor, row, {"ends_at": at}, now=now, action="end")
