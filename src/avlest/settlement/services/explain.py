# SPDX-License-Identifier: Apache-2.0
"""Opening a line: readings used → quantity → price version → share or rounding → amount, from what the run kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import polars as pl

from avlest.readings.calendar import derive_day_start
from avlest.readings.quality import Quality
from avlest.readings.tables import Store
from avlest.registry.frames import get_feeds_frame
from avlest.registry.models import Meter, MeteringPoint, Register
from avlest.settlement.contracts import Explanation, Kind, Provenance, ReadingUsed
from avlest.settlement.core.explain import derive_explanation
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.models import EarlierLine, Invoice, InvoiceLine, Run, RunPart
from avlest.settlement.runs.inputs import unpack_frame
from avlest.settlement.services.book import book_from_json
from avlest.settlement.services.claims import explain_claim

_LOOK_BACK = timedelta(days=3)
_DEDUCTED = {Kind.ADVANCE_DEDUCTION.value: Kind.ADVANCE.value, Kind.FIXED_DEDUCTION.value: Kind.FIXED.value}
_USED = (Kind.SETTLEMENT.value, Kind.CORRECTION.value)
Line = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Basis:
    """What a run kept about one account, opened once for all its lines."""

    run: Run
    book: PriceBook
    quantities: pl.DataFrame
    readings: Mapping[tuple[int, date], ReadingUsed]
    names: Mapping[int, str]


def get_part_frame(run_id: int, number: int, column: str, name: str) -> pl.DataFrame:
    """Return a frame of a part (`column`: inputs or results); parts never change, so neighbours share it."""
    part, digest = RunPart.objects.filter(run_id=run_id, number=number).values_list("pk", "digest")[0]
    return _read_part_frame(part, digest, column, name)


@lru_cache(maxsize=4)
def _read_part_frame(part_id: int, _digest: str, column: str, name: str) -> pl.DataFrame:
    """The digest is of what the part holds: another part with its number (a database read back) is another frame."""
    return unpack_frame(bytes(RunPart.objects.filter(pk=part_id).values_list(column, flat=True)[0]), name)


def open_basis(run: Run, number: int, account_id: int, *, store: Store | None) -> Basis:
    """Return what a run kept about an account; with a `store` also the register readings at the ends of its days.

    Readings are never changed, so those known when the run was made can be shown as long as they are kept.
    """
    quantities = get_part_frame(run.pk, number, "inputs", "quantities").filter(pl.col("subscriber") == account_id)
    points = MeteringPoint.objects.of(run.organisation_id).filter(pk__in=quantities["point"].unique().to_list())
    readings = get_boundary_readings(store, quantities, known_at=run.known_at) if store is not None else {}
    names = dict(points.values_list("pk", "code"))
    return Basis(run, book_from_json(run.settings["book"]), quantities, readings, names)


def explain_line(basis: Basis, line: Line, earlier: Sequence[Line] = ()) -> Explanation:
    """Return why one line is what it is."""
    version = line["version"]
    price = basis.book.prices[version] if version is not None and 0 <= version < len(basis.book.prices) else None
    provenance = _get_provenance(basis, line) if line["kind"] in _USED else ()
    return derive_explanation(line, price=price, provenance=provenance, earlier=_find_deducted(line, earlier))


def _get_provenance(basis: Basis, line: Line) -> list[Provenance]:
    rows = basis.quantities.filter(pl.col("source") == line["source"])
    if line["source"] is not None and line["source"] < 0:
        claim = explain_claim(line["source"], rows)
        return [] if claim is None else [claim]
    return [
        Provenance(
            method=row["method"], quantity=row["quantity"], readings=_get_readings(basis, row),
            details={
                "point": basis.names.get(row["point"], ""), "purpose": row["purpose"], "days": row["days"],
                "days_read": row["days_read"], "days_estimated": row["days_estimated"],
                "days_between": row["days"] - row["days_read"] - row["days_estimated"] - row["days_missing"],
                "days_missing": row["days_missing"], "quality": _name_quality(row["quality"]),
            },
        )
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip


def _name_quality(quality: int | None) -> str:
    return "" if quality is None else Quality(quality).name.lower()


def _get_readings(basis: Basis, row: Mapping[str, Any]) -> list[ReadingUsed]:
    places = ((row["series"], row[name]) for name in ("start", "stop"))
    return [basis.readings[place] for place in places if place in basis.readings]


def _find_deducted(line: Line, earlier: Sequence[Line]) -> list[Line]:
    """The invoiced lines that a deduction sums: the same service, price and VAT."""
    kind = _DEDUCTED.get(line["kind"])
    same = ("service", "code", "unit", "value", "vat", "rate", "vat_included")
    return [row for row in earlier if row["kind"] == kind and all(row[name] == line[name] for name in same)]


def get_earlier_lines(account_id: int, year: int, *, before: int | None) -> list[Line]:
    """Return the lines invoiced to an account for a year, with the number of their invoice; before an invoice's row."""
    names = [field.attname for field in InvoiceLine._meta.concrete_fields]
    rows = InvoiceLine.objects.filter(
        account_id=account_id, start__gte=date(year, 1, 1), start__lt=date(year + 1, 1, 1)
    ).filter(kind__in=_DEDUCTED.values())
    if before is not None:
        rows = rows.filter(invoice_id__lt=before)
    found = rows.order_by("invoice_id", "position").values(*names, "invoice__number")
    return [
        *_get_taken_over(account_id, year),
        *({**row, "invoice": row["invoice__number"], "line": row["position"]} for row in found),
    ]


def _get_taken_over(account_id: int, year: int) -> list[Line]:
    """Lines of the system before this one, with its invoice numbers."""
    rows = EarlierLine.objects.filter(
        account_id=account_id, start__gte=date(year, 1, 1), start__lt=date(year + 1, 1, 1), kind__in=_DEDUCTED.values()
    )
    return [{**row, "invoice": row["document"], "line": row["position"]} for row in rows.order_by("pk").values()]


def explain_invoice(invoice: Invoice, *, store: Store | None = None) -> list[Explanation]:
    """Return the explanation of every line of an invoice; a credit note's are those of what it takes back."""
    shown = invoice.corrects if invoice.corrects_id is not None and invoice.corrects is not None else invoice
    lines = list(InvoiceLine.objects.filter(invoice=shown).order_by("position").values())
    if shown.run is None or shown.part is None:
        return [derive_explanation(line) for line in lines]
    basis = open_basis(shown.run, shown.part, shown.account_id, store=store)
    earlier = get_earlier_lines(shown.account_id, shown.run.year, before=shown.pk)
    return [explain_line(basis, line, earlier) for line in lines]


def explain_preview(run: Run, number: int, account_id: int, *, store: Store | None = None) -> list[Explanation]:
    """Return the explanation of every line an account has in a part of a run, issued or not."""
    lines = get_part_frame(run.pk, number, "results", "lines").filter(pl.col("subscriber") == account_id)
    basis = open_basis(run, number, account_id, store=store)
    earlier = get_earlier_lines(account_id, run.year, before=None)
    return [explain_line(basis, line, earlier) for line in lines.iter_rows(named=True)]


def get_boundary_readings(
    store: Store, quantities: pl.DataFrame, *, known_at: datetime
) -> dict[tuple[int, date], ReadingUsed]:
    """Return the last reading at or before each end of the days used, by series and day."""
    rows = quantities.drop_nulls("series")
    feeds = get_feeds_frame(rows["series"].unique().to_list()) if rows.height else pl.DataFrame()
    if not feeds.height:
        return {}
    meters = _name_meters(feeds["register"].unique().to_list())
    series_of = dict(feeds.select("register", "series").iter_rows())
    found = {}
    for day in sorted({*rows["start"].to_list(), *rows["stop"].to_list()}):
        at = derive_day_start(day)
        readings = store.read_range(
            "readings", ids=list(series_of), start=at - _LOOK_BACK, stop=at + timedelta(microseconds=1),
            as_known_at=known_at,
        )  # fmt: skip
        for row in readings.group_by("register", maintain_order=True).last().iter_rows(named=True):
            found[series_of[row["register"]], day] = ReadingUsed(
                meter=meters.get(row["register"], ""), at=row["at"], value=row["value"],
                quality=Quality(row["quality"]).name, source=row["source"] or "",
            )  # fmt: skip
    return found


def _name_meters(registers: Sequence[int]) -> dict[int, str]:
    rows = Register.objects.filter(pk__in=registers).values_list("pk", "meter_id")
    names = {meter.pk: str(meter) for meter in Meter.objects.filter(pk__in=[meter for _, meter in rows])}
    return {register: names[meter] for register, meter in rows}
