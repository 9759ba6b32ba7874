# SPDX-License-Identifier: Apache-2.0
"""What the reports hold: heads in the reader's language and rows, from what other rooms keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import polars as pl
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from avlest.portal.billing.reporting.files import Cell
from avlest.portal.billing.words import PAYMENT_STATES, get_word
from avlest.readings.queries import get_day_totals
from avlest.readings.tables import Store
from avlest.registry.models import Series
from avlest.settlement.core.sentences import write_line_text, write_service
from avlest.settlement.models import Agreement, InvoiceLine, OpenItem, Payment

Sheet = tuple[Sequence[str], list[Sequence[Cell]]]
_CHUNK: Final = 5000
_UNITS: Final = {"l": "m3", "kwh": "kWh"}


def make_sheet(
    content: str, organisation_id: int, *, starts_on: date, stops_on: date, store: Store, language: str
) -> Sheet:
    """Return heads and rows of a report about the days `[starts_on, stops_on)`; language is the active one's code."""
    make: dict[str, Callable[[], Sheet]] = {
        "invoices": lambda: _make_invoices(organisation_id, starts_on, stops_on, language),
        "open_items": lambda: _make_items(organisation_id),
        "payments": lambda: _make_payments(organisation_id, starts_on, stops_on),
        "accounts": lambda: _make_accounts(organisation_id, language),
        "use": lambda: _make_use(organisation_id, starts_on, stops_on, store),
    }
    return make[content]()


def _kroner(ore: int | None) -> Decimal | None:
    return None if ore is None else Decimal(ore).scaleb(-2)


def _thousandths(value: int | None) -> Decimal | None:
    return None if value is None else Decimal(value).scaleb(-3)


def _make_invoices(organisation_id: int, first: date, stop: date, language: str) -> Sheet:
    heads = (
        _("Number"), _("Kind"), _("Date"), _("Due"), _("KID"), _("Customer"), _("Name"), _("Text"), _("From"),
        _("To"), _("Quantity"), pgettext("billing", "Unit"), _("Price (kr)"), _("VAT rate"), _("VAT included"),
        _("Amount"),
    )  # fmt: skip
    names = {"invoice": _("Invoice"), "credit_note": _("Credit note")}
    rows = InvoiceLine.objects.of(organisation_id).filter(invoice__issued_on__gte=first, invoice__issued_on__lt=stop)
    columns = (
        "invoice__number", "invoice__kind", "invoice__issued_on", "invoice__due_on", "invoice__kid",
        "invoice__account__number", "invoice__recipient__name", "kind", "service", "start", "stop", "quantity", "unit",
        "value", "rate", "vat_included", "amount",
    )  # fmt: skip
    found: list[Sequence[Cell]] = []
    for row in _iterate(rows.order_by("invoice_id", "position"), *columns):
        number, kind, issued, due, kid, customer, name, line, service, start, end, quantity, unit, *money = row
        value, rate, included, amount = money
        found.append(
            (number, names[kind], issued, due, kid, customer, name, write_line_text(line, service, language), start,
             end, _thousandths(quantity), unit, None if value is None else Decimal(value).scaleb(-4),
             Decimal(rate) / 100, _("yes") if included else _("no"), _kroner(amount))
        )  # fmt: skip
    return heads, found


def _iterate(rows: QuerySet[Any, Any], *columns: str) -> Iterator[Any]:
    return rows.values_list(*columns).iterator(chunk_size=_CHUNK)


def _make_items(organisation_id: int) -> Sheet:
    heads = (_("Invoice"), _("KID"), _("Customer"), _("Name"), _("Due"), _("Amount"), _("Still to pay"))
    columns = (
        "invoice__number", "kid", "account__number", "account__party__name", "due_on", "amount", "rest"
    )  # fmt: skip
    rows = OpenItem.objects.of(organisation_id).exclude(rest=0).order_by("due_on", "pk")
    return heads, [(*row[:5], _kroner(row[5]), _kroner(row[6])) for row in _iterate(rows, *columns)]


def _make_payments(organisation_id: int, first: date, stop: date) -> Sheet:
    heads = (
        _("Reference"), _("Booked"), _("Amount"), _("Used"), _("KID"), _("Payer"), _("Invoice"),
        pgettext("billing", "State"),
    )  # fmt: skip
    rows = Payment.objects.of(organisation_id).filter(booked_on__gte=first, booked_on__lt=stop)
    columns = ("reference", "booked_on", "amount", "used", "kid", "payer", "item__invoice__number", "state")
    return heads, [
        (ref, day, _kroner(amount), _kroner(used), kid, payer, invoice, get_word(PAYMENT_STATES, state))
        for ref, day, amount, used, kid, payer, invoice, state in _iterate(rows.order_by("booked_on", "pk"), *columns)
    ]


def _make_accounts(organisation_id: int, language: str) -> Sheet:
    heads = (
        _("Customer"), _("Name"), _("Property"), _("From"), _("To"), _("Terms a year"),
        pgettext("billing", "Service"), _("Category"), _("How many"),
    )  # fmt: skip
    columns = (
        "account__number", "account__party__name", "account__property__address", "account__opened_on",
        "account__closed_on", "account__terms", "service", "category", "count",
    )  # fmt: skip
    rows = Agreement.objects.of(organisation_id).order_by("account__number", "service", "pk")
    return heads, [(*row[:6], write_service(row[6], language), *row[7:]) for row in _iterate(rows, *columns)]


def _make_use(organisation_id: int, first: date, stop: date, store: Store) -> Sheet:
    """Sums of whole days, as people count them; how many days were not known stands beside."""
    heads = (
        _("Metering point"), _("Medium"), _("Address"), _("From"), _("To"), _("Use"),
        pgettext("billing", "Unit"), _("Days missing"),
    )  # fmt: skip
    rows = Series.objects.of(organisation_id).filter(unit__in=("l", "kwh")).order_by("point__code", "pk")
    columns = ("pk", "point__code", "point__medium", "point__property__address", "unit")
    series = list(rows.values_list(*columns))
    keys = pl.DataFrame({"series": pl.Series([row[0] for row in series], dtype=pl.Int64)})
    wanted = keys.with_columns(start=pl.lit(first), stop=pl.lit(stop))
    sums = get_day_totals(store, wanted).select("value", "days_missing").rows()
    return heads, [
        (code, medium, address or "", first, stop, _to_use(value, unit), _UNITS[unit], missing)
        for (_key, code, medium, address, unit), (value, missing) in zip(series, sums, strict=True)
    ]


def _to_use(value: int | None, unit: str) -> Decimal | None:
    """Thousandths of the canonical unit as people count: litres as cubic metres."""
    return None if value is None else Decimal(value).scaleb(-6 if unit == "l" else -3)
