# SPDX-License-Identifier: Apache-2.0
"""Which alarms each role sees, and how much of them (rules §8.2).

What concerns the building, the net and the gateways is seen by all who see alarms.  Of a flat the board sees what may
damage the house and whether its meter works, the caretaker what somebody must look at: what and where, no amount and
no hour.  Limits that residents set for themselves are theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields import BooleanField

from avlest.insight.contracts import AlarmKind as Kind
from avlest.insight.models import Alarm
from avlest.portal.points import STAFF_DETAIL, Detail
from avlest.portal.viewer import Viewer
from avlest.registry.models import Party, Tenancy
from avlest.registry.rights import Role

LEAKS: Final = frozenset({Kind.CONTINUOUS_FLOW, Kind.CONTINUOUS_FLOW_7D, Kind.NIGHT_FLOW, Kind.BURST, Kind.AWAY_FLOW})
SILENT: Final = frozenset({Kind.SILENT, Kind.GATEWAY_SILENT, Kind.POWER_CUT})
WEAR: Final = frozenset({Kind.LOW_BATTERY, Kind.METER_FAULT})
_DAMAGE: Final = LEAKS | {Kind.FREEZE_RISK, Kind.SMOKE, Kind.OVERHEAT}
_STATE: Final = SILENT | WEAR | {Kind.METER_NOTICE}
_TECHNICAL: Final = {Kind.TAMPER, Kind.BACKFLOW, Kind.DRY, Kind.OVERLOAD}
_OWN: Final = {Kind.OWN_HOUR, Kind.OWN_DAY, Kind.OWN_MONTH}
_ALL: Final = frozenset(Kind) - _OWN

GROUPS: Final[Mapping[str, frozenset[Kind]]] = {
    "leak": LEAKS,
    "frost": frozenset({Kind.FREEZE_RISK, Kind.OVERHEAT, Kind.SMOKE}),
    "silent": SILENT,
    "meter": WEAR | frozenset({Kind.METER_NOTICE}) | frozenset(_TECHNICAL),
    "use": frozenset({Kind.HIGH_DAY, Kind.NO_CONSUMPTION}),
}
"""Kinds by what has to be done about them."""

OF_FLATS: Final[Mapping[Role, frozenset[Kind]]] = {
    Role.ADMINISTRATOR: _ALL,
    Role.OPERATOR: _ALL,
    Role.BILLING: _ALL,
    Role.MANAGER: frozenset(_DAMAGE | _STATE),
    Role.CARETAKER: frozenset(_DAMAGE | _STATE | _TECHNICAL),
}
"""Alarms of what a household uses that each role may know of."""


def filter_alarms(viewer: Viewer) -> QuerySet[Alarm]:
    """Return the shown alarms that a viewer may know of; each row says whether it `is_personal`."""
    person = Tenancy.objects.filter(property_id=OuterRef("point__property_id"), party__kind=Party.Kind.PERSON)
    flat = Q(point__unit__isnull=False) | Q(point__isnull=False) & Exists(person)
    rows = Alarm.objects.of(viewer.scope).filter(is_shown=True)
    marked = rows.annotate(
        is_personal=Case(When(flat, then=Value(value=True)), default=False, output_field=BooleanField())
    )
    allowed = frozenset[Kind]().union(*(OF_FLATS.get(role, frozenset()) for role in viewer.roles))
    return marked.exclude(kind__in=list(_OWN)).filter(
        Q(is_personal=False) | Q(kind__in=[str(kind) for kind in allowed])
    )


def may_see_amounts(viewer: Viewer, *, is_personal: bool) -> bool:
    """Whether amounts, costs and hours of an alarm may be shown."""
    levels = [STAFF_DETAIL.get(role, Detail.NOTHING) for role in viewer.roles]
    return not is_personal or max(levels, default=Detail.NOTHING) >= Detail.HOURS
