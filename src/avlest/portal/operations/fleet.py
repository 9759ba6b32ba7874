# SPDX-License-Identifier: Apache-2.0
"""All metering points of the organisation with their states: one query path for the list, the map and the counts."""

from __future__ import annotations

import dataclasses
from functools import reduce
from typing import Final
from urllib.parse import urlencode

import polars as pl
from django.core.cache import cache
from django.http import QueryDict
from django.utils.translation import get_language

from avlest.collect.heard_of import get_heard_of
from avlest.insight.standing import get_standing
from avlest.portal.operations.stages import HEARD_NAMES, Stage, derive_stages
from avlest.portal.request import ViewerRequest
from avlest.portal.viewer import Viewer
from avlest.registry.media import get_media
from avlest.registry.models import AuditEntry, Gateway, Zone
from avlest.registry.places import get_point_places
from avlest.registry.rights import Right

_KEPT_SECONDS: Final = 60
_SEARCHED: Final = ("address", "unit", "code", "location", "serial", "printed")


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What a filter offers: the value in the address, the words, whether it is chosen."""

    value: str
    text: str
    is_chosen: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """The filters of list and map; empty: all.  `zone` is a number, `gateway` a code."""

    stage: str = ""
    medium: str = ""
    zone: int = 0
    gateway: str = ""
    search: str = ""

    def address(self, **changes: object) -> str:
        """The query of the same selection with some of it changed."""
        merged = {**dataclasses.asdict(self), **changes}
        kept = {("q" if name == "search" else name): value for name, value in merged.items() if value}
        return "?" + urlencode(kept)

    def choose(self, fleet: pl.DataFrame, *, without_stage: bool = False) -> pl.DataFrame:
        """Return the points that the filters leave; a word of the search may stand in any of the texts."""
        tests: list[pl.Expr] = [pl.col(name).eq(value) for name, value in self._get_equals().items() if value]
        text = pl.concat_str([pl.col(name).fill_null("") for name in _SEARCHED], separator=" ").str.to_lowercase()
        tests += [text.str.contains(word, literal=True) for word in self.search.lower().split()]
        if self.stage and not without_stage:
            tests.append(pl.col("stage") == self.stage)
        return fleet.filter(reduce(lambda one, other: one & other, tests)) if tests else fleet

    def _get_equals(self) -> dict[str, object]:
        return {"medium": self.medium, "zone": self.zone, "gateway": self.gateway}


def read_selection(query: QueryDict) -> Selection:
    """Return what the address asks for; what makes no sense is left out."""
    stage, zone = query.get("stage", ""), query.get("zone", "")
    return Selection(
        stage=stage if stage in set(Stage) else "",
        medium=query.get("medium", "") if query.get("medium", "") in get_media() else "",
        zone=int(zone) if zone.isascii() and zone.isdigit() and len(zone) < 18 else 0,
        gateway=query.get("gateway", "")[:64],
        search=query.get("q", "").strip()[:100],
    )


def get_fleet(viewer: Viewer, *, point_ids: list[int] | None = None) -> pl.DataFrame:
    """Return the organisation's points (None: all) with their states (`derive_stages`): five queries, whatever many."""
    viewer.actor.require(Right.VIEW_METERS)
    places = _get_all_places(viewer.scope) if point_ids is None else get_point_places(viewer.scope, point_ids)
    serials = None if point_ids is None else places["serial"].drop_nulls().to_list()
    heard = get_heard_of(viewer.scope, serials=serials, names=HEARD_NAMES)
    return derive_stages(places, heard, get_standing(viewer.scope))


def _get_all_places(organisation_id: int) -> pl.DataFrame:
    """The organisation's points with their meters, kept until the registry changes: every change has its audit row.

    A change that is committed after one with a later number is noticed when `_KEPT_SECONDS` are over.
    """
    last = AuditEntry.objects.of(organisation_id).order_by("-pk").values_list("pk", flat=True).first()
    key = f"fleet-places:{organisation_id}:{last}"
    if kept := cache.get(key):
        return pl.read_ipc(kept)
    places = get_point_places(organisation_id)
    cache.set(key, places.write_ipc(None).getvalue(), _KEPT_SECONDS)
    return places


def count_stages(fleet: pl.DataFrame) -> dict[Stage, int]:
    """How many points are in each state."""
    counted = dict(fleet.group_by("stage").len().iter_rows())
    return {stage: counted.get(str(stage), 0) for stage in Stage}


@dataclasses.dataclass(frozen=True, slots=True)
class Filters:
    """What the filter form offers."""

    media: list[Choice]
    zones: list[Choice]
    gateways: list[Choice]


def get_filters(request: ViewerRequest, fleet: pl.DataFrame, selection: Selection) -> Filters:
    """Return the media, zones and gateways that the organisation has."""
    language = get_language() or "nb"
    names = {code: medium.names.get(language, code) for code, medium in get_media().items()}
    media = [(code, names.get(code, code)) for code in fleet["medium"].unique().sort()]
    zones = [(str(row.pk), str(row)) for row in Zone.objects.of(request.viewer.scope).order_by("name", "code")]
    gateways = [
        (row.code, str(row))
        for row in Gateway.objects.of(request.viewer.scope).filter(retired_at__isnull=True).order_by("name", "code")
    ]
    return Filters(
        _choose(media, selection.medium), _choose(zones, str(selection.zone)), _choose(gateways, selection.gateway)
    )


def _choose(pairs: list[tuple[str, str]], chosen: str) -> list[Choice]:
    return [Choice(value, text, value == chosen) for value, text in pairs]
