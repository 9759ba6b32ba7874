# SPDX-License-Identifier: Apache-2.0
"""Where the water goes: the yearly balance of a zone and its nights (rules §5.3).  Pure."""

from avlest.insight.balance.night import MEMBERS, derive_night_balance
from avlest.insight.balance.rules import (
    BalanceError,
    BalanceRule,
    load_balance_rules,
    parse_balance_rules,
    pick_balance_rule,
)
from avlest.insight.balance.year import (
    Infrastructure,
    Leakage,
    Network,
    Volume,
    WaterBalance,
    derive_infrastructure_index,
    derive_water_balance,
)

__all__ = [
    "MEMBERS",
    "BalanceError",
    "BalanceRule",
    "Infrastructure",
    "Leakage",
    "Network",
    "Volume",
    "WaterBalance",
    "derive_infrastructure_index",
    "derive_night_balance",
    "derive_water_balance",
    "load_balance_rules",
    "parse_balance_rules",
    "pick_balance_rule",
]
