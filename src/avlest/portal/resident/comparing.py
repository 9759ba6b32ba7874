# SPDX-License-Identifier: Apache-2.0
"""More or less than before, in words: what stands beside a number instead of an arrow alone."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

from django.utils.translation import gettext as _

from avlest.wording import format_percent


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """Which way it went, as an arrow that only repeats the words."""

    arrow: str
    text: str


def make_change(value: int | None, before: int | None, *, than: str, language: str) -> Change:
    """Return the words of `describe_change` with the arrow that goes with them."""
    text = describe_change(value, before, than=than, language=language)
    if not text or value is None or not before or abs(Fraction(value - before, before)) < Fraction(1, 200):
        return Change("", text)
    return Change("↑" if value > before else "↓", text)


def describe_change(value: int | None, before: int | None, *, than: str, language: str) -> str:
    """Return "12 % less than november 2025"; empty where there is nothing to compare with.

    Against nothing used before there is no percentage: then only that it was so.
    """
    if value is None or before is None:
        return ""
    if before == 0:
        return _("Nothing was used in %(than)s.") % {"than": than} if value else ""
    change = Fraction(value - before, before)
    if abs(change) < Fraction(1, 200):
        return _("The same as %(than)s.") % {"than": than}
    share = format_percent(abs(change), language=language, decimals=0)
    words = _("%(share)s more than %(than)s.") if change > 0 else _("%(share)s less than %(than)s.")
    return words % {"share": share, "than": than}
