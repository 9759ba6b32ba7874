# SPDX-License-Identifier: Apache-2.0
"""What settlement gives to pages and commands, as the frozen values of `settlement.infos`.

These functions do not check who asks: pages go through `settlement.access`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import polars as pl
from django.db.models import Count, Q, QuerySet, Sum

from avlest.project.prepared import Prepared
from avlest.readings.tables import Store
from avlest.settlement import models
from avlest.settlement.core.sentences import write_line_text
from avlest.settlement.exceptions import write_exception
from avlest.settlement.infos import (
    AccountInfo,
    ExceptionInfo,
    ExpectedInfo,
    InvoiceInfo,
    KindSum,
    LineInfo,
    OpenItem,
    PaymentInfo,
    PriceListInfo,
    RefundInfo,
    ReminderInfo,
    RunControl,
    RunInfo,
)
from avlest.settlement.services.explain import explain_invoice, explain_preview, get_part_frame


def get_runs(organisation_id: int, *, limit: int = 50) -> list[RunInfo]:
    """Return the runs of an organisation, newest first."""
    rows = _runs().filter(organisation_id=organisation_id).order_by("-pk")
    return [_to_run(row) for row in rows[:limit]]


def get_run(run_id: int) -> RunInfo | None:
    """Return one run."""
    row = _runs().filter(pk=run_id).first()
    return None if row is None else _to_run(row)


def _runs() -> QuerySet[models.Run, Any]:
    return models.Run.objects.annotate(
        part_count=Count("parts"),
        parts_issued=Count("parts", filter=Q(parts__issued_at__isnull=False)),
        account_count=Sum("parts__accounts", default=0),
        line_count=Sum("parts__lines", default=0),
    )


def _to_run(row: Any) -> RunInfo:
    return RunInfo(
        id=row.pk, organisation_id=row.organisation_id, kind=row.kind, year=row.year, month=row.month,
        starts_on=row.starts_on, stops_on=row.stops_on, invoice_on=row.invoice_on, due_on=row.due_on,
        known_at=row.known_at, state=row.state, made_at=row.made_at, made_by=row.made_by, approved_at=row.approved_at,
        approved_by=row.approved_by, issued_at=row.issued_at, digest=row.digest, code_version=row.code_version,
        accounts=row.account_count, lines=row.line_count, parts=row.part_count, parts_issued=row.parts_issued,
    )  # fmt: skip


def get_run_control(run_id: int) -> RunControl | None:
    """Return the control sheet of a run as it was made."""
    row = _runs().filter(pk=run_id).first()
    if row is None:
        return None
    control = row.control
    counts = models.RunException.objects.filter(run_id=run_id).values_list("code").annotate(count=Count("pk"))
    kinds = [
        KindSum(kind=k["kind"], service=k["service"], lines=k["lines"], quantity=k["quantity"], amount=k["amount"])
        for k in control.get("kinds", [])
    ]
    measured, stipulated, billed = (control.get(name, 0) for name in ("measured", "stipulated", "billed"))
    inflow = sum(zone["inflow"] for zone in control.get("zones", [])) if control.get("zones") else None
    return RunControl(
        run=_to_run(row), measured=measured, billed=billed, stipulated=stipulated, zone_inflow=inflow,
        accounts=control.get("accounts", 0), blocked=control.get("blocked", 0), kinds=kinds,
        net=control.get("net", 0), vat=control.get("vat", 0), total=control.get("total", 0),
        exceptions=dict(counts.order_by("code")), zones=control.get("zones", []),
        billed_by_service={k.service: k.quantity or 0 for k in kinds if k.kind == "settlement"},
    )  # fmt: skip


def get_exceptions(
    run_id: int, *, code: str = "", language: str = "nb", offset: int = 0, limit: int = 100
) -> list[ExceptionInfo]:
    """Return what is odd in a run, the severest first."""
    rows = models.RunException.objects.filter(run_id=run_id).select_related("account")
    rows = rows.filter(code=code) if code else rows
    return [
        ExceptionInfo(
            id=row.pk, account_id=row.account_id, account_number=row.account.number if row.account else None,
            code=row.code, severity=row.severity, sentence=write_exception(row.code, row.detail, language=language),
            detail=row.detail, accepted_by=row.accepted_by, reason=row.reason,
        )
        for row in rows.order_by("severity", "code", "pk")[offset : offset + limit]
    ]  # fmt: skip


def get_invoices(
    *, organisation_id: int | None = None, account_ids: Sequence[int] | None = None, run_id: int | None = None,
    offset: int = 0, limit: int = 100,
) -> list[InvoiceInfo]:  # fmt: skip
    """Return invoices and credit notes, newest first."""
    rows = models.Invoice.objects.select_related("item")
    for name, value in (("organisation_id", organisation_id), ("account_id__in", account_ids), ("run_id", run_id)):
        rows = rows if value is None else rows.filter(**{name: value})
    return [_to_invoice(row) for row in rows.order_by("-issued_on", "-pk")[offset : offset + limit]]


def get_invoice(invoice_id: int) -> InvoiceInfo | None:
    """Return one invoice or credit note."""
    row = models.Invoice.objects.select_related("item").filter(pk=invoice_id).first()
    return None if row is None else _to_invoice(row)


def _to_invoice(row: models.Invoice) -> InvoiceInfo:
    item = getattr(row, "item", None)
    return InvoiceInfo(
        id=row.pk, organisation_id=row.organisation_id, account_id=row.account_id, kind=row.kind, number=row.number,
        kid=row.kid, issued_on=row.issued_on, due_on=row.due_on, settles_from=row.settles_from,
        settles_to=row.settles_to, net=row.net, vat=row.vat, total=row.total, rest=item.rest if item else 0,
        run_id=row.run_id, corrects_id=row.corrects_id, recipient=row.recipient,
    )  # fmt: skip


def get_lines(
    invoice_id: int, *, language: str = "nb", explain: bool = False, store: Store | None = None
) -> list[LineInfo]:
    """Return the lines of an invoice; `explain` opens each (with a `store` also to its register readings)."""
    invoice = models.Invoice.objects.select_related("run", "account", "corrects").filter(pk=invoice_id).first()
    if invoice is None:
        return []
    rows = models.InvoiceLine.objects.filter(invoice=invoice).order_by("position").values()
    whys = explain_invoice(invoice, store=store) if explain else []
    return [_to_line(row, language, _to_plain(whys[n], language) if explain else None) for n, row in enumerate(rows)]


def get_preview_lines(
    run_id: int, account_id: int, *, language: str = "nb", explain: bool = False, store: Store | None = None
) -> list[LineInfo]:
    """Return the lines an account has in a run, before or after they are issued."""
    run = models.Run.objects.filter(pk=run_id).first()
    account = models.Account.objects.filter(pk=account_id).first()
    if run is None or account is None:
        return []
    place = account.property_id
    parts = models.RunPart.objects.filter(run=run, first_property__lte=place, last_property__gte=place)
    part = parts.values_list("number", flat=True).first()
    if part is None:
        return []
    lines = get_part_frame(run_id, part, "results", "lines").filter(pl.col("subscriber") == account_id)
    whys = explain_preview(run, part, account_id, store=store) if explain else []
    return [
        _to_line(row, language, _to_plain(whys[n], language) if explain else None)
        for n, row in enumerate(lines.iter_rows(named=True))
    ]


def _to_plain(why: Any, language: str) -> dict[str, Any]:
    return {**why.data, "sentences": list(why.sentences[language])}


def _to_line(row: Mapping[str, Any], language: str, explanation: Mapping[str, Any] | None) -> LineInfo:
    same = (
        "position", "term", "kind", "service", "code", "unit", "start", "stop", "quantity", "value", "amount", "rate",
        "vat_included", "quality",
    )  # fmt: skip
    text = write_line_text(row["kind"], row["service"], language)
    return LineInfo(**{name: row[name] for name in same}, text=text, explanation=explanation)


def get_accounts(
    *, organisation_id: int | None = None, account_ids: Sequence[int] | None = None, search: str = "",
    offset: int = 0, limit: int = 100,
) -> list[AccountInfo]:  # fmt: skip
    """Return accounts by number; `search` looks in number, name and address."""
    rows = models.Account.objects.select_related("party", "property")
    rows = rows if organisation_id is None else rows.filter(organisation_id=organisation_id)
    rows = rows if account_ids is None else rows.filter(pk__in=account_ids)
    if search:
        text = Q(party__name__icontains=search) | Q(property__address__icontains=search)
        rows = rows.filter(text | Q(number=int(search)) if search.isdigit() and len(search) < 10 else text)
    return [
        AccountInfo(
            id=row.pk, organisation_id=row.organisation_id, number=row.number, party_id=row.party_id,
            party_name=row.party.name, property_id=row.property_id, address=str(row.property),
            opened_on=row.opened_on, closed_on=row.closed_on, terms=row.terms,
        )
        for row in rows.order_by("number")[offset : offset + limit]
    ]  # fmt: skip


_ACCOUNTS: Final = Prepared(
    lambda parties: models.Account.objects.filter(party_id__in=parties).order_by("pk").values_list("pk")
)


def get_account_ids(party_ids: Sequence[int]) -> list[int]:
    """Return the accounts of some parties: what a subscriber may see, and nobody else's."""
    return [number for (number,) in _ACCOUNTS.ask(parties=list(party_ids))]


def get_open_items(
    *, organisation_id: int | None = None, account_ids: Sequence[int] | None = None, overdue_on: date | None = None
) -> list[OpenItem]:
    """Return what is still owed or to be paid back, by due date; `overdue_on`: only what was due before that day."""
    rows = models.OpenItem.objects.exclude(rest=0).select_related("invoice")
    rows = rows if organisation_id is None else rows.filter(organisation_id=organisation_id)
    rows = rows if account_ids is None else rows.filter(account_id__in=account_ids)
    rows = rows if overdue_on is None else rows.filter(due_on__lt=overdue_on, rest__gt=0)
    return [
        OpenItem(
            id=row.pk, invoice_id=row.invoice_id, invoice_number=row.invoice.number, account_id=row.account_id,
            kid=row.kid, due_on=row.due_on, amount=row.amount, rest=row.rest,
        )
        for row in rows.order_by("due_on", "pk")
    ]  # fmt: skip


WORK_LIST = ("partial", "over", "double", "unknown")


def get_payments(
    organisation_id: int, *, states: Sequence[str] = WORK_LIST, offset: int = 0, limit: int = 100
) -> list[PaymentInfo]:
    """Return payments, by default those a person must look at."""
    rows = models.Payment.objects.of(organisation_id).filter(state__in=states).select_related("item")
    return [
        PaymentInfo(
            id=row.pk, reference=row.reference, booked_on=row.booked_on, amount=row.amount, kid=row.kid,
            payer=row.payer, invoice_id=row.item.invoice_id if row.item else None, used=row.used, state=row.state,
            note=row.note,
        )
        for row in rows.order_by("-booked_on", "-pk")[offset : offset + limit]
    ]  # fmt: skip


def get_refunds(organisation_id: int, *, states: Sequence[str] = ("listed", "approved")) -> list[RefundInfo]:
    """Return the refund list."""
    rows = models.Refund.objects.of(organisation_id).filter(state__in=states).order_by("pk")
    return [
        RefundInfo(
            id=row.pk, account_id=row.account_id, amount=row.amount, reason=row.reason, state=row.state,
            listed_at=row.listed_at, listed_by=row.listed_by, approved_by=row.approved_by,
        )
        for row in rows
    ]  # fmt: skip


def get_reminders(organisation_id: int) -> list[ReminderInfo]:
    """Return the reminders list: items that are still owed, the latest level of each."""
    rows = models.Reminder.objects.of(organisation_id).filter(item__rest__gt=0).select_related("item__invoice")
    newest: dict[int, models.Reminder] = {row.item_id: row for row in rows.order_by("level")}
    return [
        ReminderInfo(
            id=row.pk, item_id=row.item_id, invoice_id=row.item.invoice_id, invoice_number=row.item.invoice.number,
            account_id=row.item.account_id, level=row.level, listed_on=row.listed_on, due_on=row.item.due_on,
            rest=row.item.rest,
        )
        for row in sorted(newest.values(), key=lambda one: (one.item.due_on, one.pk))
    ]  # fmt: skip


_EXPECTED_COLUMNS: Final = (
    "account_id", "year", "through", "used", "projected", "advance", "balance", "proposal", "made_at",
)  # fmt: skip
_EXPECTED: Final = Prepared(
    lambda accounts, year: models.Expected.objects.filter(account_id__in=accounts, year=year).values_list(
        *_EXPECTED_COLUMNS
    )
)


def get_expected(account_ids: Sequence[int], year: int) -> dict[int, ExpectedInfo]:
    """Return the running settlement of some accounts, by account."""
    rows = _EXPECTED.ask(accounts=list(account_ids), year=year)
    return {row[0]: ExpectedInfo(**dict(zip(_EXPECTED_COLUMNS, row, strict=True))) for row in rows}


def get_price_lists(organisation_id: int) -> list[PriceListInfo]:
    """Return the price lists, newest first."""
    rows = models.PriceList.objects.of(organisation_id).annotate(count=Count("prices"))
    return [
        PriceListInfo(
            id=row.pk, name=row.name, valid_from=row.valid_from, valid_to=row.valid_to,
            vat_included=row.vat_included, source=row.source, state=row.state, made_by=row.made_by,
            approved_by=row.approved_by, prices=row.count,
        )
        for row in rows.order_by("-valid_from", "-pk")
    ]  # fmt: skip


__all__ = [
    "WORK_LIST",
    "AccountInfo",
    "ExceptionInfo",
    "ExpectedInfo",
    "InvoiceInfo",
    "KindSum",
    "LineInfo",
    "OpenItem",
    "PaymentInfo",
    "PriceListInfo",
    "RefundInfo",
    "ReminderInfo",
    "RunControl",
    "RunInfo",
    "get_account_ids",
    "get_accounts",
    "get_exceptions",
    "get_expected",
    "get_invoice",
    "get_invoices",
    "get_lines",
    "get_open_items",
    "get_payments",
    "get_preview_lines",
    "get_price_lists",
    "get_refunds",
    "get_reminders",
    "get_run",
    "get_run_control",
    "get_runs",
]
