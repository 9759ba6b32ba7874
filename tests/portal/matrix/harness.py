# SPDX-License-Identifier: Apache-2.0
"""The access matrix: every address × every role × one's own, the predecessor's, a neighbour's, a stranger's things.

Addresses come from the URL configuration, what may be done from the rules, the things put into an address from
samplers: those below, and `SAMPLERS` of `tests/portal/matrix/samplers/<area>.py` ({kind: function(world, side) ->
number or text}).  A page joins the matrix by having a rule.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from avlest.portal.areas import AREAS
from avlest.portal.rules import Rule, Who, get_rules
from avlest.registry.models import User
from avlest.registry.rights import Role
from tests.portal.world import LITRES, STAFF, Side, World

Sampler = Callable[[World, Side], object]
_BASIC: dict[str, Sampler] = {
    "point": lambda world, side: world.get_home(side).point,
    "series": lambda world, side: world.get_home(side).series,
    "meter": lambda world, side: world.get_home(side).meter,
    "unit": lambda world, side: world.get_home(side).unit,
    "property": lambda world, side: world.get_home(side).property,
    "tenancy": lambda world, side: world.get_home(side).tenancy,
    "party": lambda world, side: world.get_home(side).party,
    "user": lambda world, side: world.get_home(side).user.pk,
    "zone": lambda world, side: world.get_town(side).zone,
    "gateway": lambda world, side: world.get_town(side).gateway,
}


def get_samplers() -> Mapping[str, Sampler]:
    """All samplers by kind."""
    modules = [f"tests.portal.matrix.samplers.{area}" for area in AREAS]
    own = [import_module(name).SAMPLERS for name in modules if find_spec(name)]
    found = _BASIC | {kind: sampler for samplers in own for kind, sampler in samplers.items()}
    return {kind: _remember(sampler) for kind, sampler in found.items()}


def _remember(sampler: Sampler) -> Sampler:
    """Make the thing of each side once a test."""
    made: dict[Side, object] = {}

    def get(world: World, side: Side) -> object:
        if side not in made:
            made[side] = sampler(world, side)
        return made[side]

    return get


def list_names(resolver: URLResolver | None = None, namespace: str = "") -> Iterator[str]:
    """The name of every address with its namespace; the path of one without a name."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name or str(pattern.pattern).replace(':', ' ')}"
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from list_names(pattern, inner)


@dataclasses.dataclass(frozen=True)
class Subject:
    """Somebody who opens addresses: `sides` are whose things they may see."""

    name: str
    user: User | None
    roles: frozenset[Role]
    sides: frozenset[Side]
    forbidden: frozenset[str]
    is_superuser: bool = False


SUBJECTS = (
    "anonymous",
    "resident own",
    "resident before",
    "resident neighbour",
    "resident stranger",
    *(f"{role.value} vik" for role in STAFF),
    *(f"{role.value} nes" for role in (Role.ADMINISTRATOR, Role.BILLING)),
)


def get_subject(world: World, name: str) -> Subject:
    """The person of a name in `SUBJECTS`, with the words that must stand on none of their pages."""
    if name == "anonymous":
        return Subject(name, None, frozenset(), frozenset(), frozenset(_words(world, *Side)))
    what, which = name.split(" ")
    if what == "resident":
        side = Side(which)
        others = [each for each in Side if each != side]
        words = frozenset(_words(world, *others)) | _numbers(side)
        return Subject(name, world.get_home(side).user, frozenset({Role.RESIDENT}), frozenset({side}), words)
    own = {Side.STRANGER} if which == "nes" else set(Side) - {Side.STRANGER}
    town = world.nes if which == "nes" else world.vik
    words = frozenset(_words(world, *(set(Side) - own)))
    return Subject(name, town.staff[Role(what)], frozenset({Role(what)}), frozenset(own), words)


def _words(world: World, *sides: Side) -> list[str]:
    """Markers of the households of these sides; the whole other town for the stranger's."""
    found = [world.get_home(side).marker for side in sides]
    if Side.STRANGER in sides:
        found += [world.nes.marker, *(home.marker for home in world.nes.homes.values())]
    elif {Side.OWN, Side.NEIGHBOUR} <= set(sides):
        found += [world.vik.marker, world.vik.house.marker]
    return found


def _numbers(side: Side) -> frozenset[str]:
    """How the hours of other households would be written."""
    litres = [LITRES[name] // 1000 for name in LITRES if name != side.value]
    return frozenset(
        f"{each // 1000}{space}{each % 1000:03}" for each in litres if each >= 1000 for space in (" ", "\u00a0")
    )


def get_kinds(rule: Rule) -> dict[str, str]:
    """The arguments that are things of somebody."""
    return {name: kind for name, kind in rule.arguments.items() if not kind.startswith("=")}


def find_address(rule: Rule, world: World, side: Side, samplers: Mapping[str, Sampler]) -> str | None:
    """The address of a rule with the things of a side; None where the address is not installed."""
    fixed = {name: kind[1:] for name, kind in rule.arguments.items() if kind.startswith("=")}
    things = {name: samplers[kind](world, side) for name, kind in get_kinds(rule).items()}
    try:
        return reverse(rule.name, kwargs={**fixed, **things})
    except NoReverseMatch:
        if rule.name not in set(list_names()):
            return None
        raise


def may_enter(subject: Subject, rule: Rule) -> bool:
    """Whether the rule lets the subject in."""
    if rule.who == Who.ANYONE:
        return True
    if rule.who == Who.SUPERUSER:
        return subject.is_superuser
    return subject.user is not None and (rule.who == Who.SIGNED_IN or bool(subject.roles & rule.roles))


def list_rules() -> list[Rule]:
    """Rules of single addresses that the middleware enforces."""
    return [rule for rule in get_rules().values() if not rule.name.endswith("*") and rule.who != Who.OWN]
