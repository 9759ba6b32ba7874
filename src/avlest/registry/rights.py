# SPDX-License-Identifier: Apache-2.0
"""Roles and what each may do, as a table.  Pure.

Keys have a right to be written and none to be read: no role sees a key.
"""

from __future__ import annotations

import dataclasses
from enum import StrEnum


class Right(StrEnum):
    """One thing a role may be allowed."""

    VIEW_PLACES = "view_places"
    CHANGE_PLACES = "change_places"
    VIEW_METERS = "view_meters"
    CHANGE_METERS = "change_meters"
    INSTALL_METERS = "install_meters"
    VIEW_PEOPLE = "view_people"
    CHANGE_PEOPLE = "change_people"
    WRITE_KEYS = "write_keys"
    VIEW_AUDIT = "view_audit"
    DECIDE_VALUES = "decide_values"
    HANDLE_ALARMS = "handle_alarms"
    VIEW_SETTLEMENT = "view_settlement"
    RUN_SETTLEMENT = "run_settlement"
    APPROVE_SETTLEMENT = "approve_settlement"
    MANAGE_PRICES = "manage_prices"
    MANAGE_PAYMENTS = "manage_payments"
    MANAGE = "manage"


class Role(StrEnum):
    """What a person is to an organisation."""

    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"
    BILLING = "billing"
    MANAGER = "manager"
    CARETAKER = "caretaker"
    INSTALLER = "installer"
    RESIDENT = "resident"


_VIEW = {Right.VIEW_PLACES, Right.VIEW_METERS}
# Who may do both, run and approve, still never approves what they made themselves.
_SETTLE = {
    Right.VIEW_SETTLEMENT,
    Right.RUN_SETTLEMENT,
    Right.APPROVE_SETTLEMENT,
    Right.MANAGE_PRICES,
    Right.MANAGE_PAYMENTS,
}
RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMINISTRATOR: frozenset(Right),
    Role.OPERATOR: frozenset(
        {*_VIEW, Right.CHANGE_PLACES, Right.CHANGE_METERS, Right.INSTALL_METERS, Right.WRITE_KEYS}
        | {Right.VIEW_PEOPLE, Right.DECIDE_VALUES, Right.HANDLE_ALARMS}
    ),
    Role.BILLING: frozenset(
        {*_VIEW, *_SETTLE, Right.VIEW_PEOPLE, Right.CHANGE_PEOPLE, Right.VIEW_AUDIT, Right.DECIDE_VALUES}
    ),
    # The board sees what the clerk settles and is the second person that approves it.
    Role.MANAGER: frozenset(
        {*_VIEW, Right.VIEW_PEOPLE, Right.CHANGE_PEOPLE, Right.HANDLE_ALARMS}
        | {Right.VIEW_SETTLEMENT, Right.APPROVE_SETTLEMENT}
    ),
    Role.CARETAKER: frozenset({*_VIEW, Right.HANDLE_ALARMS}),
    Role.INSTALLER: frozenset({*_VIEW, Right.INSTALL_METERS}),
    # A resident reaches own values through the tenancy, not through the registry.
    Role.RESIDENT: frozenset(),
}


class AccessDeniedError(PermissionError):
    """The actor lacks a right, or the row is another organisation's (told apart by nobody)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, in which organisation, with which rights.

    `user_id` is None for the system itself (command line, workers); `name` is what the
    audit log shows.
    """

    organisation_id: int
    name: str
    rights: frozenset[Right]
    user_id: int | None = None

    def require(self, right: Right) -> None:
        """Raise `AccessDeniedError` unless the actor has `right`."""
        if right not in self.rights:
            raise AccessDeniedError(f"{self.name} may not {right.value.replace('_', ' ')}")
