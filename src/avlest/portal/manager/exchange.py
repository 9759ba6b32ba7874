# SPDX-License-Identifier: Apache-2.0
"""Exchanging a meter in three steps: what the old one showed, the new one, look over.

No step is kept on the server: what was typed before travels with the form, so that going back and two exchanges at
once are harmless, and it works without JavaScript.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from avlest.portal.forms import answer_form
from avlest.portal.manager.crumbs import Crumb, at_point, make_crumbs
from avlest.portal.manager.exchange_forms import Counting, NewForm, OldForm, PhotoForm
from avlest.portal.manager.latest import read_latest
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.readings.calendar import OSLO
from avlest.registry.access import access_row
from avlest.registry.errors import RegistryError
from avlest.registry.media import get_media
from avlest.registry.models import Installation, MeteringPoint, Series
from avlest.registry.rights import Right
from avlest.registry.services.documents import Upload, do_attach_document
from avlest.registry.services.installations import Mounting, RegisterValue, do_replace_meter
from avlest.wording import format_instant, format_quantity

_TEMPLATE: Final = "portal/manager/exchange.html"
_PHOTOS: Final = (("photo_value", "ended_id"), ("photo_seal", "started_id"))


@dataclasses.dataclass(slots=True)
class Exchange:
    """The exchange at one point: where, what hangs there, the forms of the first two steps."""

    request: ViewerRequest
    point: MeteringPoint
    current: Installation
    counts: list[Counting]

    def make_old(self, data: Any = None) -> OldForm:
        """The first step."""
        local = self.request.now.astimezone(OSLO)
        initial = {"day": local.date(), "clock": local.time()}
        since, now = self.current.starts_at, self.request.now
        return OldForm(data, counts=self.counts, since=since, now=now, initial=initial)

    def make_new(self, data: Any = None) -> NewForm:
        """The second step."""
        initial = {f"start_{each.series_id}": 0 for each in self.counts if each.is_main}
        return NewForm(data, counts=self.counts, organisation_id=self.request.viewer.scope, initial=initial)


@require_http_methods(["GET", "HEAD", "POST"])
def exchange_meter(request: ViewerRequest, point_id: int) -> HttpResponse:
    """The step asked for; the last one writes."""
    what = _open(request, point_id)
    if what is None:
        point = access_row(MeteringPoint, request.viewer.actor, point_id, right=Right.INSTALL_METERS)
        messages.warning(request, _("No meter hangs here, so there is none to exchange."))
        return HttpResponseRedirect(reverse("manager:point", args=[point.pk]))
    step = request.POST.get("step", "")
    old = what.make_old(request.POST if step else None)
    if step not in ("1", "2", "3") or request.POST.get("back") == "1" or not old.is_valid():
        return _show(what, 1, old)
    new = what.make_new(request.POST if step != "1" or "serial" in request.POST else None)
    if step == "1" or request.POST.get("back") == "2" or not new.is_valid():
        return _show(what, 2, new, earlier=[old])
    photos = PhotoForm(request.POST if step == "3" else None, request.FILES if step == "3" else None)
    if step == "3" and photos.is_valid() and _exchange(what, old, new, photos):
        messages.success(request, _("The meter is exchanged. Values go on across the exchange."))
        response = HttpResponseRedirect(reverse("manager:point", args=[point_id]))
        response.status_code = 303
        return response
    return _show(what, 3, photos, earlier=[old, new])


def _open(request: ViewerRequest, point_id: int) -> Exchange | None:
    """The point with its open main installation; None where nothing hangs there."""
    access_row(MeteringPoint, request.viewer.actor, point_id, right=Right.INSTALL_METERS)
    point = MeteringPoint.objects.select_related("unit__property", "property").get(pk=point_id)
    rows = Installation.objects.filter(point=point, role=Installation.Role.MAIN, ends_at__isnull=True)
    current = rows.select_related("meter").first()
    return None if current is None else Exchange(request, point, current, _list_counts(point))


def _list_counts(point: MeteringPoint) -> list[Counting]:
    """The counted main series of a point with the latest reading; the first of what is charged for is the main one."""
    rows = list(Series.objects.filter(point=point, kind="counter", role="main").order_by("qualifier", "tariff", "pk"))
    found = read_latest(get_store(), [row.pk for row in rows])
    medium = get_media().get(point.medium)
    main = next((row.pk for row in rows if medium and row.quantity == medium.quantity), rows[0].pk if rows else None)
    return [
        Counting(
            row.pk, row.quantity, row.qualifier, row.tariff, row.unit, row.pk == main,
            found.get(row.pk, (None, None))[1], found.get(row.pk, (None, None))[0],
        )
        for row in rows
    ]  # fmt: skip


def _show(what: Exchange, step: int, form: Any, earlier: list[Any] | None = None) -> HttpResponse:
    request, language = what.request, get_language() or "nb"
    kept = [(name, request.POST.get(name, "")) for each in earlier or [] for name in each.fields]
    if step == 1 and request.POST:
        # What was typed in the second step is not lost by going back to the first.
        kept = [(name, request.POST[name]) for name in what.make_new().fields if name in request.POST]
    context = {
        "step": step, "point": what.point, "meter": what.current.meter, "kept": kept, "counts": what.counts,
        "facts": _summarise(earlier, language) if step == 3 and earlier else [],
        "doubts": _find_doubts(what, earlier[0], language) if step == 3 and earlier else [],
        "crumbs": make_crumbs(*at_point(what.point), Crumb(_("Exchange the meter"))),
    }  # fmt: skip
    return answer_form(request, _TEMPLATE, form, context)


def _summarise(earlier: list[Any], language: str) -> list[tuple[str, str]]:
    """What is about to be written."""
    old, new = earlier
    meter = new.cleaned_data["serial"]

    def write(values: list[RegisterValue]) -> str:
        return ", ".join(format_quantity(each.value, each.unit, language=language, decimals=3) for each in values)

    facts = [
        (_("Exchanged"), format_instant(old.cleaned_data["at"], language=language)),
        (_("End value"), write(old.get_values())),
        (_("New meter"), str(meter)),
        (_("Start value"), write(new.get_values())),
        (_("Seal"), new.cleaned_data["seal"]),
        (_("Note"), new.cleaned_data["note"]),
    ]
    return [(name, text) for name, text in facts if text]


def _find_doubts(what: Exchange, old: OldForm, language: str) -> list[str]:
    """End values that lie below what was received before, or far above it."""
    doubts = []
    typed = {(value.quantity, value.qualifier, value.tariff): value.value for value in old.get_values()}
    for each in what.counts:
        value = typed.get((each.quantity, each.qualifier, each.tariff))
        if value is not None and each.last is not None and value < each.last:
            last = format_quantity(each.last, each.unit, language=language, decimals=3)
            words = _("The end value is lower than the last received, %(last)s. Is it read rightly?")
            doubts.append(words % {"last": last})
    return doubts


def _exchange(what: Exchange, old: OldForm, new: NewForm, photos: PhotoForm) -> bool:
    """Write both installations and the photos in one transaction; an error of the form when it is refused."""
    request = what.request
    cleaned = new.cleaned_data
    mounting = Mounting(
        meter_id=cleaned["serial"].pk, point_id=what.point.pk, starts_at=old.cleaned_data["at"], seal=cleaned["seal"],
        note=cleaned["note"], values=new.get_values(),
    )  # fmt: skip
    try:
        with transaction.atomic():
            done = do_replace_meter(request.viewer.actor, mounting, old_values=old.get_values(), now=request.now)
            for name, of in _PHOTOS:
                _attach(what, photos, name, getattr(done, of))
    except RegistryError as error:
        photos.add_error(None, _("The exchange was refused: %(detail)s.") % {"detail": error.detail})
        return False
    return True


def _attach(what: Exchange, photos: PhotoForm, name: str, installation_id: int) -> None:
    photo = photos.cleaned_data[name]
    if photo is not None:
        kind, content = photo
        upload = Upload(name, f"{what.point.code} {name}", kind, content, "installation", installation_id)
        do_attach_document(what.request.viewer.actor, upload, now=what.request.now)
