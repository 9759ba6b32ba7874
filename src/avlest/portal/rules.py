# SPDX-License-Identifier: Apache-2.0
"""Who may open which address: one rule for each URL name, and none without.

The middleware refuses an address without rule; a test walks the URL configuration and fails for it.  The access
matrix (tests/portal/matrix) opens every address as every role with the arguments named here.

A rule says who may come in.  *Which rows* they see is the business of `portal.access`: what is not theirs does not
exist for them (404).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Final

from avlest.portal.areas import load_from_areas
from avlest.registry.rights import Role

NO_ARGUMENTS: Final[Mapping[str, str]] = MappingProxyType({})


class Who(StrEnum):
    """Who may come in, before roles are asked."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    ROLES = "roles"
    SUPERUSER = "superuser"
    OWN = "own"
    """The view (or what it belongs to: the API's tokens, a source's secret, a signed link) decides by itself."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One address: `name` is the URL name with namespace (`resident:overview`); ends with `*` for all of a namespace.

    `arguments` names, for each argument of the URL, the kind of thing that the matrix puts there: `point`, `series`,
    `meter`, `unit`, `property`, `tenancy`, `party`, or a kind that the area's own sampler makes (see
    docs/explanation/portal.md); a value that begins with `=` is put there as it stands (`=2025-06-01`).
    `is_shared` is for things that everyone who may come in sees (a tab, a language), so that no 404 is expected.
    """

    name: str
    who: Who = Who.ROLES
    roles: frozenset[Role] = frozenset()
    arguments: Mapping[str, str] = dataclasses.field(default_factory=dict)
    methods: tuple[str, ...] = ("GET",)
    is_shared: bool = False
    needs_second_factor: bool = True
    allows_seen_as_write: bool = False


def for_roles(
    name: str,
    *roles: Role,
    arguments: Mapping[str, str] = NO_ARGUMENTS,
    methods: tuple[str, ...] = ("GET",),
    is_shared: bool = False,
) -> Rule:
    """Return the rule of an address that some roles may open (others get 403, the unknown go to the login)."""
    return Rule(name=name, roles=frozenset(roles), arguments=arguments, methods=methods, is_shared=is_shared)


def for_anyone(name: str, *, arguments: Mapping[str, str] = NO_ARGUMENTS, methods: tuple[str, ...] = ("GET",)) -> Rule:
    """Return the rule of a public address."""
    return Rule(
        name=name, who=Who.ANYONE, arguments=arguments, methods=methods, is_shared=True, needs_second_factor=False
    )


def for_signed_in(
    name: str, *, arguments: Mapping[str, str] = NO_ARGUMENTS, methods: tuple[str, ...] = ("GET",)
) -> Rule:
    """Return the rule of an address for everyone who has signed in."""
    return Rule(name=name, who=Who.SIGNED_IN, arguments=arguments, methods=methods, is_shared=True)


def self_checked(
    name: str, *, arguments: Mapping[str, str] = NO_ARGUMENTS, methods: tuple[str, ...] = ("GET",)
) -> Rule:
    """Return the rule of an address whose view checks a secret, token or signature of its own."""
    return Rule(name=name, who=Who.OWN, arguments=arguments, methods=methods, needs_second_factor=False)


class RuleError(LookupError):
    """An address without rule, or two rules for one address."""


@cache
def get_rules() -> Mapping[str, Rule]:
    """Return the rules of all areas by URL name."""
    found: dict[str, Rule] = {}
    for area, rules in load_from_areas("rules", "RULES"):
        for rule in rules:
            if rule.name in found:
                raise RuleError(f"two rules for {rule.name}; the second in {area}")
            found[rule.name] = rule
    return MappingProxyType(found)


def find_rule(name: str) -> Rule | None:
    """Return the rule of a URL name: its own, or that of its namespace (`admin:*`)."""
    rules = get_rules()
    if name in rules:
        return rules[name]
    namespace, separator, _ = name.rpartition(":")
    return rules.get(f"{namespace}:*") if separator else None
