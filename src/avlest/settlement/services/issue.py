# SPDX-License-Identifier: Apache-2.0
"""Issuing an approved run: part by part, each a transaction, so that it may be killed at any moment and go on."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
from django.db import connection, transaction

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed
from avlest.registry.services.bulk import insert_values, reserve_ids
from avlest.settlement.contracts import LINES, Kind
from avlest.settlement.models import (
    Account,
    AdvanceLevel,
    Invoice,
    InvoiceLine,
    NumberSeries,
    OpenItem,
    Run,
    RunPart,
)
from avlest.settlement.payments.kid import KidMethod
from avlest.settlement.runs.calculate import derive_sums
from avlest.settlement.runs.inputs import derive_digest, pack_frames, unpack_frame, unpack_frames
from avlest.settlement.runs.kids import derive_kids
from avlest.settlement.services.claims import mark_claimed
from avlest.settlement.services.frames import read_frame
from avlest.settlement.services.orders import mark_charged
from avlest.settlement.settings import Options

_STATE = Run.State
_KIND = Invoice.Kind


@dataclasses.dataclass(frozen=True, slots=True)
class Issued:
    """What issuing did: invoices and credit notes made now, parts that were issued before."""

    invoices: int
    credit_notes: int
    parts: int
    parts_before: int


def do_issue_run(actor: Actor, run_id: int, *, now: datetime) -> Issued:
    """Make the invoices of an approved run; run it again after a stop and it goes on where it was.

    Each part is one transaction: its numbers, invoices, lines and open items exist together or not at all, so each
    invoice exists once and no number is lost.  Raises `RegistryError` for a run that is not approved, or whose stored
    parts are not what was approved.
    """
    run = _begin(actor, run_id, now)
    before = RunPart.objects.filter(run=run, issued_at__isnull=False).count()
    made = [0, 0]
    parts = list(RunPart.objects.filter(run=run).order_by("number").values_list("number", flat=True))
    for number in parts:
        counts = do_issue_part(actor, run, number, now=now)
        made = [had + count for had, count in zip(made, counts, strict=True)]
    with transaction.atomic():
        save_changed(actor, run, {"state": _STATE.ISSUED, "issued_at": now}, now=now, action="issue")
    return Issued(made[0], made[1], len(parts), before)


@transaction.atomic
def _begin(actor: Actor, run_id: int, now: datetime) -> Run:
    run = access_row(Run, actor, run_id, right=Right.APPROVE_SETTLEMENT, for_update=True)
    if run.state not in (_STATE.APPROVED, _STATE.ISSUING):
        detail = "approve it first" if run.state == _STATE.PREVIEW else "nothing is left to issue"
        raise RegistryError(Problem.ENDED, f"run {run.pk} is {run.state}: {detail}")
    save_changed(actor, run, {"state": _STATE.ISSUING}, now=now, action="begin to issue")
    return run


@transaction.atomic
def do_issue_part(actor: Actor, run: Run, number: int, *, now: datetime) -> tuple[int, int]:
    """Make the invoices and credit notes of one part; nothing where it was issued already."""
    part = RunPart.objects.select_for_update().filter(run=run, number=number).first()
    if part is None or part.issued_at is not None:
        return 0, 0
    inputs, results = bytes(part.inputs), bytes(part.results)
    if derive_digest(inputs, results) != part.digest:
        detail = f"part {number} of run {run.pk} is not what was approved: its content has another digest"
        raise RegistryError(Problem.INVALID, detail)
    frames = unpack_frames(results)
    sheet = _Sheet(run, number, unpack_frame(inputs, "accounts"), frames)
    counts = sheet.write()
    mark_charged(frames["lines"], sheet.invoices)
    mark_claimed(frames["lines"], sheet.invoices)
    _keep_advances(run, sheet, frames["advances"], actor, now)
    part.issued, part.issued_at = pack_frames({"invoices": sheet.invoices}), now
    part.save(update_fields=["issued", "issued_at"])
    return counts


class _Sheet:
    """The invoices of one part, as columns."""

    def __init__(self, run: Run, part: int, accounts: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> None:
        self.run, self.part = run, part
        self.lines, self._rates = frames["lines"], frames["totals"]
        sums = derive_sums(self._rates)
        self.accounts = accounts
        rows = sums.join(accounts, on="subscriber", how="inner", maintain_order="left")
        self.invoices = rows.with_columns(
            kind=pl.when(pl.col("total") < 0)
            .then(pl.lit(_KIND.CREDIT_NOTE.value))
            .otherwise(pl.lit(_KIND.INVOICE.value))
        )

    def write(self) -> tuple[int, int]:
        """Take numbers and write invoices, lines and open items; return how many of each kind."""
        count = self.invoices.height
        numbers = take_numbers(self.run.organisation_id, self.invoices["kind"].to_list())
        ids = list(reserve_ids(Invoice, count)) if count else []
        options = Options(self.run.settings["options"])
        customers = self.invoices["number"].to_list()
        kids = make_kids(options, customers, numbers)
        # A credit note is not paid by the customer: it has no KID, which would also be that of an invoice.
        owed = (self.invoices["kind"] == _KIND.INVOICE.value).to_list()
        kids = [kid if owes else "" for kid, owes in zip(kids, owed, strict=True)]
        self.invoices = self.invoices.with_columns(
            invoice=pl.Series(ids, dtype=pl.Int64), serial=pl.Series(numbers, dtype=pl.Int64),
            kid=pl.Series(kids, dtype=pl.String),
        )  # fmt: skip
        self._write_invoices()
        self._write_lines()
        self._write_items()
        credits_ = int((self.invoices["kind"] == _KIND.CREDIT_NOTE.value).sum())
        return count - credits_, credits_

    def _write_invoices(self) -> None:
        settles = self.run.kind != Run.Kind.TERM
        recipients = get_recipients(self.run.organisation_id, self.invoices["subscriber"])
        rates = _rates_by_subscriber(self._rates)
        first, last = pl.lit(self.run.starts_on), pl.lit(self.run.stops_on)
        period = self.invoices.select(
            settles_from=pl.when(pl.col("settle") & settles).then(pl.max_horizontal("start", first)),
            settles_to=pl.when(pl.col("settle") & settles).then(pl.min_horizontal("stop", last)),
        ).cast(pl.String)
        run = self.run
        same = (run.organisation_id, run.pk, self.part, run.invoice_on.isoformat(), run.due_on.isoformat())
        columns = ("invoice", "kind", "serial", "subscriber", "kid", "net", "vat", "total")
        rows = zip(self.invoices.select(columns).iter_rows(), period.iter_rows(), strict=True)
        values = [(*same, *row, *days, rates[row[3]], recipients[row[3]], "") for row, days in rows]
        insert_values(Invoice, _INVOICE_COLUMNS, values)

    def _write_lines(self) -> None:
        known = self.invoices.select("subscriber", "invoice")
        lines = self.lines.join(known, on="subscriber", how="inner", maintain_order="left")
        frame = lines.select(
            pl.lit(self.run.organisation_id).alias("organisation_id"), "invoice", "position",
            *(pl.col(name).cast(pl.String) if kind == pl.Date() else pl.col(name) for name, kind in LINES.items()),
        )  # fmt: skip
        insert_values(InvoiceLine, _LINE_COLUMNS, frame.rows())

    def _write_items(self) -> None:
        due, organisation = self.run.due_on.isoformat(), self.run.organisation_id
        rows = self.invoices.select("invoice", "subscriber", "kid", "total").iter_rows()
        # What comes to nothing is settled at once and waits for no payment.
        values = [(organisation, i, account, kid, due, total, total) for i, account, kid, total in rows]
        insert_values(OpenItem, _ITEM_COLUMNS, values)


_INVOICE_COLUMNS = (
    "organisation_id", "run_id", "part", "issued_on", "due_on", "id", "kind", "number", "account_id", "kid", "net",
    "vat", "total", "settles_from", "settles_to", "vat_lines", "recipient", "reason",
)  # fmt: skip
_LINE_COLUMNS = (
    "organisation_id", "invoice_id", "position", *("account_id" if name == "subscriber" else name for name in LINES)
)  # fmt: skip
_ITEM_COLUMNS = ("organisation_id", "invoice_id", "account_id", "kid", "due_on", "amount", "rest")


def take_numbers(organisation_id: int, kinds: Sequence[str]) -> list[int]:
    """Return the next number of each document's series; part of the caller's transaction, so none is ever lost."""
    numbers: list[int] = []
    nexts: dict[str, int] = {}
    for kind in sorted(set(kinds)):
        NumberSeries.objects.bulk_create(
            [NumberSeries(organisation_id=organisation_id, kind=kind)], ignore_conflicts=True
        )
        row = NumberSeries.objects.select_for_update().of(organisation_id).filter(kind=kind).first()
        assert row is not None
        nexts[kind] = row.next
        row.next += sum(1 for one in kinds if one == kind)
        row.save(update_fields=["next"])
    for kind in kinds:
        numbers.append(nexts[kind])
        nexts[kind] += 1
    return numbers


def make_kids(options: Options, customers: Sequence[int], numbers: Sequence[int]) -> list[str]:
    """Return the KID of each document: an account is one owner of one property, so its number says who pays."""
    table = options.values["kid"]
    widths = (int(table["customer_digits"]), 2, int(table["invoice_digits"]))
    return derive_kids(customers, numbers, method=KidMethod(table["method"]), widths=widths)


def get_recipients(organisation_id: int, accounts: pl.Series) -> dict[int, str]:
    """Return name and address of each account's party and property, as JSON text, as they are now."""
    low, high = accounts.min() or 0, accounts.max() or 0
    names = ("name", "number", "address", "postal_code", "city", "language", "email", "kind")
    places = ("address", "postal_code", "city", "municipality", "gnr", "bnr", "fnr", "snr")
    columns = [*(f"party__{name}" for name in names), *(f"property__{name}" for name in places)]
    rows = Account.objects.of(organisation_id).filter(pk__range=(low, high)).values_list("pk", *columns)
    found = {}
    for account, *values in rows:
        party = dict(zip(names, values[: len(names)], strict=True))
        place = dict(zip(places, values[len(names) :], strict=True))
        found[account] = json.dumps({**party, "property": place}, ensure_ascii=False)
    return found


def _rates_by_subscriber(rates: pl.DataFrame) -> dict[int, str]:
    grouped: dict[int, list[list[int]]] = {}
    for subscriber, *values in rates.select("subscriber", "rate", "base", "vat", "gross").iter_rows():
        grouped.setdefault(subscriber, []).append(values)
    return {subscriber: json.dumps(values) for subscriber, values in grouped.items()}


def _keep_advances(run: Run, sheet: _Sheet, advances: pl.DataFrame, actor: Actor, now: datetime) -> None:
    """The a konto that a settlement gave becomes the account's level of the new year."""
    if run.kind != Run.Kind.YEAR or not advances.height:
        return
    charged = sheet.accounts.filter("charge").select("subscriber")
    invoiced = sheet.lines.filter(pl.col("kind") == Kind.SETTLEMENT.value).select("subscriber").unique()
    rows = advances.join(charged, on="subscriber", how="semi").join(invoiced, on="subscriber", how="semi")
    year = run.year + 1
    known = read_frame(
        AdvanceLevel.objects.of(run.organisation_id).filter(year=year).values_list("account_id", "service"),
        {"subscriber": pl.Int64(), "service": pl.String()},
    )
    rows = rows.join(known, on=["subscriber", "service"], how="anti", maintain_order="left")
    made_at = connection.ops.adapt_datetimefield_value(now)
    same = (
        run.organisation_id,
        year,
        f"{year}-01-01",
        AdvanceLevel.Origin.RUN.value,
        f"run {run.pk}",
        made_at,
        actor.name,
    )
    insert_values(AdvanceLevel, _LEVEL_COLUMNS, [(*same, *row) for row in rows.iter_rows()])


_LEVEL_COLUMNS = (
    "organisation_id", "year", "valid_from", "origin", "reason", "made_at", "made_by", "account_id", "service",
    "quantity",
)  # fmt: skip
