# SPDX-License-Identifier: Apache-2.0
"""Who may open the area's addresses.  Operations check their token, or the session, themselves (`operations`)."""

from __future__ import annotations

from collections.abc import Iterator

from avlest.portal.api.operations import OPERATIONS
from avlest.portal.rules import Rule, for_anyone, self_checked


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
)
