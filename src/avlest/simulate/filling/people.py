# SPDX-License-Identifier: Apache-2.0
"""Who logs in to a simulated municipality: a resident, a board, an operator, a billing clerk, an administrator."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl

from avlest.registry.models import Party
from avlest.registry.rights import Actor, Role
from avlest.registry.services.accounts import Account, do_make_account
from avlest.simulate.contracts import World
from avlest.simulate.filling.logins import Login


def do_make_logins(actor: Actor, world: World, *, make_password: Callable[[], str], now: datetime) -> tuple[Login, ...]:
    """Make one account for each part people play; a second time everyone gets a new password."""
    flat, home, board = choose_parties(world)
    codes = dict(world.parties.select("party", "code").iter_rows())
    names = dict(world.parties.select("party", "name").iter_rows())
    wanted: tuple[tuple[str, str, Role, int | None, str], ...] = (
        ("resident of a flat", "beboer", Role.RESIDENT, flat, ""),
        ("owner of a home", "abonnent", Role.RESIDENT, home, ""),
        ("board of the co-operative", "styret", Role.MANAGER, board, ""),
        ("operator", "drift", Role.OPERATOR, None, "Driftssentralen"),
        ("billing clerk", "avregning", Role.BILLING, None, "Avregningen"),
        ("administrator", "admin", Role.ADMINISTRATOR, None, "Administrator"),
    )
    logins = []
    for title, username, role, party, own in wanted:
        if party is None and not own:
            continue  # a world too small to have a co-operative
        name = own or names[party]
        password = make_password()
        account = Account(username, role, name, party_id=None if party is None else _find_party(actor, codes[party]))
        do_make_account(actor, account, password, now=now)
        logins.append(Login(title, username, password, name))
    return tuple(logins)


def choose_parties(world: World) -> tuple[int | None, int | None, int | None]:
    """A resident of the co-operative who lives there now, the subscriber of a home, and the co-operative itself."""
    now_here = world.tenancies.filter(pl.col("ends_at").is_null())
    kinds = world.properties.select("property", place="kind")
    rows = now_here.join(kinds, on="property").join(world.parties.select("party", "kind"), on="party")
    people = rows.filter(pl.col("kind") == "person")
    flat = people.filter((pl.col("place") == "cooperative") & pl.col("unit").is_not_null())
    home = people.filter(pl.col("place") == "home")
    board = rows.filter((pl.col("place") == "cooperative") & (pl.col("kind") == "company"))
    return _first(_longest(flat, "resident")), _first(_longest(home, "subscriber")), _first(board)


def _longest(rows: pl.DataFrame, role: str) -> pl.DataFrame:
    """Those of a role first, and of them who has been there longest: a year to look at."""
    return rows.with_columns(other=pl.col("role") != role).sort("other", "starts_at", "party")


def _first(rows: pl.DataFrame) -> int | None:
    return int(rows["party"][0]) if rows.height else None


def _find_party(actor: Actor, code: str) -> int:
    return int(Party.objects.of(actor.organisation_id).get(code=code).pk)
