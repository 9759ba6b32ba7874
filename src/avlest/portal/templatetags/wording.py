# SPDX-License-Identifier: Apache-2.0
"""Quantities, money and dates in templates, in the reader's language: the functions of `avlest.wording`."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from avlest import wording
from avlest.portal.sentences import translate_sentence

register = template.Library()


def _language() -> str:
    return get_language() or "nb"


@register.filter
def sentence(text: str) -> SafeString:
    """`{{ issue.expected|sentence }}`: what a lower room says, in the reader's language, or marked as English."""
    told = translate_sentence(str(text))
    return format_html('<span lang="en">{}</span>', text) if told is None else format_html("{}", told)


@register.filter
def quantity(value: int | None, unit: str) -> str:
    """`{{ value|quantity:"l" }}`: thousandths of the canonical unit, as "12,4 m³"."""
    return wording.format_quantity(value, unit, language=_language())


@register.filter
def money(ore: int | None, decimals: int = 2) -> str:
    """`{{ ore|money }}` or, in overviews, `{{ ore|money:0 }}`."""
    return wording.format_money(ore, language=_language(), decimals=decimals)


@register.filter
def number(value: int | float | Fraction | None, decimals: int = 0) -> str:
    """`{{ value|number:1 }}`."""
    return wording.format_number(value, language=_language(), decimals=decimals)


@register.filter
def percent(share: float | Fraction | None, decimals: int = 0) -> str:
    """`{{ share|percent }}`: 0.123 as "12 %"."""
    return wording.format_percent(share, language=_language(), decimals=decimals)


@register.filter
def day(value: date | None, style: str = "long") -> str:
    """`{{ date|day }}`: "22. november 2026"; `{{ date|day:"short" }}`: "22.11.2026"."""
    return wording.MISSING if value is None else wording.format_date(value, language=_language(), style=style)


@register.filter
def month(value: date) -> str:
    """`{{ date|month }}`: "november 2026"."""
    return wording.format_month(value, language=_language())


@register.filter
def instant(value: datetime | None, style: str = "long") -> str:
    """`{{ instant|instant }}`: "22. november 2026 kl. 14.05"."""
    return wording.MISSING if value is None else wording.format_instant(value, language=_language(), style=style)


@register.simple_tag
def period(start: date | datetime, stop: date | datetime) -> str:
    """`{% period start stop %}`: "1.–30. november 2026"."""
    return wording.format_period(start, stop, language=_language())
