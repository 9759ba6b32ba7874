# SPDX-License-Identifier: Apache-2.0
"""The steps of a run that was made: control, preview, approval by a second person, sending, correction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Final

from django import forms
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from avlest.portal.billing.lists import SIZE, Page, read_asked
from avlest.portal.billing.models import Work
from avlest.portal.billing.packing import pack_files
from avlest.portal.billing.refusals import try_form, try_to
from avlest.portal.billing.steps import APPROVE, CONTROL, CORRECT, PREVIEW, SEND, get_front, get_steps
from avlest.portal.billing.work import do_ask
from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.portal.tables import write_csv
from avlest.registry.access import access_row
from avlest.registry.rights import Actor, Right
from avlest.settlement import access
from avlest.settlement.documents.ehf import EhfError
from avlest.settlement.infos import KindSum, RunInfo
from avlest.settlement.models import Run, RunException
from avlest.settlement.previews import (
    ORDERS,
    access_exception,
    access_preview_accounts,
    get_run_documents,
)
from avlest.settlement.services.documents import do_archive_ehf
from avlest.settlement.services.exports import export_basis, export_documents
from avlest.settlement.services.rerun import rerun_run
from avlest.settlement.services.runs import do_accept_exception, do_approve_run, do_drop_run

_GET_POST: Final = ["GET", "HEAD", "POST"]
_BASIS: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
_DOCUMENTS: Final = ("pdf", "ehf")


class AcceptForm(Form):
    """Why a warning may stand."""

    reason = forms.CharField(label=gettext_lazy("Why it may stand"), max_length=500)
    submit = gettext_lazy("Let it stand")


class ApproveForm(Form):
    """What the second person says they have done."""

    looked = forms.BooleanField(
        label=gettext_lazy("I have looked at the control sheet and the exceptions."),
        error_messages={"required": gettext_lazy("Look at the control first, and tick here.")},
    )  # fmt: skip
    submit = gettext_lazy("Approve the run")


def _context(request: ViewerRequest, run: RunInfo, step: int) -> dict[str, Any]:
    rights = request.viewer.rights
    return {
        "run": run,
        "steps": get_steps(step, run),
        "can_run": Right.RUN_SETTLEMENT in rights,
        "can_approve": Right.APPROVE_SETTLEMENT in rights,
    }


@require_safe
def open_run(request: ViewerRequest, run_id: int) -> HttpResponse:
    """The step in which a run is."""
    return redirect(get_front(access.access_run(request.viewer.actor, run_id)))


@require_safe
def show_control(request: ViewerRequest, run_id: int) -> HttpResponse:
    """Step 3: is everything read, what is odd, what does it sum up to."""
    actor, asked = request.viewer.actor, read_asked(request.GET)
    control = access.access_run_control(actor, run_id)
    code = request.GET.get("code", "")
    code = code if code in control.exceptions else ""
    count = control.exceptions[code] if code else sum(control.exceptions.values())
    found = access.access_exceptions(
        actor, run_id, code=code, language=request.LANGUAGE_CODE, offset=asked.offset, limit=SIZE
    )
    context = _context(request, control.run, CONTROL) | {
        "control": control,
        "share": derive_read_share(actor, run_id),
        "code": code,
        "exceptions": Page(tuple(found), count, asked),
        "open_warnings": _count_open(control.run),
        "is_preview": control.run.state == "preview",
        "kinds": sort_kinds(control.kinds),
        "zones": control.zones,
    }
    return render(request, "portal/billing/run_control.html", context)


def derive_read_share(actor: Actor, run_id: int) -> Fraction | None:
    """Return the share of meter days that were read, as the control sheet counted them; None without any."""
    control = access_row(Run, actor, run_id, right=Right.VIEW_SETTLEMENT).control
    days = control.get("days", 0)
    unread = control.get("estimated_days", 0) + control.get("missing_days", 0)
    return Fraction(days - unread, days) if days else None


def sort_kinds(kinds: Sequence[KindSum]) -> list[KindSum]:
    """Return sums by service, what was used first, then what is taken off, then what is charged."""
    order = ("settlement", "advance_deduction", "fixed_deduction", "correction", "advance", "fixed", "work", "once")
    places = {kind: place for place, kind in enumerate(order)}
    return sorted(kinds, key=lambda one: (one.service, places.get(one.kind, len(order))))


def _count_open(run: RunInfo) -> int:
    rows = RunException.objects.of(run.organisation_id).filter(run_id=run.id, severity="warning")
    return rows.filter(accepted_at__isnull=True).count()


@require_http_methods(_GET_POST)
def accept_exception(request: ViewerRequest, run_id: int, exception_id: int) -> HttpResponse:
    """Let a warning stand, with the reason."""
    actor = request.viewer.actor
    run = access.access_run(actor, run_id)
    of_run, one = access_exception(actor, exception_id, language=request.LANGUAGE_CODE)
    if of_run != run.id:
        raise Http404
    form = AcceptForm(request.POST if request.method == "POST" else None)
    context = _context(request, run, CONTROL) | {"one": one}
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        do = lambda: do_accept_exception(actor, exception_id, reason=reason, now=request.now)  # noqa: E731
        if try_form(form, do, field="reason"):
            return redirect("billing:run_control", run_id=run_id)
    return answer_form(request, "portal/billing/run_exception.html", form, context)


@require_safe
def show_preview(request: ViewerRequest, run_id: int) -> HttpResponse:
    """Step 4: what each account comes to."""
    actor, asked = request.viewer.actor, read_asked(request.GET)
    run = access.access_run(actor, run_id)
    order = request.GET.get("order", "number")
    order = order if order in ORDERS else "number"
    found = access_preview_accounts(actor, run_id, search=asked.search, order=order, offset=asked.offset, limit=SIZE)
    context = _context(request, run, PREVIEW) | {
        "page": Page(found.rows, found.count, asked), "order": order, "asked": asked
    }  # fmt: skip
    return render(request, "portal/billing/run_preview.html", context)


@require_safe
def show_account(request: ViewerRequest, run_id: int, account_id: int) -> HttpResponse:
    """The lines of an account in a run, each opening to its explanation."""
    actor, language = request.viewer.actor, request.LANGUAGE_CODE
    run = access.access_run(actor, run_id)
    account = access.access_account(actor, account_id)
    lines = access.access_preview_lines(actor, run_id, account_id, language=language, store=get_store())
    context = _context(request, run, PREVIEW) | {
        "account": account,
        "lines": lines,
        "sums": next(iter(access_preview_accounts(actor, run_id, account_id=account_id).rows), None),
    }
    return render(request, "portal/billing/run_account.html", context)


@require_http_methods(_GET_POST)
def approve(request: ViewerRequest, run_id: int) -> HttpResponse:
    """Step 5: another person than the one who made the run approves it."""
    actor = request.viewer.actor
    control = access.access_run_control(actor, run_id)
    run = control.run
    form = ApproveForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        actor.require(Right.APPROVE_SETTLEMENT)
        if form.is_valid() and try_form(form, lambda: do_approve_run(actor, run_id, now=request.now)):
            return redirect("billing:run_send", run_id=run_id)
    context = _context(request, run, APPROVE) | {
        "control": control, "is_own": _is_own(actor, run), "open_warnings": _count_open(run)
    }  # fmt: skip
    return answer_form(request, "portal/billing/run_approve.html", form, context)


def _is_own(actor: Actor, run: RunInfo) -> bool:
    row = access_row(Run, actor, run.id, right=Right.VIEW_SETTLEMENT)
    return run.made_by == actor.name or (actor.user_id is not None and row.made_by_user == actor.user_id)


@require_POST
def drop(request: ViewerRequest, run_id: int) -> HttpResponse:
    """Put aside a run of which nothing was issued."""
    actor = request.viewer.actor
    access.access_run(actor, run_id)
    try_to(request, lambda: do_drop_run(actor, run_id, now=request.now), done=_("The run was put aside."))
    return redirect("billing:runs")


@require_http_methods(_GET_POST)
def send(request: ViewerRequest, run_id: int) -> HttpResponse:
    """Step 6: make the invoices of an approved run, and take them out as files."""
    actor = request.viewer.actor
    control = access.access_run_control(actor, run_id)
    if request.method == "POST":
        number = do_ask(actor, Work.Kind.ISSUE, {"run": run_id}, now=request.now)
        return redirect("billing:work", work_id=number)
    context = _context(request, control.run, SEND) | {
        "control": control, "invoices": access.access_invoices(actor, run_id=run_id, limit=10)
    }  # fmt: skip
    return render(request, "portal/billing/run_send.html", context)


@require_safe
def export(request: ViewerRequest, run_id: int, kind: str) -> HttpResponse | FileResponse:
    """The invoices of a run as a basis for accounting (`csv`, `xlsx`, `json`) or one by one (`pdf`, `ehf`) in a ZIP."""
    actor = request.viewer.actor
    run = access.access_run(actor, run_id)
    name = f"{run.kind}-{run.year}-{run.id}"
    if kind in _BASIS:
        headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        return HttpResponse(export_basis(actor, run_id=run_id, kind=kind), content_type=_BASIS[kind], headers=headers)
    if kind not in _DOCUMENTS:
        raise Http404
    files = _collect(request, run_id, kind)
    return FileResponse(pack_files(files), as_attachment=True, filename=f"{name}-{kind}.zip")


def _collect(request: ViewerRequest, run_id: int, kind: str) -> Iterator[tuple[str, bytes]]:
    """The documents of a run; invoices to persons have no EHF and are named in a list of their own."""
    actor = request.viewer.actor
    if kind == "pdf":
        yield from export_documents(actor, run_id=run_id, kind=kind, store=get_store(), now=request.now)
        return
    without: list[tuple[object, ...]] = []
    for key, name, number in get_run_documents(actor, run_id):
        try:
            yield f"{name}-{number}.xml", do_archive_ehf(actor, key, now=request.now)
        except EhfError as error:
            without.append((name, number, error))
    if without:
        yield "uten-ehf.csv", write_csv([_("Kind"), _("Number"), _("Why")], without)


@require_safe
def show_correction(request: ViewerRequest, run_id: int) -> HttpResponse:
    """Step 7: run it again to see that it is the same, what is known since, and which invoices to credit."""
    actor = request.viewer.actor
    run = access.access_run(actor, run_id)
    context = _context(request, run, CORRECT)
    if request.GET.get("again") == "1":
        again = rerun_run(actor, run_id, store=get_store(), now=request.now)
        since = [(one, access.access_account(actor, one.account_id)) for one in (again.since or ())[:100]]
        context |= {"again": again, "since": since}
    return render(request, "portal/billing/run_correct.html", context)
