# SPDX-License-Identifier: Apache-2.0
"""A municipality with a year to settle: a house that used 150 m³ and paid for 140 in advance, in the portal's world."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime
from typing import Any

from avlest.readings.tables import Store
from avlest.registry.access import access_actor
from avlest.registry.rights import Actor, Role
from avlest.settlement.models import Account
from avlest.settlement.services.accounts import Opening, do_open_accounts
from avlest.settlement.services.runs import RunRequest
from avlest.settlement.services.year import do_charge_terms, do_run_through
from tests.portal.world import Town
from tests.settlement.builders import add_days, add_level, add_prices

NOW = datetime(2026, 1, 12, 8, tzinfo=UTC)
YEAR = (date(2025, 1, 1), date(2026, 1, 1))


def text_of(answer: Any) -> str:
    """A page with plain spaces, one at a time."""
    return re.sub(r"\s+", " ", answer.content.decode().replace("\u00a0", " "))


@dataclasses.dataclass
class Books:
    """The town, the two people, the account of the house, and what a test adds."""

    town: Town
    clerk: Actor
    board: Actor
    account: int
    run: int = 0
    preview: int = 0
    draft: int = 0
    payment: int = 0
    refund: int = 0
    report: int = 0


def make_books(town: Town, store: Store) -> Books:
    """Prices, accounts, a year of use and its terms; the year itself is not settled."""
    clerk, board = (access_actor(town.staff[role].pk, town.id) for role in (Role.BILLING, Role.ADMINISTRATOR))
    add_prices(town.actor)
    do_open_accounts(clerk, Opening(), now=datetime(2024, 6, 1, tzinfo=UTC))
    account = Account.objects.get(party_id=town.house.party).pk
    add_level(clerk, account, 2025, 140_000)
    flats = dict.fromkeys((home.series for home in town.homes.values()), 50_000)
    add_days(store, {town.house.series: 150_000, town.main_series: 200_000, **flats}, *YEAR)
    do_charge_terms(clerk, board, year=2025, store=store)
    return Books(town, clerk, board, account)


def settle(books: Books, store: Store) -> int:
    """Settle the year to the end; the run."""
    request = RunRequest(kind="year", year=2025)
    return do_run_through(books.clerk, books.board, request, store=store, now=NOW)
