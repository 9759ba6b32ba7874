# SPDX-License-Identifier: Apache-2.0
"""Which of a home's series say what was used, and by what name people know them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Final

from django.utils.translation import get_language

from avlest.portal.access import SeriesAccess
from avlest.registry.media import get_media
from avlest.registry.models import MeteringPoint

_EXPORTS: Final = ("export", "backward", "reverse")


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """One series of use at one point."""

    access: SeriesAccess
    location: str = ""
    """Where it is measured, where a home has more than one of the kind."""

    @property
    def name(self) -> str:
        """The medium in the reader's words, with the place where there is more than one."""
        return f"{self.medium}, {self.location}" if self.location else self.medium

    @property
    def medium(self) -> str:
        """The medium in the reader's words."""
        code = self.access.access.point.medium
        known = get_media().get(code)
        name = known.names.get(get_language() or "nb", code) if known else code
        return name[:1].upper() + name[1:]

    @property
    def point_id(self) -> int:
        """The point it belongs to."""
        return self.access.series.point_id

    @property
    def id(self) -> int:
        """The series."""
        return self.access.series.id

    @property
    def unit(self) -> str:
        """The canonical unit of its values."""
        return self.access.series.unit


def choose_uses(series: Sequence[SeriesAccess]) -> list[Use]:
    """Return the counted main series of each point, one a point: what a bill would rest on."""
    chosen: dict[int, SeriesAccess] = {}
    for each in series:
        if _is_use(each):
            best = chosen.get(each.series.point_id)
            if best is None or _order(each) < _order(best):
                chosen[each.series.point_id] = each
    return _add_locations([Use(each) for each in chosen.values()])


def _add_locations(uses: list[Use]) -> list[Use]:
    """Tell those of one medium apart by where they are, or by their number."""
    counts = Counter(use.access.access.point.medium for use in uses)
    alike = [use.point_id for use in uses if counts[use.access.access.point.medium] > 1]
    if not alike:
        return uses
    places = dict(MeteringPoint.objects.filter(pk__in=alike).values_list("pk", "location"))
    return [
        dataclasses.replace(use, location=places[use.point_id] or use.access.access.point.code)
        if use.point_id in places
        else use
        for use in uses
    ]


def _is_use(each: SeriesAccess) -> bool:
    words = f"{each.series.quantity} {each.series.qualifier}"
    known = get_media().get(each.access.point.medium)
    return (
        each.series.kind == "counter"
        and each.series.role == "main"
        and not any(word in words for word in _EXPORTS)
        and (known is None or each.series.quantity == known.quantity)
    )


def _order(each: SeriesAccess) -> tuple[bool, int, int, int]:
    """The plain register before those with a qualifier, a tariff or a subunit."""
    return (bool(each.series.qualifier), each.series.tariff, each.series.subunit, each.series.id)
