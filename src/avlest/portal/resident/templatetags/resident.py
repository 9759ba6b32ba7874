# SPDX-License-Identifier: Apache-2.0
"""Words of alarms and quantities of invoice lines in templates."""

from __future__ import annotations

from fractions import Fraction

from django import template
from django.utils.translation import get_language

from avlest.insight.infos import AlarmInfo
from avlest.settlement.contracts import Unit
from avlest.settlement.infos import LineInfo
from avlest.wording import format_money, format_number

register = template.Library()
_UNITS = {Unit.VOLUME: "m³", Unit.ENERGY: "kWh"}


@register.filter
def alarm_title(alarm: AlarmInfo) -> str:
    """`{{ alarm|alarm_title }}`: what is the matter."""
    return alarm.get_text(get_language() or "nb").title


@register.filter
def amount_of(ore: int) -> str:
    """`{{ ore|amount_of }}`: kroner without a sign, where words say in whose favour."""
    return format_money(abs(ore), language=get_language() or "nb", decimals=0)


@register.filter
def line_quantity(line: LineInfo) -> str:
    """`{{ line|line_quantity }}`: "150,000 m³"; empty where a line has no quantity that people count."""
    unit = _UNITS.get(Unit(line.unit)) if line.unit in set(Unit) else None
    if line.quantity is None or unit is None:
        return ""
    return f"{format_number(Fraction(line.quantity, 1000), language=get_language() or 'nb', decimals=3)}\u00a0{unit}"
