# SPDX-License-Identifier: Apache-2.0
"""What the losses of a zone's month are against its pipes (ILI, rules §5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from avlest.insight.balance import (
    Infrastructure,
    Network,
    Volume,
    derive_infrastructure_index,
    load_balance_rules,
    pick_balance_rule,
)
from avlest.insight.models import ZoneNetwork, ZonePeriod


def get_infrastructures(organisation_id: int, rows: Sequence[ZonePeriod]) -> dict[int, Infrastructure]:
    """Return the index of each balance whose zone's pipes are known on its first day, by the number of the row.

    What was not billed is taken for lost, a year at the rate of the period: apparent losses are not known here.
    """
    networks: dict[int, list[ZoneNetwork]] = {}
    for row in ZoneNetwork.objects.of(organisation_id).order_by("starts_on"):
        networks.setdefault(row.zone_id, []).append(row)
    found = {}
    for period in rows:
        fitting = [one for one in networks.get(period.zone_id, []) if one.starts_on <= period.starts_on]
        if fitting and period.non_revenue is not None and period.days:
            found[period.pk] = _derive(period, fitting[-1])
    return found


def _derive(period: ZonePeriod, network: ZoneNetwork) -> Infrastructure:
    rule = pick_balance_rule(load_balance_rules(), period.starts_on)
    factor = Decimal(rule.days_a_year) / period.days
    yearly = Volume(int((period.non_revenue or 0) * factor), int((period.margin or 0) * factor))
    pipes = Network(network.mains_km, network.connections, network.private_km, network.pressure_m)
    return derive_infrastructure_index(yearly, pipes, rule)
