# SPDX-License-Identifier: Apache-2.0
"""Use against the period before, the year before, the weather and the neighbours (rules §2.7).  Pure."""

from avlest.insight.comparison.compare import (
    Comparison,
    Omitted,
    compare,
    compare_last_year,
    compare_with_average,
    correct_for_climate,
)
from avlest.insight.comparison.groups import (
    GroupRule,
    GroupRuleError,
    derive_concentration,
    derive_peers,
    load_group_rules,
    parse_group_rules,
    pick_group_rule,
)
from avlest.insight.comparison.periods import Days, derive_days_before, derive_last_year, derive_month_days, sum_days

__all__ = [
    "Comparison",
    "Days",
    "GroupRule",
    "GroupRuleError",
    "Omitted",
    "compare",
    "compare_last_year",
    "compare_with_average",
    "correct_for_climate",
    "derive_concentration",
    "derive_days_before",
    "derive_last_year",
    "derive_month_days",
    "derive_peers",
    "load_group_rules",
    "parse_group_rules",
    "pick_group_rule",
    "sum_days",
]
