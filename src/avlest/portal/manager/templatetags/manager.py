# SPDX-License-Identifier: Apache-2.0
"""Words of codes, and local days, in the manager's templates."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django import template
from django.utils.translation import get_language

from avlest.portal.manager.media import say as say_code
from avlest.readings.calendar import derive_local_day
from avlest.wording import format_date, format_number

register = template.Library()


@register.filter
def say(code: str) -> str:
    """`{{ role|say }}`: a code of the registry in words."""
    return say_code(code)


@register.filter
def local_day(at: datetime) -> str:
    """`{{ at|local_day }}`: the civil day of an instant, "22.11.2026"."""
    return format_date(derive_local_day(at), language=get_language() or "nb", style="short")


@register.filter
def area(square_metres: Decimal) -> str:
    """`{{ unit.area|area }}`: "72,5 m²"."""
    return f"{format_number(square_metres, language=get_language() or 'nb', decimals=1)}\u00a0m²"
