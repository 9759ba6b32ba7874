# SPDX-License-Identifier: Apache-2.0
"""Accuracy controls of meters as people see them: what was found, and what of it still waits for a run."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q

from avlest.registry.models import MeteringPoint
from avlest.registry.rights import Actor, Right
from avlest.settlement.models import AccuracyControl


@dataclasses.dataclass(frozen=True, slots=True)
class ControlInfo:
    """A control: `error` and `threshold` in per cent, wrong in `[starts_on, stops_on)`; `claims` of `waiting` wait."""

    id: int
    point: str
    error: Decimal
    threshold: Decimal
    starts_on: date
    stops_on: date
    reason: str
    decided_by: str
    decided_on: date
    claims: int
    waiting: int

    @property
    def is_corrected(self) -> bool:
        """Whether the error is beyond the threshold, strictly (rules §1.10)."""
        return abs(self.error) > self.threshold


def access_controls(actor: Actor, *, offset: int = 0, limit: int = 50) -> tuple[list[ControlInfo], int]:
    """Return controls, the latest first, and how many there are in all."""
    actor.require(Right.VIEW_SETTLEMENT)
    rows = AccuracyControl.objects.of(actor.organisation_id)
    counted = rows.annotate(count=Count("claims"), open=Count("claims", filter=Q(claims__invoice=None)))
    columns = (
        "pk", "point__code", "error", "threshold", "starts_on", "stops_on", "reason", "decided_by", "decided_on",
        "count", "open",
    )  # fmt: skip
    page = counted.order_by("-stops_on", "-pk").values_list(*columns)[offset : offset + limit]
    return [ControlInfo(*values) for values in page], rows.count()


def access_control_point(actor: Actor, code: str) -> int | None:
    """Return the row of the metering point with a code; None where there is none."""
    actor.require(Right.RUN_SETTLEMENT)
    return MeteringPoint.objects.of(actor.organisation_id).filter(code=code).values_list("pk", flat=True).first()
