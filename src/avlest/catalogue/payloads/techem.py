# SPDX-License-Identifier: Apache-2.0
"""Dates of Techem's radio modules: the end of the last billing period and today.

The billing date is packed with its year.  Today's is sent as day and month only; its
year is the first one in which it comes after the billing date.
"""

from __future__ import annotations

from avlest.catalogue.payloads.build import format_date, read_word


def format_billing_date(data: bytes) -> str | None:
    """The end of the last billing period: day in bits 0-4, month in 5-8, years since 2000 above."""
    word = read_word(data)
    return format_date(2000 + (word >> 9), word >> 5 & 0x0F, word & 0x1F)


def format_current_date(data: bytes) -> str | None:
    """Today by the module's clock.

    `data` starts with the two bytes of the billing date and ends with the two of today:
    day in bits 4-8, month in bits 9-12.
    """
    word = read_word(data[-2:])
    return _place_in_year(word >> 9 & 0x0F, word >> 4 & 0x1F, billing=read_word(data[:2]))


def format_lenient_date(data: bytes) -> str | None:
    """The same where a missing day counts as the first and a missing month as December.

    Heat cost allocators that were just started send it so.
    """
    word = read_word(data[-2:])
    return _place_in_year(word >> 9 & 0x0F or 12, word >> 4 & 0x1F or 1, billing=read_word(data[:2]))


def _place_in_year(month: int, day: int, *, billing: int) -> str | None:
    passed = (month, day) <= (billing >> 5 & 0x0F, billing & 0x1F)
    return format_date(2000 + (billing >> 9) + passed, month, day)
