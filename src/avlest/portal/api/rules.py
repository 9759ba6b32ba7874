# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses.  Operations check their token, or the session, themselves (`operations`)."""

from __future__ import annotations

from collections.abc import Iterator

from avlest.portal.api.operations import OPERATIONS
from avlest.portal.rules import Rule, for_anyone, for_roles, for_signed_in, self_checked
from avlest.portal.viewer import STAFF_ROLES
from avlest.registry.rights import Role

_BOTH = ("GET", "POST")
_HOOK = {"webhook_id": "webhook"}


def _operation_rules() -> Iterator[Rule]:
    """One rule for each address, with all its methods."""
    methods: dict[str, list[str]] = {}
    for one in OPERATIONS:
        methods.setdefault(one.name, []).append(one.method)
    arguments = {one.name: one.arguments for one in OPERATIONS}
    for name, each in methods.items():
        yield self_checked(f"api:{name}", arguments=arguments[name], methods=tuple(each))


RULES = (
    *_operation_rules(),
    for_anyone("api:openapi-json"),
    for_anyone("api:api-root"),
    for_anyone("api:unknown", arguments={"rest": "=nothing"}),
    # Pages
    for_signed_in("api:document"),
    for_roles("api:staff", *STAFF_ROLES),
    for_signed_in("api:tokens"),
    for_roles("api:token_new", *Role, methods=_BOTH, is_shared=True),
    for_roles("api:token_revoke", *Role, arguments={"token_id": "token"}, methods=("POST",), is_shared=True),
    for_roles("api:hooks", Role.ADMINISTRATOR),
    for_roles("api:hook_new", Role.ADMINISTRATOR, methods=_BOTH),
    for_roles("api:hook", Role.ADMINISTRATOR, arguments=_HOOK),
    for_roles("api:hook_change", Role.ADMINISTRATOR, arguments={**_HOOK, "action": "=test"}, methods=("POST",)),
    for_roles("api:home_broker", Role.RESIDENT, methods=_BOTH),
    for_roles("api:home_broker_end", Role.RESIDENT, methods=("POST",)),
    for_roles("api:home_file", Role.RESIDENT),
)
