# SPDX-License-Identifier: Apache-2.0
"""Lists taken in: what a file would do and what is wrong by row, then the import itself.  Keys are never shown."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from avlest.portal.billing.holding import access_held, do_hold, do_release
from avlest.portal.billing.uploads import Sent, SentField, check_key_list
from avlest.portal.billing.words import LIST_KINDS, THINGS, explain_problem, get_word
from avlest.portal.forms import UNPROCESSABLE, Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.sentences import tell
from avlest.registry.errors import RegistryError
from avlest.registry.importing.engine import KINDS, Upload, do_import, preview_import
from avlest.registry.importing.report import ImportFileError, ImportReport, OnError
from avlest.registry.rights import Actor

_GET_POST: Final = ["GET", "HEAD", "POST"]
_PAGE: Final = "portal/billing/import.html"


class ListForm(Form):
    """What kind of list, and the file."""

    kind = forms.ChoiceField(label=gettext_lazy("What the list holds"))
    file = SentField(
        label=gettext_lazy("File"), check=check_key_list, max_mb=100,
        help_text=gettext_lazy("CSV or Excel; for keys also the maker's own file. Nothing is kept before you say so."),
    )  # fmt: skip
    password = forms.CharField(
        label=gettext_lazy("Password of the file"), required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Only for a key file that is encrypted."),
    )  # fmt: skip
    submit = gettext_lazy("See what it would do")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = [name for name, kind in KINDS.items() if kind.right in actor.rights]
        self.fields["kind"].choices = [(name, LIST_KINDS[name]) for name in allowed]  # type: ignore[attr-defined]


class ApplyForm(Form):
    """Whether to take in the good rows of a list that has bad ones."""

    skip_bad = forms.BooleanField(label=gettext_lazy("Leave out the bad rows and take in the others"), required=False)
    password = forms.CharField(
        label=gettext_lazy("Password of the file"), required=False, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    submit = gettext_lazy("Take in the list")

    def __init__(self, *args: Any, has_bad: bool, needs_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_bad:
            del self.fields["skip_bad"]
        if not needs_password:
            del self.fields["password"]


@require_http_methods(_GET_POST)
def show_import(request: ViewerRequest) -> HttpResponse:
    """Choose a list; a POST shows what it would do, row by row where something is wrong."""
    actor = request.viewer.actor
    data = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ListForm(*data, actor=actor)
    if request.method != "POST" or not form.is_valid():
        return answer_form(request, _PAGE, form)
    kind, sent = form.cleaned_data["kind"], form.cleaned_data["file"]
    password = form.cleaned_data["password"] or None
    report = _read(form, lambda: preview_import(actor, kind, _to_upload(sent, password), now=request.now))
    if report is None:
        return answer_form(request, _PAGE, form)
    held = do_hold(actor, kind, sent, now=request.now)
    apply = ApplyForm(has_bad=bool(report.bad_rows), needs_password=password is not None)
    return _show_report(request, report, held, apply)


def _to_upload(sent: Sent, password: str | None) -> Upload:
    return Upload(sent.name, sent.content, password)


def _read(form: Form, read: Any) -> ImportReport | None:
    """Do it; what is wrong with the file as a whole is said at the field."""
    field = "file" if "file" in form.fields else None
    try:
        report: ImportReport = read()
    except ImportFileError as error:
        form.add_error(field, _("The file cannot be read: %(why)s") % {"why": tell(error)})
    except RegistryError as refused:
        form.add_error(field, f"{explain_problem(refused.problem)} {refused.detail}")
    else:
        return report
    return None


def _show_report(request: ViewerRequest, report: ImportReport, held: int, form: Form) -> HttpResponse:
    is_wrong = form.is_bound and bool(form.errors)
    context = {
        "report": report,
        "held": held,
        "form": form,
        "created": [(get_word(THINGS, name), count) for name, count in report.created.items()],
        "updated": [(get_word(THINGS, name), count) for name, count in report.updated.items()],
        "kind": LIST_KINDS[report.kind],
        "does_anything": bool(report.created or report.updated),
    }
    return render(request, "portal/billing/import_preview.html", context, status=UNPROCESSABLE if is_wrong else 200)


@require_http_methods(_GET_POST)
def apply_import(request: ViewerRequest, held_id: int) -> HttpResponse:
    """Take in the list that was looked at; after an hour it must be sent again."""
    actor = request.viewer.actor
    kind, sent = access_held(actor, held_id, now=request.now)
    is_allowed = kind in KINDS and KINDS[kind].right in actor.rights
    if sent is None or not is_allowed or request.method != "POST":
        messages.error(request, _("The list is not kept any more. Send it again."))
        return redirect("billing:import")
    password = request.POST.get("password") or None
    form = ApplyForm(request.POST, has_bad=True, needs_password="password" in request.POST)
    form.is_valid()
    skip = form.cleaned_data.get("skip_bad", False)
    on_error = OnError.SKIP_BAD if skip else OnError.REFUSE_ALL
    upload = _to_upload(sent, password)
    report = _read(form, lambda: do_import(actor, kind, upload, on_error=on_error, now=request.now))
    if report is None:
        return answer_form(request, _PAGE, form)
    if not report.applied:
        form.add_error("skip_bad", _("Some rows are bad: tick here to leave them out, or mend the file."))
        return _show_report(request, report, held_id, form)
    do_release(held_id)
    text = _("The list was taken in: %(good)d rows, %(bad)d left out.")
    messages.success(request, text % {"good": report.good_rows, "bad": report.bad_rows})
    return redirect("billing:import")
