# SPDX-License-Identifier: Apache-2.0
"""Lists of tenancies: who has which unit or property in which period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.draft import Draft
from avlest.registry.importing.kinds.base import Kind, column
from avlest.registry.importing.kinds.periods import Claim, check_claims, check_order, merge_known
from avlest.registry.importing.kinds.places import (
    PROPERTY_COLUMNS,
    UNIT_COLUMN,
    check_cadastre,
    get_property_key,
    has_property,
)
from avlest.registry.importing.lookups import Properties, read_parties
from avlest.registry.importing.values import choice, instant, text
from avlest.registry.models import Party, Property, Tenancy, Unit
from avlest.registry.rights import Right

_ROLES = {
    "resident": ("beboer", "leietaker", "tenant"),
    "owner": ("eier", "andelseier"),
    "subscriber": ("abonnent",),
}
_COLUMNS = (
    column("tenancy.party", text(40), required=True),
    *PROPERTY_COLUMNS,
    UNIT_COLUMN,
    column("tenancy.role", choice(_ROLES), required=True),
    column("tenancy.from", instant, required=True),
    column("tenancy.to", instant),
)


def build(draft: Draft, rows: Sequence[ParsedRow], _now: datetime) -> None:
    """Make tenancies; a known one may get its end, nothing else."""
    organisation_id = draft.actor.organisation_id
    parties, places = read_parties(organisation_id), Properties.read(organisation_id)
    known = list(Tenancy.objects.of(organisation_id).select_related("party", "unit__property", "property"))
    by_identity = {(t.party_id, t.unit_id, t.property_id, t.role, t.starts_at): t for t in known}
    fresh: list[tuple[ParsedRow, Tenancy]] = []
    for row in rows:
        tenancy = _tenancy(draft, row, parties, places)
        if tenancy is None:
            continue
        identity = (tenancy.party_id, tenancy.unit_id, tenancy.property_id, tenancy.role, tenancy.starts_at)
        before = by_identity.get(identity)
        if before is None:
            fresh.append((row, tenancy))
        elif (values := merge_known(draft, row, before)) is not None:
            draft.unchanged += not draft.change(before, values)
    claims = [Claim(t.starts_at, t.ends_at, None, t) for t in known]
    claims += [Claim(t.starts_at, t.ends_at, row, t) for row, t in fresh]
    check_claims(draft, claims, lambda c: (c.known.unit_id, c.known.property_id, c.known.role), "the place")
    for row, tenancy in fresh:
        if row.line not in draft.bad_lines:
            draft.create(tenancy)


def _tenancy(draft: Draft, row: ParsedRow, parties: dict[str, Party], places: Properties) -> Tenancy | None:
    party = parties.get(row.values["party"])
    if party is None:
        draft.issue(row, "party", "no such customer number in the register; import the parties first")
    place = _place(draft, row, places)
    if party is None or place is None or not check_order(draft, row):
        return None
    unit, whole_property = (place, None) if isinstance(place, Unit) else (None, place)
    return Tenancy(
        party=party,
        unit=unit,
        property=whole_property,
        role=row.values["role"],
        starts_at=row.values["from"],
        ends_at=row.values.get("to"),
    )


def _place(draft: Draft, row: ParsedRow, places: Properties) -> Unit | Property | None:
    if not check_cadastre(draft, row):
        return None
    if not has_property(row):
        draft.issue(row, "cadastre", "expected a cadastral number or a property number")
        return None
    found = places.find(*get_property_key(row))
    if found is None:
        draft.issue(row, "cadastre", "no such property in the register; import the places first")
        return None
    if "unit" not in row.values:
        return found
    unit = places.units.get((id(found), row.values["unit"]))
    if unit is None:
        draft.issue(row, "unit", "no such unit in the property; import the places first")
    return unit


TENANCIES = Kind(
    name="tenancies",
    columns=_COLUMNS,
    right=Right.CHANGE_PEOPLE,
    order=(Tenancy,),
    versions=("people",),
    build=build,
)
