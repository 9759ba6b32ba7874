# SPDX-License-Identifier: Apache-2.0
"""Telegrams that cannot be read, by make; a telegram byte by byte; a draft of the catalogue file that is missing."""

from __future__ import annotations

import dataclasses
from binascii import Error as HexError
from binascii import unhexlify
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from avlest.catalogue.catalogue import Catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.explain import Explained, ExplainedPart, explain_telegram
from avlest.collect.formats.fields import parse_hex
from avlest.collect.formats.model import FormatError
from avlest.collect.heard import LARGEST_PAYLOAD, MBUS, WMBUS
from avlest.collect.options import read_collect_options
from avlest.collect.processes import load_catalogue
from avlest.collect.unread import (
    UnreadTelegram,
    get_stored_telegram,
    get_unknown_makes,
    get_unread,
    get_unread_telegram,
    get_unread_telegrams,
)
from avlest.portal.forms import Form, answer_form
from avlest.portal.operations.words import name_outcome
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.registry.models import Meter
from avlest.registry.rights import AccessDeniedError, Right
from avlest.telegrams.outcomes import Outcome, TelegramError

_A_LINE: Final = 8
_KEY_SIZES: Final = (8, 16)
_LAYERS: Final = 5


@dataclasses.dataclass(frozen=True, slots=True)
class ByteRow:
    """Some bytes as shown: where they begin, in hexadecimal, their layer (`tone` numbers its colour), their meaning."""

    offset: int
    hex: str
    layer: str
    tone: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A telegram as a page shows it: taken apart, or plain bytes with what stopped the reading."""

    rows: tuple[ByteRow, ...]
    explained: Explained | None = None
    error: TelegramError | None = None

    @property
    def values(self) -> list[tuple[str, object]]:
        """What was read, by field."""
        return [
            (name, "–" if value is None else value)
            for name, value in (self.explained.values if self.explained else {}).items()
        ]

    @property
    def reason(self) -> str:
        """What stopped the reading, in the reader's words."""
        return name_outcome(self.error.outcome.value) if self.error else ""


def explain(telegram: bytes, *, keys: tuple[bytes, ...] = ()) -> Shown:
    """Take a telegram apart as far as that goes; never raises for what it holds."""
    try:
        found = explain_telegram(Decoder(get_catalogue()), telegram, keys=keys)
    except TelegramError as error:
        return Shown(_dump(telegram), error=error)
    layers = list(dict.fromkeys(part.layer for part in found.parts))
    rows = [row for part in found.parts for row in _to_rows(found.clear, part, layers.index(part.layer) % _LAYERS)]
    return Shown(tuple(rows), explained=found, error=found.error)


def _to_rows(clear: bytes, part: ExplainedPart, tone: int) -> list[ByteRow]:
    """A part in lines of eight bytes; its meaning stands at the first."""
    data = clear[part.start : part.end]
    return [
        ByteRow(part.start + at, data[at : at + _A_LINE].hex(" ").upper(), part.layer, tone, "" if at else part.text)
        for at in range(0, len(data), _A_LINE)
    ]


def _dump(data: bytes) -> tuple[ByteRow, ...]:
    return tuple(
        ByteRow(at, data[at : at + _A_LINE].hex(" ").upper(), "", 0, "") for at in range(0, len(data), _A_LINE)
    )


def get_catalogue() -> Catalogue:
    """Return the catalogue as the workers have it, the organisation's own files first; read once for the process."""
    return _load(settings.AVLEST.resolve(_get_options().catalogue))


@lru_cache(maxsize=2)
def _load(folder: Path) -> Catalogue:
    return load_catalogue(folder)


def _get_options() -> Any:
    return read_collect_options(settings.AVLEST)


@require_safe
def show_unread(request: ViewerRequest) -> HttpResponse:
    """What cannot be read, by make and reason, and meters that are read without a file of their own."""
    request.viewer.actor.require(Right.VIEW_METERS)
    scope = request.viewer.scope
    context = {
        "groups": get_unread(scope, found_by=_get_options().found_by),
        "makes": get_unknown_makes(scope),
        "keeps_all": _get_options().keep_all,
        "keep_days": _get_options().keep_days,
    }
    return render(request, "portal/operations/unread.html", context)


@require_safe
def show_unread_group(request: ViewerRequest) -> HttpResponse:
    """The newest telegrams of one make and reason: `?make=KAM&outcome=bad_records`."""
    request.viewer.actor.require(Right.VIEW_METERS)
    make, outcome = request.GET.get("make", "")[:3], request.GET.get("outcome", "")[:30]
    telegrams = get_unread_telegrams(
        request.viewer.scope, found_by=_get_options().found_by, manufacturer=make, outcome=outcome
    )
    context = {"telegrams": telegrams, "make": make, "outcome": outcome}
    return render(request, "portal/operations/unread_group.html", context)


def _access_telegram(request: ViewerRequest, kept_id: int) -> UnreadTelegram:
    request.viewer.actor.require(Right.VIEW_METERS)
    found = get_unread_telegram(request.viewer.scope, kept_id, found_by=_get_options().found_by)
    if found is None:
        raise AccessDeniedError(f"no telegram {kept_id} in this organisation")
    return found


@require_safe
def show_telegram(request: ViewerRequest, kept_id: int) -> HttpResponse:
    """One kept telegram byte by byte."""
    telegram = _access_telegram(request, kept_id)
    shown = explain(telegram.payload) if telegram.road in (WMBUS, MBUS) else Shown(_dump(telegram.payload))
    context = {"telegram": telegram, "shown": shown, "draft": reverse("operations:draft", args=[kept_id])}
    return render(request, "portal/operations/telegram.html", context)


@require_safe
def get_draft(request: ViewerRequest, kept_id: int) -> HttpResponse:
    """The draft of a catalogue file for the meter of a kept telegram."""
    telegram = _access_telegram(request, kept_id)
    return _answer_draft(request, explain(telegram.payload) if telegram.road in (WMBUS, MBUS) else None)


@require_safe
def get_make_draft(request: ViewerRequest, meter_id: int) -> HttpResponse:
    """The draft for a registered meter that no file knows; needs a stored telegram of it."""
    request.viewer.actor.require(Right.VIEW_METERS)
    row = Meter.objects.of(request.viewer.scope).filter(pk=meter_id).first()
    if row is None:
        raise AccessDeniedError(f"no meter {meter_id} in this organisation")
    telegram = get_stored_telegram(get_store(), row.serial, now=request.now)
    return _answer_draft(request, explain(telegram) if telegram else None)


def _answer_draft(request: ViewerRequest, shown: Shown | None) -> HttpResponse:
    """The draft as a file; where there is none, the bench, which takes a telegram from elsewhere."""
    if shown is None or shown.explained is None or not shown.explained.draft:
        messages.info(request, _("No stored telegram gives a draft. Paste one here."))
        return redirect("operations:bench")
    name = shown.explained.draft.split('"', 2)[1]
    headers = {"Content-Disposition": f'attachment; filename="{name}.toml"'}
    return HttpResponse(shown.explained.draft, content_type="text/plain; charset=utf-8", headers=headers)


class BenchForm(Form):
    """A telegram somebody has, and the key where it needs one; neither is kept."""

    telegram = forms.CharField(
        label=gettext_lazy("Telegram"), widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=gettext_lazy("In hexadecimal, as a receiver shows it. Blanks and line breaks do not matter."),
        max_length=4 * LARGEST_PAYLOAD, strip=True,
    )  # fmt: skip
    key = forms.CharField(
        label=gettext_lazy("Key"), required=False, max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("32 hexadecimal digits, for an encrypted telegram. Neither is kept."),
    )  # fmt: skip
    submit = gettext_lazy("Explain")

    def clean_telegram(self) -> bytes:
        """The bytes; what is no hexadecimal is named with its place."""
        try:
            found = parse_hex("".join(self.cleaned_data["telegram"].split()))
        except FormatError as error:
            raise forms.ValidationError(_("This is not hexadecimal: %(detail)s") % {"detail": str(error)}) from error
        if not found:
            raise forms.ValidationError(_("There are no hexadecimal digits."))
        if len(found) > LARGEST_PAYLOAD:
            raise forms.ValidationError(_("Longer than any telegram."))
        return found

    def clean_key(self) -> bytes:
        """The key, or nothing."""
        text = "".join(self.cleaned_data["key"].split())
        try:
            found = unhexlify(text)
        except (HexError, ValueError) as error:
            raise forms.ValidationError(_("A key is hexadecimal.")) from error
        if found and len(found) not in _KEY_SIZES:
            raise forms.ValidationError(_("A key has 32 hexadecimal digits (16 for DES)."))
        return found


@require_http_methods(["GET", "HEAD", "POST"])
def show_bench(request: ViewerRequest) -> HttpResponse:
    """Paste a telegram, see what each byte means."""
    form = BenchForm(request.POST if request.method == "POST" else None)
    shown = None
    if request.method == "POST" and form.is_valid():
        key = form.cleaned_data["key"]
        shown = explain(form.cleaned_data["telegram"], keys=(key,) if key else ())
        if shown.error is not None:
            is_key = shown.error.outcome in (Outcome.KEY_MISSING, Outcome.KEY_WRONG, Outcome.MAC_WRONG)
            form.add_error("key" if is_key else "telegram", shown.reason)
    return answer_form(request, "portal/operations/bench.html", form, {"shown": shown})


def count_unread(request: ViewerRequest) -> int:
    """How many telegrams of the organisation wait to be read."""
    return sum(group.telegrams for group in get_unread(request.viewer.scope, found_by=_get_options().found_by))
