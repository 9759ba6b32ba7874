# SPDX-License-Identifier: Apache-2.0
"""What a token may be allowed, and who may allow it."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from avlest.portal.viewer import Viewer
from avlest.registry.rights import RIGHTS, Right, Role


class Scope(StrEnum):
    """One thing a token may be allowed; never more than whoever made it may do."""

    POINTS = "points:read"
    METERS = "meters:read"
    SERIES = "series:read"
    READINGS = "readings:write"
    ALARMS = "alarms:read"
    SETTLEMENTS = "settlements:read"
    INVOICES = "invoices:read"
    WEBHOOKS = "webhooks:manage"


SCOPE_TEXTS: Final[dict[Scope, str | Promise]] = {
    Scope.POINTS: _("See metering points"),
    Scope.METERS: _("See meters"),
    Scope.SERIES: _("See what is used: hours, days, months and readings"),
    Scope.READINGS: _("Send readings"),
    Scope.ALARMS: _("See alarms"),
    Scope.SETTLEMENTS: _("See settlements"),
    Scope.INVOICES: _("See invoices"),
    Scope.WEBHOOKS: _("Set up webhooks"),
}


def get_roles(right: Right, *, with_residents: bool) -> frozenset[Role]:
    """Return the roles that have a right; residents besides, who reach what is theirs through their tenancy."""
    found = {role for role, rights in RIGHTS.items() if right in rights}
    return frozenset(found | ({Role.RESIDENT} if with_residents else set()))


SCOPE_ROLES: Final[dict[Scope, frozenset[Role]]] = {
    Scope.POINTS: get_roles(Right.VIEW_METERS, with_residents=True),
    Scope.METERS: get_roles(Right.VIEW_METERS, with_residents=True),
    Scope.SERIES: get_roles(Right.VIEW_METERS, with_residents=True),
    Scope.READINGS: get_roles(Right.DECIDE_VALUES, with_residents=True),
    Scope.ALARMS: get_roles(Right.VIEW_METERS, with_residents=True),
    Scope.SETTLEMENTS: get_roles(Right.VIEW_SETTLEMENT, with_residents=True),
    Scope.INVOICES: get_roles(Right.VIEW_SETTLEMENT, with_residents=True),
    Scope.WEBHOOKS: get_roles(Right.MANAGE, with_residents=False),
}


def get_allowed_scopes(roles: frozenset[Role]) -> tuple[Scope, ...]:
    """Return what somebody with these roles may give a token."""
    return tuple(scope for scope in Scope if SCOPE_ROLES[scope] & roles)


def may_make_for_organisation(viewer: Viewer) -> bool:
    """Whether the viewer may make a token that stands for a program of the organisation."""
    return Right.MANAGE in viewer.rights and viewer.seen_as is None
