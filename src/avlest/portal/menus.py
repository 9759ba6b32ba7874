# SPDX-License-Identifier: Apache-2.0
"""The navigation: entries that areas bring, for the roles that may open them."""

from __future__ import annotations

import dataclasses
from functools import cache

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from avlest.portal.areas import load_from_areas
from avlest.portal.rules import Who, find_rule
from avlest.portal.viewer import Viewer
from avlest.registry.rights import Role

AREA_NAMES = {
    "resident": _("My home"),
    "manager": _("Management"),
    "billing": _("Billing"),
    "operations": _("Operations"),
    "api": _("Integrations"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """A place in the navigation: URL name (without arguments), text, order.  Its rule says who sees it.

    `roles` narrows that where a page is open to more than it is of use to.
    """

    name: str
    text: str | Promise
    order: int = 50
    roles: frozenset[Role] = frozenset()


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """An entry as drawn."""

    address: str
    text: str | Promise
    is_current: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Menu:
    """`items` of the area the page is in; `areas` when the person has more than one."""

    items: tuple[Item, ...] = ()
    areas: tuple[Item, ...] = ()


@cache
def _get_entries() -> dict[str, tuple[Entry, ...]]:
    found = dict(load_from_areas("menu", "MENU"))
    return {area: tuple(sorted(entries, key=lambda entry: entry.order)) for area, entries in found.items()}


def get_menu(viewer: Viewer, *, path: str) -> Menu:
    """Return the navigation for a viewer on the page at `path`."""
    allowed = {area: _get_allowed(viewer, entries) for area, entries in _get_entries().items() if area in AREA_NAMES}
    areas = {area: items for area, items in allowed.items() if items}
    if not areas:
        return Menu()
    current = _find_area(areas, path)
    switch = [Item(items[0], AREA_NAMES[area], area == current) for area, items in _firsts(areas).items()]
    return Menu(_mark(areas[current], path), tuple(switch) if len(switch) > 1 else ())


@cache
def _get_address(name: str) -> str:
    return reverse(name)


def _get_allowed(viewer: Viewer, entries: tuple[Entry, ...]) -> list[tuple[str, str | Promise]]:
    found = []
    for entry in entries:
        rule = find_rule(entry.name)
        roles = entry.roles or (rule.roles if rule else frozenset())
        if rule and ((rule.who != Who.ROLES and not entry.roles) or viewer.roles & roles):
            found.append((_get_address(entry.name), entry.text))
    return found


def _firsts(areas: dict[str, list[tuple[str, str | Promise]]]) -> dict[str, tuple[str, str | Promise]]:
    return {area: items[0] for area, items in areas.items()}


def _find_area(areas: dict[str, list[tuple[str, str | Promise]]], path: str) -> str:
    """The area whose entry is the longest beginning of the path; the first one otherwise."""
    matches = [
        (len(address), area) for area, items in areas.items() for address, _ in items if path.startswith(address)
    ]
    return max(matches)[1] if matches else next(iter(areas))


def _mark(items: list[tuple[str, str | Promise]], path: str) -> tuple[Item, ...]:
    best = max((address for address, _ in items if path.startswith(address)), key=len, default="")
    return tuple(Item(address, text, address == best) for address, text in items)
