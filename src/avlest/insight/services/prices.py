# SPDX-License-Identifier: Apache-2.0
"""What use costs, for pricing leaks: settlement tells it when a price list is approved."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from avlest.insight.models import ConsumptionPrice
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed, save_new


@transaction.atomic
def do_set_price(
    actor: Actor, *, starts_on: date, price: Decimal, source: str, now: datetime, medium: str = "cold_water"
) -> None:
    """Set what a cubic metre costs its user from a local day on, VAT and wastewater with it (kr, four decimals)."""
    actor.require(Right.MANAGE_PRICES)
    rows = ConsumptionPrice.objects.of(actor.organisation_id).filter(medium=medium, starts_on=starts_on)
    row = rows.first()
    values = {"price": price, "source": source[:200]}
    if row is not None:
        save_changed(actor, row, values, now=now, action="update")
        return
    new = ConsumptionPrice(organisation_id=actor.organisation_id, medium=medium, starts_on=starts_on, **values)
    save_new(actor, new, now=now)
