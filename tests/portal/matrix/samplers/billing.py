# SPDX-License-Identifier: Apache-2.0
"""Runs, accounts, price lists, payments, papers and reports of each side's organisation, made when asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.core.files.base import ContentFile

from avlest.portal.billing.models import Delivery, HeldFile, Report, Work
from avlest.registry.models import Document
from avlest.settlement.models import (
    Invoice,
    Payment,
    PaymentFile,
    Price,
    PriceList,
    Refund,
    Run,
    RunException,
)
from tests.portal.matrix.samplers.resident import make_invoice
from tests.portal.world import Side, World

AT = datetime(2026, 1, 2, 8, tzinfo=UTC)


def _get_or_make(model: type[Any], town: int, find: dict[str, Any], **values: Any) -> int:
    found = model.objects.filter(organisation_id=town, **find).first()
    return int((found or model.objects.create(organisation_id=town, **find, **values)).pk)


def make_account(world: World, side: Side) -> int:
    """The account of the household's invoice."""
    return int(Invoice.objects.get(pk=make_invoice(world, side)).account_id)


def make_run(world: World, side: Side) -> int:
    """A preview of the town's."""
    return _get_or_make(
        Run, world.get_town(side).id, {"kind": "year", "year": 2025}, starts_on=date(2025, 1, 1),
        stops_on=date(2026, 1, 1), invoice_on=date(2026, 1, 2), due_on=date(2026, 4, 20), known_at=AT,
        code_version="test", made_at=AT, made_by="test", settings={"parameters": {}, "options": {}, "book": {}},
    )  # fmt: skip


def make_exception(world: World, side: Side) -> int:
    """A warning of the run."""
    find = {"run_id": make_run(world, side), "code": "zero_use"}
    return _get_or_make(RunException, world.get_town(side).id, find, severity="warning", detail={"days": 365})


def make_work(world: World, side: Side) -> int:
    """Work that waits."""
    find = {"kind": "make", "key": "test"}
    return _get_or_make(Work, world.get_town(side).id, find, asked_at=AT, asked_by="test", order={})


def make_price_list(world: World, side: Side) -> int:
    """A draft."""
    find = {"name": "Priser"}
    return _get_or_make(
        PriceList, world.get_town(side).id, find, valid_from=date(2030, 1, 1), vat_included=True, source="test",
        made_at=AT, made_by="test",
    )  # fmt: skip


def make_price(world: World, side: Side) -> int:
    """A price of the draft."""
    find = {"price_list_id": make_price_list(world, side), "code": "W_VOL"}
    return _get_or_make(Price, world.get_town(side).id, find, service="water", unit="m3", value="45.27", vat="water")


def make_document(world: World, side: Side) -> int:
    """A paper about the household."""
    home, town = world.get_home(side), world.get_town(side)
    find = {"party_id": home.party, "title": "Skjema"}
    return _get_or_make(
        Document, town.id, find, kind="form", media_type="text/plain", size=2, sha256="0" * 64, added_at=AT,
        file=ContentFile(b"ja", name="skjema"),
    )  # fmt: skip


def make_payment(world: World, side: Side) -> int:
    """A payment that nobody knows."""
    town = world.get_town(side).id
    file = _get_or_make(
        PaymentFile, town, {"sha256": "0" * 64}, name="test", format="ocr", received_at=AT, received_by="test",
        payments=1, total=100,
    )  # fmt: skip
    find = {"reference": "test-1"}
    return _get_or_make(Payment, town, find, file_id=file, booked_on=date(2026, 1, 2), amount=100, state="unknown")


def make_refund(world: World, side: Side) -> int:
    """A refund on the list."""
    find = {"account_id": make_account(world, side)}
    return _get_or_make(
        Refund, world.get_town(side).id, find, amount=100, reason="test", listed_at=AT, listed_by="test"
    )


def make_report(world: World, side: Side) -> int:
    """A report by e-mail."""
    find = {"name": "Fakturaer"}
    return _get_or_make(
        Report, world.get_town(side).id, find, content="invoices", format="csv", every="day", road="email",
        emails=["a@example.no"], next_at=AT, made_at=AT, made_by="test",
    )  # fmt: skip


def make_delivery(world: World, side: Side) -> int:
    """A delivery of the report that was given up."""
    find = {"report_id": make_report(world, side), "due_at": AT}
    return _get_or_make(
        Delivery, world.get_town(side).id, find, starts_on=date(2026, 1, 1), stops_on=date(2026, 1, 2), state="failed"
    )


def make_held(world: World, side: Side) -> int:
    """A file between preview and import; it cannot be opened, so it is asked for again."""
    town = world.get_town(side)
    return _get_or_make(HeldFile, town.id, {"name": "liste.csv"}, kind="meters", sealed="s1:x:", held_at=AT, user=0)


SAMPLERS = {
    "account": make_account,
    "run": make_run,
    "exception": make_exception,
    "work": make_work,
    "price_list": make_price_list,
    "price": make_price,
    "document": make_document,
    "payment": make_payment,
    "refund": make_refund,
    "report": make_report,
    "delivery": make_delivery,
    "held": make_held,
}
