# SPDX-License-Identifier: Apache-2.0
"""Lists of people and companies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from avlest.registry.identifiers import parse_organisation_number
from avlest.registry.importing.columns import ParsedRow
from avlest.registry.importing.draft import Draft, find_repeats
from avlest.registry.importing.kinds.base import Kind, column, pick
from avlest.registry.importing.lookups import read_parties
from avlest.registry.importing.values import canonical, choice, text
from avlest.registry.models import Party
from avlest.registry.rights import Right


def parse_email(value: str) -> str:
    """Return an e-mail address, or raise `ValueError`."""
    try:
        validate_email(value)
    except ValidationError as error:
        raise ValueError("an e-mail address") from error
    return value


_KINDS = {
    "person": ("privat", "privatperson", "p"),
    "company": ("firma", "bedrift", "selskap", "næring", "f"),
}
_LANGUAGES = {"nb": ("bokmål", "norsk", "no"), "nn": ("nynorsk",), "en": ("english", "engelsk")}
_COLUMNS = (
    column("party.code", text(40), required=True),
    column("party.name", text(200), required=True),
    column("party.kind", choice(_KINDS)),
    column("party.number", canonical(parse_organisation_number)),
    column("party.email", canonical(parse_email)),
    column("party.phone", text(30)),
    column("party.address", text(200)),
    column("party.postal_code", text(10)),
    column("party.city", text(100)),
    column("party.language", choice(_LANGUAGES)),
)
_NAMES = tuple(c.name for c in _COLUMNS if c.name != "code")


def build(draft: Draft, rows: Sequence[ParsedRow], _now: datetime) -> None:
    """Make unknown parties and change known ones."""
    known = read_parties(draft.actor.organisation_id)
    for row in find_repeats(draft, rows, lambda row: row.values["code"], "code"):
        values = pick(row, *_NAMES)
        party = known.get(row.values["code"])
        if party is not None:
            draft.unchanged += not draft.change(party, values)
        else:
            draft.create(Party(code=row.values["code"], **values))


PARTIES = Kind(
    name="parties",
    columns=_COLUMNS,
    right=Right.CHANGE_PEOPLE,
    order=(Party,),
    versions=("people",),
    build=build,
)
