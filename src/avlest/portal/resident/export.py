# SPDX-License-Identifier: Apache-2.0
"""Everything that is kept about a person, as one file for programs: JSON for facts, CSV for values, invoices as PDF."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from avlest.insight.models import Message
from avlest.insight.wishes import get_wishes
from avlest.portal.access import SeriesAccess, access_daily, access_hourly, access_own_series, access_readings
from avlest.portal.looks import access_looks
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.homes import get_homes
from avlest.portal.resident.models import Consent, Fault, MoveNotice, PrivacyRequest
from avlest.portal.resident.overview import get_own_alarms
from avlest.portal.resident.people import get_contact
from avlest.portal.security import may_try
from avlest.portal.store import get_store
from avlest.settlement import access as settlement

_AN_HOUR: Final = 10
_NAMES: Final = ("series", "point", "medium", "quantity", "unit")


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: ViewerRequest) -> HttpResponse:
    """Say what is in the file; on POST make it."""
    if request.method != "POST":
        return render(request, "portal/resident/export.html")
    if not may_try("export", str(request.viewer.user_id), limit=_AN_HOUR, seconds=3600):
        return render(request, "portal/common/too_many.html", status=429)
    answer = HttpResponse(make_export(request), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="mine-data-{request.now:%Y-%m-%d}.zip"'
    return answer


def make_export(request: ViewerRequest) -> bytes:
    """Return the zip file: values only of the person's own time, amounts in øre, instants ISO 8601 in UTC."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, facts in _gather_facts(request).items():
            archive.writestr(f"{name}.json", json.dumps(facts, default=_to_plain, ensure_ascii=False, indent=1))
        for name, frame in _gather_values(request).items():
            archive.writestr(f"{name}.csv", frame.write_csv(datetime_format="%Y-%m-%dT%H:%M:%SZ"))
    return file.getvalue()


def _gather_facts(request: ViewerRequest) -> dict[str, Any]:
    viewer, parties = request.viewer, sorted(request.viewer.party_ids)
    homes = get_homes(request)
    tenancies = [home.tenancy_id for home in homes]
    invoices = settlement.access_own_invoices(parties, limit=1000)
    return {
        "person": {"contact": get_contact(parties), "organisation": viewer.organisation_name, "login": viewer.name},
        "places": homes,
        "points": [_describe(each) for each in access_own_series(viewer)],
        "alarms": get_own_alarms(request),
        "channels": get_wishes(parties),
        "messages": _list(Message, "name channel address subject body state made_at sent_at", party_id__in=parties),
        "consents": _list(Consent, "point_id stream given_at withdrawn_at", tenancy_id__in=tenancies),
        "faults": _list(Fault, "kind text state made_at answer answered_at", party_id__in=parties),
        "moves": _list(MoveNotice, "day successor state made_at answer", party_id__in=parties),
        "requests": _list(PrivacyRequest, "kind text state made_at answer", party_id__in=parties),
        "looks": access_looks(viewer, limit=10_000),
        "invoices": [{"invoice": each, "lines": settlement.access_own_lines(parties, each.id)} for each in invoices],
    }


def _list(model: Any, names: str, **wanted: Any) -> list[dict[str, Any]]:
    return list(model.objects.filter(**wanted).order_by("pk").values(*names.split()))


def _describe(each: SeriesAccess) -> dict[str, Any]:
    values = (each.series.id, each.access.point.code, each.access.point.medium, each.series.quantity, each.series.unit)
    return dict(zip(_NAMES, values, strict=True))


def _gather_values(request: ViewerRequest) -> dict[str, pl.DataFrame]:
    """Thousandths of the unit that `points.json` names; a register's value counts from when the person took over."""
    viewer, store, own = request.viewer, get_store(), access_own_series(request.viewer)
    starts = [window.start for each in own for window in each.access.hours]
    if not starts:
        return {}
    first, now = min(starts), request.now
    readings = [
        access_readings(viewer, store, each, first, now, now=now).with_columns(series=pl.lit(each.series.id))
        for each in own
        if each.series.kind == "counter"
    ]
    return {
        "hourly": access_hourly(viewer, store, own, first, now, now=now),
        "daily": access_daily(viewer, store, own, first, now, now=now),
        "readings": pl.concat(readings, how="vertical_relaxed") if readings else pl.DataFrame(),
    }


def _to_plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, frozenset | set | tuple):
        return sorted(value, key=str)
    return str(value)
