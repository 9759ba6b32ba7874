# SPDX-License-Identifier: Apache-2.0
"""States, outcomes, alarms and shares in templates."""

from __future__ import annotations

from typing import Final

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from avlest.insight.infos import AlarmInfo
from avlest.portal.operations.shapes import draw_stage
from avlest.portal.operations.words import name_job, name_outcome, name_phase
from avlest.wording import format_number, format_percent

register = template.Library()
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR


@register.filter
def stage(name: str) -> SafeString:
    """`{{ stage|stage }}`: the shape with its word."""
    return draw_stage(name)


@register.filter
def outcome(code: str) -> str:
    """`{{ code|outcome }}`: how reading a telegram ended, in words."""
    return name_outcome(code)


@register.filter
def alarm_title(alarm: AlarmInfo) -> str:
    """`{{ alarm|alarm_title }}`: what is the matter."""
    return alarm.get_text(get_language() or "nb").title


@register.filter
def alarm_cause(alarm: AlarmInfo) -> str:
    """`{{ alarm|alarm_cause }}`: why, probably."""
    return alarm.get_text(get_language() or "nb").cause


@register.filter
def alarm_severity(alarm: AlarmInfo) -> str:
    """`{{ alarm|alarm_severity }}`: how soon somebody must act."""
    return alarm.get_text(get_language() or "nb").severity


@register.filter
def share(part: float | None) -> SafeString | str:
    """`{{ 0.93|share }}`: a bar with its number; the number alone says it too."""
    if part is None:
        return "–"
    text = format_percent(part, language=get_language() or "nb", decimals=0 if part in (0, 1) else 1)
    width = round(max(0.0, min(1.0, part)) * 98, 1)
    return format_html(
        '<svg class="share" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="ground" x="1" y="1" width="98" height="10"/>'
        '<rect class="part" x="1" y="1" width="{}" height="10"/></svg>{}',
        width, text,
    )  # fmt: skip


@register.filter
def phase(code: str) -> str:
    """`{{ source.phase|phase }}`: what a source does."""
    return name_phase(code)


@register.filter
def job(code: str) -> str:
    """`{{ job.name|job }}`: what a job does."""
    return name_job(code)


@register.filter
def lag(seconds: float) -> str:
    """`{{ seconds|lag }}`: "40 s", "12 min", "3 t"."""
    language = get_language() or "nb"
    for divisor, unit in ((_DAY, _("days")), (_HOUR, _("h")), (60, _("min"))):
        if seconds >= 2 * divisor:
            return f"{format_number(round(seconds / divisor), language=language)}\u00a0{unit}"
    return f"{format_number(round(seconds), language=language)}\u00a0s"
