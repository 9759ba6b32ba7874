# SPDX-License-Identifier: Apache-2.0
"""How numbers, money, dates and periods are written: one place for pages, PDF, SMS and CSV.

Pure.  Languages are `nb`, `nn` and `en`; anything else is a `WordingError`.  A space inside
a number, or between a number and its unit, is a no-break space (U+00A0).
"""

from __future__ import annotations

from avlest.wording.dates import (
    format_clock,
    format_date,
    format_instant,
    format_month,
    format_period,
    format_weekday,
)
from avlest.wording.languages import LANGUAGES, WordingError
from avlest.wording.numbers import MISSING, format_money, format_number, format_percent
from avlest.wording.plain import format_cell, to_sms
from avlest.wording.quantities import choose_unit, format_in_unit, format_quantity, get_unit_label

__all__ = [
    "LANGUAGES",
    "MISSING",
    "WordingError",
    "choose_unit",
    "format_cell",
    "format_clock",
    "format_date",
    "format_in_unit",
    "format_instant",
    "format_money",
    "format_month",
    "format_number",
    "format_percent",
    "format_period",
    "format_quantity",
    "format_weekday",
    "get_unit_label",
    "to_sms",
]
