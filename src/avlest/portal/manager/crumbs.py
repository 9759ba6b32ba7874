# SPDX-License-Identifier: Apache-2.0
"""Where a page stands in property → unit → metering point → meter: the same head on each level."""

from __future__ import annotations

import dataclasses

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from avlest.registry.models import Meter, MeteringPoint, Property, Unit


@dataclasses.dataclass(frozen=True, slots=True)
class Crumb:
    """One step; the last, where one is, has no address."""

    text: str | Promise
    address: str = ""


def make_crumbs(*steps: Crumb) -> list[Crumb]:
    """Return the steps with the last one as the place itself."""
    return [*steps[:-1], dataclasses.replace(steps[-1], address="")] if steps else []


def at_properties() -> list[Crumb]:
    """The root."""
    return [Crumb(_("Properties"), reverse("manager:properties"))]


def at_property(row: Property | None) -> list[Crumb]:
    """Down to a property."""
    return at_properties() if row is None else [*at_properties(), Crumb(str(row), address_of("property", row.pk))]


def at_unit(row: Unit) -> list[Crumb]:
    """Down to a unit."""
    return [*at_property(row.property), Crumb(row.number, address_of("unit", row.pk))]


def at_point(row: MeteringPoint) -> list[Crumb]:
    """Down to a metering point."""
    above = at_unit(row.unit) if row.unit is not None else at_property(row.property)
    return [*above, Crumb(name_point(row), address_of("point", row.pk))]


def at_meter(row: Meter, point: MeteringPoint | None) -> list[Crumb]:
    """Down to a meter, where it hangs."""
    above = at_point(point) if point is not None else at_properties()
    return [*above, Crumb(row.printed_number or row.serial, address_of("meter", row.pk))]


def name_point(row: MeteringPoint) -> str:
    """A point by where it is, or its number."""
    return row.location or row.code


def address_of(kind: str, number: int) -> str:
    """The page of a property, unit, point or meter."""
    return reverse(f"manager:{kind}", args=[number])
