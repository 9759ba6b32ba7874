# SPDX-License-Identifier: Apache-2.0
"""Consents per stream: given, withdrawn, and ended by moving out; the table of streams is `consents.toml`."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from avlest.portal.access import SeriesAccess, access_own_series
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.homes import get_homes
from avlest.portal.resident.models import Consent
from avlest.portal.resident.series import Use, choose_uses
from avlest.portal.windows import Window, merge
from avlest.registry.rights import AccessDeniedError
from avlest.registry.services.audit import save_changed, save_new


@dataclasses.dataclass(frozen=True, slots=True)
class Stream:
    """What a consent is about; empty conditions fit everything."""

    code: str
    quantity: str
    unit: str
    medium: str
    words: Mapping[str, Mapping[str, str]]

    def fits(self, each: SeriesAccess) -> bool:
        """Whether a series is of this stream."""
        found = {"quantity": each.series.quantity, "unit": each.series.unit, "medium": each.access.point.medium}
        return all(not getattr(self, name) or getattr(self, name) == value for name, value in found.items())


@dataclasses.dataclass(frozen=True, slots=True)
class ConsentLine:
    """A stream at a point, as shown: what for, who gets it, and whether it is allowed."""

    point_id: int
    stream: str
    title: str
    purpose: str
    recipient: str
    place: str
    given_at: datetime | None


class ConsentForm(forms.Form):
    """One stream of one point, given or withdrawn."""

    point = forms.IntegerField()
    stream = forms.CharField(max_length=30)
    is_given = forms.BooleanField(required=False)


@cache
def load_streams() -> Mapping[str, Stream]:
    """Return the table of streams."""
    text = resources.files("avlest.portal.resident").joinpath("consents.toml").read_text(encoding="utf-8")
    rows: dict[str, Any] = tomllib.loads(text)["stream"]
    return {
        code: Stream(
            code, row["quantity"], row["unit"], row["medium"], {name: row[name] for name in ("nb", "nn", "en")}
        )
        for code, row in rows.items()
    }


def has_consent(party_ids: Iterable[int], point_id: int, stream: str, *, now: datetime) -> bool:
    """Whether a person lets a stream of a point be used now: given, not withdrawn, and they still live there."""
    return point_id in get_allowed(party_ids, stream, now=now)


def get_allowed(party_ids: Iterable[int], stream: str, *, now: datetime) -> frozenset[int]:
    """Return the points of which a person lets a stream be used now."""
    rows = Consent.objects.filter(
        _get_present(now), tenancy__party_id__in=list(party_ids), stream=stream, withdrawn_at__isnull=True
    )
    return frozenset(rows.values_list("point_id", flat=True))


def get_consented(
    organisation_id: int,
    point_ids: Collection[int],
    stream: str,
    *,
    now: datetime,
    party_ids: Collection[int] | None = None,
) -> dict[int, tuple[Window, ...]]:
    """Return by point the times of the tenancies in which a stream may be used: given, not withdrawn, still going on.

    `party_ids`: given by these people; None: by whoever lives there.
    """
    rows = Consent.objects.of(organisation_id).filter(
        _get_present(now), point_id__in=list(point_ids), stream=stream, withdrawn_at__isnull=True
    )
    if party_ids is not None:
        rows = rows.filter(tenancy__party_id__in=list(party_ids))
    found: dict[int, tuple[Window, ...]] = {}
    for point, start, stop in rows.values_list("point_id", "tenancy__starts_at", "tenancy__ends_at"):
        found[point] = (*found.get(point, ()), Window(start, stop))
    return {point: merge(windows) for point, windows in found.items()}


def _get_present(now: datetime) -> Q:
    return Q(tenancy__starts_at__lte=now) & (Q(tenancy__ends_at__isnull=True) | Q(tenancy__ends_at__gt=now))


@require_http_methods(["GET", "HEAD", "POST"])
def show_consents(request: ViewerRequest) -> HttpResponse:
    """What the resident allows, stream by stream, each with its button."""
    lines = _get_lines(request)
    if request.method == "POST":
        form = ConsentForm(request.POST)
        if form.is_valid():
            _change(request, lines, form.cleaned_data)
        return redirect("resident:consents")
    return render(request, "portal/resident/consents.html", {"lines": lines})


def _get_lines(request: ViewerRequest) -> list[ConsentLine]:
    own = [each for each in access_own_series(request.viewer) if _is_present(each, request.now)]
    given = {
        (row.point_id, row.stream): row.given_at
        for row in Consent.objects.of(request.viewer.scope).filter(
            tenancy_id__in=[home.tenancy_id for home in get_homes(request, is_present=True)], withdrawn_at__isnull=True
        )
    }
    names = {use.point_id: use.name for use in choose_uses(own)}
    found: dict[tuple[int, str], ConsentLine] = {}
    for stream in load_streams().values():
        for each in own:
            key = (each.series.point_id, stream.code)
            if stream.fits(each) and key not in found:
                words = stream.words[get_language() or "nb"]
                found[key] = ConsentLine(
                    *key,
                    words["title"],
                    words["purpose"],
                    words["recipient"],
                    names.get(key[0], Use(each).medium),
                    given.get(key),
                )
    return list(found.values())


def _is_present(each: SeriesAccess, now: datetime) -> bool:
    """Consents are of those who live there: an owner who lets the place has none to give."""
    return any(window.contains(now) for window in each.access.hours)


@transaction.atomic
def _change(request: ViewerRequest, lines: Sequence[ConsentLine], data: Mapping[str, Any]) -> None:
    line = next((each for each in lines if (each.point_id, each.stream) == (data["point"], data["stream"])), None)
    if line is None:
        raise AccessDeniedError("no such stream of yours")
    if data["is_given"] and line.given_at is None:
        _give(request, line)
        messages.success(request, _("Allowed. You can withdraw it here at any time."))
    elif not data["is_given"] and line.given_at is not None:
        rows = Consent.objects.of(request.viewer.scope).select_for_update().filter(
            point_id=line.point_id, stream=line.stream, withdrawn_at__isnull=True,
            tenancy__party_id__in=request.viewer.party_ids,
        )  # fmt: skip
        for row in rows:
            save_changed(request.viewer.actor, row, {"withdrawn_at": request.now}, now=request.now, action="withdraw")
        messages.success(request, _("Withdrawn. It is not used any more."))


def _give(request: ViewerRequest, line: ConsentLine) -> None:
    own = next(each for each in access_own_series(request.viewer) if each.series.point_id == line.point_id)
    point = own.access.point
    home = next(
        home
        for home in get_homes(request, is_present=True)
        if (home.unit_id == point.unit_id if point.unit_id else home.property_id == point.property_id)
    )
    row = Consent(
        organisation_id=request.viewer.scope, tenancy_id=home.tenancy_id, point_id=line.point_id, stream=line.stream,
        given_at=request.now, given_by=request.viewer.name[:150],
    )  # fmt: skip
    save_new(request.viewer.actor, row, now=request.now, action="consent")
