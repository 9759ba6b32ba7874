# SPDX-License-Identifier: Apache-2.0
"""Taking over from an earlier system: accounts with their agreements and a konto, and the lines it invoiced."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from avlest.registry.importing.report import RowIssue
from avlest.registry.models import Party, Property
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, record, snapshot
from avlest.registry.services.bulk import insert_rows
from avlest.settlement.importing.take_over import AccountRow, EarlierRow
from avlest.settlement.models import Account, AdvanceLevel, Agreement, EarlierLine

_CHUNK = 5_000


@dataclasses.dataclass(frozen=True, slots=True)
class TakenOver:
    """What a list came to: rows made, rows that were there already, and what is wrong; nothing is made then."""

    made: int
    known: int
    issues: tuple[RowIssue, ...]


@transaction.atomic
def do_import_accounts(actor: Actor, rows: Sequence[AccountRow], *, now: datetime, preview: bool = False) -> TakenOver:
    """Make the accounts of a list with their agreements and a konto; taken in again, it changes nothing.

    Parties and properties are named by the codes they have in the registry.  With any issue, or as a `preview`,
    nothing is made.
    """
    actor.require(Right.RUN_SETTLEMENT)
    places = _Places.read(actor.organisation_id)
    issues = [issue for row in rows for issue in places.find_issues(row)]
    heads = {row.number: row for row in rows}
    fresh = [row for row in heads.values() if row.number not in places.accounts]
    issues += _find_overlaps(actor.organisation_id, fresh, places)
    if not issues and not preview:
        _make_accounts(actor, fresh, rows, places, now)
    return TakenOver(len(fresh), len(heads) - len(fresh), tuple(sorted(issues, key=lambda one: one.line)))


@dataclasses.dataclass(frozen=True, slots=True)
class _Places:
    """What the registry and settlement know of an organisation, by what lists call it."""

    parties: Mapping[str, int]
    properties: Mapping[str, int]
    accounts: Mapping[int, tuple[int, int, int, date]]
    """Row, party, property and first day of each account, by customer number."""

    @classmethod
    def read(cls, organisation_id: int) -> _Places:
        accounts = Account.objects.of(organisation_id).values_list(
            "number", "pk", "party_id", "property_id", "opened_on"
        )
        return cls(
            dict(Party.objects.of(organisation_id).values_list("code", "pk")),
            dict(Property.objects.of(organisation_id).exclude(code="").values_list("code", "pk")),
            {number: (row, party, place, day) for number, row, party, place, day in accounts},
        )

    def find_issues(self, row: AccountRow) -> Iterable[RowIssue]:
        """What a row names that is not there, and an account of its number that is another one."""
        party, place = self.parties.get(row.party), self.properties.get(row.property)
        if party is None:
            yield RowIssue(row.line, "party", row.party, "expected the customer number of a person or company")
        if place is None:
            yield RowIssue(row.line, "property", row.property, "expected the own number of a property")
        known = self.accounts.get(row.number)
        if known is not None and party and place and known[1:] != (party, place, row.opened_on):
            yield RowIssue(row.line, "number", str(row.number), "expected a number that no other account has")


def _find_overlaps(organisation_id: int, fresh: Sequence[AccountRow], places: _Places) -> list[RowIssue]:
    """Accounts of one property follow each other: nobody settles days that another account has."""
    spans: dict[int, list[tuple[date, date, int]]] = {}
    columns = ("property_id", "opened_on", "closed_on")
    for place, start, stop in Account.objects.of(organisation_id).values_list(*columns):
        spans.setdefault(place, []).append((start, stop or date.max, 0))
    for row in fresh:
        own = places.properties.get(row.property)
        if own is not None:
            spans.setdefault(own, []).append((row.opened_on, row.closed_on or date.max, row.line))
    issues = []
    for some in spans.values():
        some.sort()
        for (_, stop, line), (start, _, other) in itertools.pairwise(some):
            if start < stop:
                at = max(line, other)
                shown = f"expected days that no other account of the property has; another has it until {stop}"
                issues.append(RowIssue(at, "from", str(start), shown, min(line, other) or None))
    return issues


def _make_accounts(
    actor: Actor, fresh: Sequence[AccountRow], rows: Sequence[AccountRow], places: _Places, now: datetime
) -> None:
    made = {
        row.number: Account(
            organisation_id=actor.organisation_id, number=row.number, party_id=places.parties[row.party],
            property_id=places.properties[row.property], opened_on=row.opened_on, closed_on=row.closed_on,
            terms=row.values.get("terms", 4), area=row.values.get("area"), persons=row.values.get("persons"),
        )
        for row in fresh
    }  # fmt: skip
    insert_rows(Account, list(made.values()))
    own = [row for row in rows if row.number in made]
    names = ("region", "category", "size", "count")
    agreements = [
        Agreement(
            organisation_id=actor.organisation_id, account=made[row.number], service=row.service,
            **{name: row.values[name] for name in names if name in row.values},
        )
        for row in own
    ]  # fmt: skip
    insert_rows(Agreement, agreements)
    levels = [_make_level(actor, made[row.number], row, now) for row in own if "advance" in row.values]
    insert_rows(AdvanceLevel, levels)
    record(actor, *(Change("take over", one, None, snapshot(one)) for one in made.values()), now=now)


def _make_level(actor: Actor, account: Account, row: AccountRow, now: datetime) -> AdvanceLevel:
    year = row.values["advance_year"]
    return AdvanceLevel(
        organisation_id=actor.organisation_id, account=account, year=year, service=row.service,
        quantity=row.values["advance"], valid_from=date(year, 1, 1), origin=AdvanceLevel.Origin.REQUEST,
        reason="taken over from an earlier system", made_at=now, made_by=actor.name,
    )  # fmt: skip


@transaction.atomic
def do_import_earlier(actor: Actor, rows: Sequence[EarlierRow], *, now: datetime, preview: bool = False) -> TakenOver:
    """Keep lines that an earlier system invoiced: settlements deduct them as they stand; again, nothing is new.

    With any issue (a customer number that no account has, a line that differs from the one kept under its number), or
    as a `preview`, nothing is kept.
    """
    actor.require(Right.RUN_SETTLEMENT)
    accounts = dict(Account.objects.of(actor.organisation_id).values_list("number", "pk"))
    kept = {
        (line.account_id, line.document, line.position): line
        for line in EarlierLine.objects.of(actor.organisation_id).iterator(chunk_size=_CHUNK)
    }
    issues, fresh = [], []
    for row in rows:
        account = accounts.get(row.number)
        line = None if account is None else kept.get((account, row.document, row.position))
        if account is None:
            issues.append(RowIssue(row.line, "number", str(row.number), "expected the customer number of an account"))
        elif line is None:
            fresh.append(_make_line(actor, account, row))
        elif any(getattr(line, name) != getattr(row, name) for name in _KEPT):
            text = "expected the line as it was taken in before; what was invoiced is never changed"
            issues.append(RowIssue(row.line, "amount", str(row.amount / 100), text))
    if not issues and not preview:
        insert_rows(EarlierLine, fresh)
        record(actor, *(Change("take over", one, None, snapshot(one)) for one in fresh), now=now)
    return TakenOver(len(fresh), len(rows) - len(fresh) - len(issues), tuple(issues))


_KEPT = (
    "kind", "service", "code", "unit", "start", "stop", "quantity", "value", "amount", "vat", "rate", "vat_included",
)  # fmt: skip


def _make_line(actor: Actor, account: int, row: EarlierRow) -> EarlierLine:
    values: dict[str, Any] = {name: getattr(row, name) for name in (*_KEPT, "document", "position", "invoiced_on")}
    return EarlierLine(organisation_id=actor.organisation_id, account_id=account, quality=row.quality, **values)
