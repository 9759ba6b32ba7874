# SPDX-License-Identifier: Apache-2.0
"""Telling insight what use costs, so that a leak is priced as it will be invoiced."""

from __future__ import annotations

from datetime import datetime

from avlest.insight.services.prices import do_set_price
from avlest.registry.rights import Actor
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.unit_prices import derive_unit_prices
from avlest.settlement.runs.quantities import Services
from avlest.settlement.settings import get_options


def do_tell_prices(actor: Actor, book: PriceBook, *, now: datetime) -> None:
    """Keep, for each medium that services are charged by, what a unit costs from which day on."""
    rules = Services.from_options(get_options(actor.organisation_id).values["services"])
    for medium in sorted(rules.media):
        services = [service for service, media in rules.media_of.items() if medium in media]
        for day, price, source in derive_unit_prices(book, services):
            do_set_price(actor, medium=medium, starts_on=day, price=price, source=source, now=now)
