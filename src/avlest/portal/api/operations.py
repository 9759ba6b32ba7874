# SPDX-License-Identifier: Apache-2.0
"""The operations of the API and who may use each: the table that the API enforces and the access matrix walks.

An operation that is not named here is refused.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from avlest.portal.api.scopes import SCOPE_ROLES, Scope, get_roles
from avlest.registry.rights import Right, Role

_EVERYONE: Final = frozenset(Role)
_BILLING: Final = get_roles(Right.VIEW_SETTLEMENT, with_residents=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address.

    `scope` None: any token.  `arguments` as in a rule of the portal: the kind of thing in each part of the address;
    `query` the same for what must stand in the query.
    """

    name: str
    method: str = "GET"
    scope: Scope | None
    roles: frozenset[Role]
    arguments: Mapping[str, str] = dataclasses.field(default_factory=dict)
    query: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def things(self) -> Mapping[str, str]:
        """All kinds of things that it is asked about."""
        return {**self.arguments, **self.query}


def _read(name: str, scope: Scope, *, roles: frozenset[Role] | None = None, **arguments: str) -> Operation:
    return Operation(name=name, scope=scope, roles=roles or SCOPE_ROLES[scope], arguments=arguments)


def _webhooks(name: str, method: str, **arguments: str) -> Operation:
    scope = Scope.WEBHOOKS
    return Operation(name=name, method=method, scope=scope, roles=SCOPE_ROLES[scope], arguments=arguments)


OPERATIONS: Final = (
    Operation(name="me", scope=None, roles=_EVERYONE),
    _read("points", Scope.POINTS),
    _read("point", Scope.POINTS, point_id="point"),
    _read("meters", Scope.METERS),
    _read("meter", Scope.METERS, meter_id="meter"),
    _read("series", Scope.SERIES),
    _read("one_series", Scope.SERIES, series_id="series"),
    _read("latest", Scope.SERIES, series_id="series"),
    _read("values", Scope.SERIES, series_id="series"),
    _read("readings_of", Scope.SERIES, series_id="series"),
    Operation(name="all_values", scope=Scope.SERIES, roles=SCOPE_ROLES[Scope.SERIES], query={"series": "series"}),
    Operation(name="readings", method="POST", scope=Scope.READINGS, roles=SCOPE_ROLES[Scope.READINGS]),
    _read("alarms", Scope.ALARMS),
    _read("alarm", Scope.ALARMS, alarm_id="alarm"),
    _read("settlements", Scope.SETTLEMENTS, roles=_BILLING),
    _read("settlement", Scope.SETTLEMENTS, roles=_BILLING, run_id="api_run"),
    _read("expected", Scope.SETTLEMENTS, roles=frozenset({Role.RESIDENT})),
    _read("invoices", Scope.INVOICES),
    _read("invoice", Scope.INVOICES, invoice_id="invoice"),
    _read("invoice_pdf", Scope.INVOICES, invoice_id="invoice"),
    _webhooks("webhooks", "GET"),
    _webhooks("webhooks", "POST"),
    _webhooks("webhook", "GET", webhook_id="webhook"),
    _webhooks("webhook", "DELETE", webhook_id="webhook"),
    _webhooks("deliveries", "GET", webhook_id="webhook"),
    _webhooks("webhook_test", "POST", webhook_id="webhook"),
)

_BY_ADDRESS: Final = {(one.name, one.method): one for one in OPERATIONS}


def find_operation(name: str, method: str) -> Operation | None:
    """Return the operation of an address's name (without namespace) and a method."""
    return _BY_ADDRESS.get((name, method))
