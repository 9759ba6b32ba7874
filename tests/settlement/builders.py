# SPDX-License-Identifier: Apache-2.0
"""Short ways to make a small municipality: subscribers, agreements, meters with daily series."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl

from avlest.readings.tables import Store
from avlest.registry.models import MeteringPoint, Party, Property, Series, User
from avlest.registry.rights import Actor, Right
from avlest.settlement.importing.files import parse_price_list
from avlest.settlement.models import Account, AdvanceLevel, Agreement
from avlest.settlement.services.prices import do_approve_price_list, do_import_price_list

MADE_AT = datetime(2025, 12, 1, 12, 0, tzinfo=UTC)
PRICES = """
[list]
name = "Priser"
valid_from = 2025-01-01
vat_included = true
source = "test"
[[price]]
code = "W_VOL"
service = "water"
unit = "m3"
value = "45.27"
vat = "water"
text.nb = "Vann"
[[price]]
code = "S_VOL"
service = "wastewater"
unit = "m3"
value = "61.07"
vat = "water"
text.nb = "Avløp"
[[price]]
code = "W_FIX"
service = "water"
unit = "year"
value = "3170"
vat = "water"
text.nb = "Årsgebyr vann"
[[price]]
code = "S_FIX"
service = "wastewater"
unit = "year"
value = "3420"
vat = "water"
text.nb = "Årsgebyr avløp"
[[vat]]
code = "water"
percent = 25
valid_to = 2025-07-01
[[vat]]
code = "water"
percent = 15
valid_from = 2025-07-01
"""


def make_people(slug: str, now: datetime) -> tuple[Actor, Actor]:
    """Return the two users of a new organisation; both have every right."""
    from avlest.registry.services.organisations import do_create_organisation

    number = do_create_organisation(name=slug.title(), slug=slug, by="test", now=now)
    users = [User.objects.create(username=name) for name in (f"anne-{slug}", f"bjørn-{slug}")]
    anne, bjorn = (Actor(number, user.username, frozenset(Right), user.pk) for user in users)
    return anne, bjorn


def other(actor: Actor) -> Actor:
    """Return another person with the same rights."""
    return dataclasses.replace(actor, name=f"{actor.name} 2", user_id=(actor.user_id or 0) + 1000)


def add_prices(actor: Actor, text: str = PRICES) -> int:
    """Import and approve a price list."""
    draft = parse_price_list(text.encode(), filename="priser.toml")
    number = do_import_price_list(actor, draft, now=MADE_AT)
    do_approve_price_list(other(actor), number, now=MADE_AT)
    return number


@dataclasses.dataclass(frozen=True)
class Home:
    """One subscriber with one meter."""

    account: int
    property: int
    point: int
    series: int


def add_home(
    actor: Actor, number: int, *, opened_on: date = date(2020, 1, 1), closed_on: date | None = None,
    terms: int = 4, services: tuple[str, ...] = ("water", "wastewater"), category: str = "",
    zone: int | None = None,
) -> Home:  # fmt: skip
    """Make a property with a subscriber, a point and a series; volumes in litres."""
    organisation = actor.organisation_id
    place = Property.objects.create(
        organisation_id=organisation, municipality="3110", gnr=number, bnr=1, address=f"Storgata {number}",
        postal_code="1680", city="Fjordvik",
    )  # fmt: skip
    point = MeteringPoint.objects.create(
        organisation_id=organisation, code=f"P{number}", medium="cold_water", property=place, zone_id=zone
    )
    series = Series.objects.create(organisation_id=organisation, point=point, quantity="volume", unit="l")
    account = add_account(
        actor, number, place.pk, opened_on=opened_on, closed_on=closed_on, terms=terms, services=services,
        category=category,
    )  # fmt: skip
    return Home(account, place.pk, point.pk, series.pk)


def add_account(
    actor: Actor, number: int, property_id: int, *, opened_on: date = date(2020, 1, 1), closed_on: date | None = None,
    terms: int = 4, services: tuple[str, ...] = ("water", "wastewater"), category: str = "",
) -> int:  # fmt: skip
    """Make a subscriber of a property with its services."""
    organisation = actor.organisation_id
    party = Party.objects.create(organisation_id=organisation, code=str(number), name=f"Abonnent {number}")
    row = Account.objects.create(
        organisation_id=organisation, number=number, party=party, property_id=property_id, opened_on=opened_on,
        closed_on=closed_on, terms=terms,
    )  # fmt: skip
    for service in services:
        Agreement.objects.create(organisation_id=organisation, account=row, service=service, category=category)
    return int(row.pk)


def add_level(actor: Actor, account: int, year: int, litres: int, valid_from: date | None = None) -> None:
    """Agree on an a konto."""
    for service in ("water", "wastewater"):
        AdvanceLevel.objects.create(
            organisation_id=actor.organisation_id, account_id=account, service=service, year=year, quantity=litres,
            valid_from=valid_from or date(year, 1, 1), origin="request", made_at=MADE_AT, made_by="test",
        )  # fmt: skip


def add_days(
    store: Store, use: dict[int, int], start: date, stop: date, *, quality: int = 50, batch: int = 1,
    known_at: datetime = MADE_AT,
) -> None:  # fmt: skip
    """Store days of some series: `use` gives litres of the whole period, spread evenly, the rest on the last day."""
    count = (stop - start).days
    days = [start + timedelta(days=n) for n in range(count)]
    frames = []
    for series, litres in sorted(use.items()):
        values = np.full(count, litres // count, np.int64)
        values[-1] += litres - int(values.sum())
        frames.append(
            pl.DataFrame(
                {"series": [series] * count, "day": days, "value": values * 1000, "quality": [quality] * count}
            )
        )
    frame = pl.concat(frames).with_columns(
        pl.col("quality").cast(pl.Int16), known_at=pl.lit(known_at).cast(pl.Datetime("us", "UTC"))
    )
    store.append("daily", frame, writer="test", batch=batch)
