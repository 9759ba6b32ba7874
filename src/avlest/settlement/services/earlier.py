# SPDX-License-Identifier: Apache-2.0
"""What was invoiced before: the lines a settlement deducts, read back as they were stored.

The lines of a run stand twice: as rows of the database, which is what an invoice is, and in the run's own parts, which
is what was approved and sealed with a digest.  Two million rows of a year come from the parts, twenty times faster;
`rerun_run` compares the two.  Lines outside runs (credit notes, those of an earlier system) come from the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache

import polars as pl
from django.db.models import Exists, F, OuterRef

from avlest.readings.quality import READ
from avlest.registry.errors import Problem, RegistryError
from avlest.settlement.contracts import EARLIER, Kind
from avlest.settlement.models import EarlierLine, Invoice, InvoiceLine, RunPart
from avlest.settlement.runs.inputs import LAST_YEAR, derive_digest, shape, unpack_frame
from avlest.settlement.services.frames import Range, read_frame

_COLUMNS = (
    "account_id", "kind", "service", "code", "unit", "start", "stop", "quantity", "value", "amount", "vat", "rate",
    "vat_included", "quality", "id",
)  # fmt: skip
_CHARGED = (Kind.ADVANCE.value, Kind.FIXED.value)


def get_lines(place: Range, subscribers: pl.Series, years: tuple[int, int]) -> pl.DataFrame:
    """Return EARLIER and `invoice`: the lines invoiced for days of `years`, both included, credit notes among them.

    `subscribers` are the accounts of the place.
    """
    first, stop = date(years[0], 1, 1), date(years[1] + 1, 1, 1)
    wanted = (pl.col("start") >= first) & (pl.col("start") < stop)
    parts = [lines.filter(wanted) for lines in _read_parts(place, subscribers, years)]
    others = [_read_rows(place, first, stop), _read_taken_over(place, first, stop)]
    return pl.concat([*parts, *others]).sort("subscriber", maintain_order=True)


def _read_parts(place: Range, subscribers: pl.Series, years: tuple[int, int]) -> Iterator[pl.DataFrame]:
    numbers = subscribers.to_frame("subscriber")
    rows = RunPart.objects.of(place.organisation_id).filter(
        issued_at__isnull=False,
        run__year__range=(years[0] - 1, years[1]),
        first_property__lte=place.last,
        last_property__gte=place.first,
    )
    for part in rows.order_by("pk").values_list("pk", "digest"):
        yield _read_part(*part).join(numbers, on="subscriber", how="semi", maintain_order="left")


@lru_cache(maxsize=8)
def _read_part(part_id: int, digest: str) -> pl.DataFrame:
    """The issued lines of a part; neighbouring parts of a run read the same ones."""
    inputs, results, issued = RunPart.objects.filter(pk=part_id).values_list("inputs", "results", "issued")[0]
    if derive_digest(bytes(inputs), bytes(results)) != digest:
        raise RegistryError(Problem.INVALID, f"part {part_id} of a run is not what was approved: another digest")
    invoices = unpack_frame(bytes(issued or b""), "invoices").select("subscriber", "invoice")
    lines = unpack_frame(bytes(results), "lines").join(invoices, on="subscriber", how="inner", maintain_order="left")
    return pl.concat([shape(lines, EARLIER), lines.select("invoice")], how="horizontal")


def _read_rows(place: Range, first: date, stop: date) -> pl.DataFrame:
    rows = InvoiceLine.objects.of(place.organisation_id).filter(
        invoice__run__isnull=True, **place.within("account__property"), start__gte=first, start__lt=stop
    )
    values = rows.order_by("account_id", "id").values_list(*_COLUMNS, F("invoice_id"))
    return read_frame(values, {**EARLIER, "invoice": pl.Int64()})


def _read_taken_over(place: Range, first: date, stop: date) -> pl.DataFrame:
    """Lines that the system before this one invoiced; their numbers are negative, for they are no lines of ours."""
    rows = EarlierLine.objects.of(place.organisation_id).filter(
        **place.within("account__property"), start__gte=first, start__lt=stop
    )
    frame = read_frame(rows.order_by("account_id", "id").values_list(*_COLUMNS), EARLIER)
    return frame.with_columns(-pl.col("line"), invoice=pl.lit(None, dtype=pl.Int64))


def select_charged(lines: pl.DataFrame, year: int) -> pl.DataFrame:
    """Return EARLIER of a year: its a konto and fees, and stipulated settlement lines of the year before.

    Those are credited at their price when the truth turns out to be less than what was billed.
    """
    of_year = pl.col("start").dt.year() == year
    charged = of_year & pl.col("kind").is_in(_CHARGED)
    stipulated = ~of_year & (pl.col("kind") == Kind.SETTLEMENT.value) & (pl.col("quality") < int(READ))
    return shape(lines.filter(charged | stipulated), EARLIER)


def select_billed(lines: pl.DataFrame, year: int) -> pl.DataFrame:
    """Return EARLIER: all that was settled for a year of those for whom some of it was not read."""
    kinds = (Kind.SETTLEMENT.value, Kind.CORRECTION.value)
    settled = lines.filter(pl.col("start").dt.year() == year, pl.col("kind").is_in(kinds))
    unread = settled.filter(pl.col("quality") < int(READ)).select("subscriber").unique()
    return shape(settled.join(unread, on="subscriber", how="semi", maintain_order="left"), EARLIER)


def select_charges(lines: pl.DataFrame) -> pl.DataFrame:
    """Return EARLIER of a year's terms alone."""
    return shape(lines.filter(pl.col("kind").is_in(_CHARGED)), EARLIER)


def select_last_year(lines: pl.DataFrame, year: int) -> pl.DataFrame:
    """Return LAST_YEAR: what each account was settled for in a year, by service."""
    rows = lines.filter(pl.col("kind") == Kind.SETTLEMENT.value, pl.col("start").dt.year() == year)
    summed = (
        rows.with_columns(days=(pl.col("stop") - pl.col("start")).dt.total_days())
        .group_by("subscriber", "service", maintain_order=True)
        .agg(pl.col("quantity").sum(), pl.col("days").sum())
    )
    return shape(summed, LAST_YEAR)


def get_settled_accounts(place: Range, year: int) -> pl.Series:
    """Return the accounts whose days of a year are settled by a document that was not credited."""
    rows = Invoice.objects.filter(
        **place.owned("account"),
        settles_from__lt=date(year + 1, 1, 1),
        settles_to__gt=date(year, 1, 1),
        corrects__isnull=True,
    )
    credited = Invoice.objects.filter(corrects=OuterRef("pk"))
    numbers = rows.filter(~Exists(credited)).values_list("account_id", flat=True)
    return pl.Series("subscriber", list(numbers), dtype=pl.Int64)
