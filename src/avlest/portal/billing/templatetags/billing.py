# SPDX-License-Identifier: Apache-2.0
"""Words of settlement and addresses of billing in templates."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from django import template
from django.utils.translation import get_language

from avlest.portal.billing import words
from avlest.portal.billing.lists import Page
from avlest.settlement.core.sentences import write_kind, write_service
from avlest.wording import format_number

register = template.Library()
_WORDS: Final[dict[str, words.Words]] = {
    "run_kind": words.RUN_KINDS,
    "run_state": words.RUN_STATES,
    "severity": words.SEVERITIES,
    "exception": words.EXCEPTIONS,
    "list_state": words.LIST_STATES,
    "payment_state": words.PAYMENT_STATES,
    "refund_state": words.REFUND_STATES,
    "work_state": words.WORK_STATES,
    "unit": words.UNITS,
    "paper": words.PAPERS,
}


@register.filter
def word(code: str, kind: str) -> str:
    """`{{ run.state|word:"run_state" }}`."""
    return words.get_word(_WORDS[kind], code)


@register.filter
def service(code: str) -> str:
    """`{{ line.service|service }}`: "Vann"."""
    return write_service(code, get_language() or "nb")


@register.filter
def line_kind(code: str) -> str:
    """`{{ sum.kind|line_kind }}`: "fradrag a konto"."""
    return write_kind(code, get_language() or "nb")


@register.filter
def cubic(thousandths: int | None, decimals: int = 0) -> str:
    """`{{ control.measured|cubic }}`: thousandths of the unit of a price, such as m³, without the unit."""
    value = None if thousandths is None else Fraction(thousandths, 1000)
    return format_number(value, language=get_language() or "nb", decimals=decimals)


@register.filter
def kroner(value: Decimal | None) -> str:
    """`{{ price.value|kroner }}`: a price with the decimals it has, at least two: "45,27"."""
    if value is None:
        return ""
    exponent = value.normalize().as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 2)
    return format_number(Fraction(value), language=get_language() or "nb", decimals=decimals)


@register.inclusion_tag("portal/billing/pager.html")
def pager(page: Page[Any]) -> dict[str, Any]:
    """`{% pager page %}`: the pages of a list."""
    return {"page": page}


@register.filter
def price(scaled: int | None) -> str:
    """`{{ change.before|price }}`: ten-thousandths of a krone, as `kroner` writes it; empty for None."""
    return "" if scaled is None else kroner(Decimal(scaled).scaleb(-4))


@register.filter
def plain(number: int | str | None) -> str:
    """`{{ invoice.number|plain }}`: a number that names something, as years and invoice numbers do: "2026", "10482"."""
    return "" if number is None else str(number)
