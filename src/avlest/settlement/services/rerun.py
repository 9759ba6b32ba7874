# SPDX-License-Identifier: Apache-2.0
"""Running an old run again: from what it kept, to the øre; and against what has become known since."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import polars as pl

from avlest.readings.tables import Store
from avlest.registry.access import access_row
from avlest.registry.rights import Actor, Right
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.models import InvoiceLine, Run, RunPart
from avlest.settlement.runs.calculate import Results, calculate
from avlest.settlement.runs.inputs import Inputs, Parameters, derive_digest, unpack_frame, unpack_inputs
from avlest.settlement.services.book import book_from_json
from avlest.settlement.services.frames import Range
from avlest.settlement.services.gather import Wanted, gather_again
from avlest.settlement.settings import Options

_LINE_KEY = ["subscriber", "position"]
_COMPARED = ["kind", "service", "code", "start", "stop", "quantity", "value", "amount", "rate"]


@dataclasses.dataclass(frozen=True, slots=True)
class Since:
    """What has become known of one account and service since, and what it would change (øre, before VAT is split)."""

    account_id: int
    service: str
    quantity_then: int
    quantity_now: int
    amount_then: int
    amount_now: int


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rerun:
    """What running again gave.

    `differences` counts lines that are not what was kept (0: the same to the øre), `stored_differences` lines of the
    invoices that are not what was kept, `broken_parts` parts whose content has another digest; `since` is what is known
    now and was not then (None: not asked for).
    """

    run_id: int
    lines: int
    amount: int
    differences: int
    stored_differences: int
    broken_parts: tuple[int, ...]
    since: tuple[Since, ...] | None

    @property
    def is_same(self) -> bool:
        """Whether the run comes to the same, and its invoices say so."""
        return not (self.differences or self.stored_differences or self.broken_parts)


def rerun_run(actor: Actor, run_id: int, *, store: Store | None, now: datetime) -> Rerun:
    """Run a run again from what it kept; with a `store` also tell what has become known since.

    Nothing is written.  The program may have changed meanwhile: a difference is shown, not hidden.
    """
    run = access_row(Run, actor, run_id, right=Right.VIEW_SETTLEMENT)
    book = book_from_json(run.settings["book"])
    parameters = Parameters.from_json(run.settings["parameters"])
    lines = amount = differences = stored = 0
    broken: list[int] = []
    since: list[Since] = []
    for part in RunPart.objects.filter(run=run).order_by("number").iterator(chunk_size=1):
        inputs = unpack_inputs(bytes(part.inputs))
        kept = unpack_frame(bytes(part.results), "lines")
        again = calculate(inputs, book, parameters)
        lines, amount = lines + again.lines.height, amount + int(again.lines["amount"].sum())
        differences += count_differences(kept, again.lines)
        stored += _compare_stored(run, part, kept)
        if derive_digest(bytes(part.inputs), bytes(part.results)) != part.digest:
            broken.append(part.number)
        if store is not None and parameters.settles:
            since += _find_since(store, run, part, (inputs, again), book)
    return Rerun(
        run_id=run.pk, lines=lines, amount=amount, differences=differences, stored_differences=stored,
        broken_parts=tuple(broken), since=tuple(since) if store is not None else None,
    )  # fmt: skip


def count_differences(left: pl.DataFrame, right: pl.DataFrame) -> int:
    """Return how many lines two calculations do not share."""
    columns = [*_LINE_KEY, *_COMPARED]
    one, two = left.select(columns), right.select(columns)
    if one.equals(two):
        return 0
    alone = one.join(two, on=columns, how="anti", nulls_equal=True)
    return alone.height + two.join(one, on=columns, how="anti", nulls_equal=True).height


def _compare_stored(run: Run, part: RunPart, kept: pl.DataFrame) -> int:
    """Compare a part's lines with those of its invoices, where it was issued."""
    if part.issued is None:
        return 0
    stored = InvoiceLine.objects.filter(invoice__run=run, invoice__part=part.number)
    rows = stored.order_by("account_id", "position").values_list("account_id", "position", "amount")
    have = [tuple(row) for row in rows]
    expected = kept.sort(_LINE_KEY).select("subscriber", "position", "amount").rows()
    return 0 if have == expected else len(set(have) ^ set(expected))


def _find_since(store: Store, run: Run, part: RunPart, then: tuple[Inputs, Results], book: PriceBook) -> list[Since]:
    """Gather the part's quantities as they are known now, price them as then, and tell where they differ."""
    inputs, before = then
    options = Options(run.settings["options"])
    parameters = Parameters.from_json(run.settings["parameters"])
    wanted = Wanted(parameters=parameters, book=book, options=options)
    place = Range(run.organisation_id, part.first_property, part.last_property)
    fresh = gather_again(store, place, wanted, inputs)
    after = calculate(fresh, book, parameters)
    quantities = [_sum(frame.consumption, "quantity") for frame in (inputs, fresh)]
    amounts = [_sum(frame.lines.filter(pl.col("kind") == "settlement"), "amount") for frame in (before, after)]
    keys = ["subscriber", "service"]
    rows = quantities[0].join(quantities[1], on=keys, how="full", coalesce=True, suffix="_now")
    for number, frame in enumerate(amounts):
        rows = rows.join(frame.rename({"amount": f"amount_{number}"}), on=keys, how="left")
    rows = rows.with_columns(pl.exclude(keys).fill_null(0)).filter(pl.col("quantity") != pl.col("quantity_now"))
    columns = (*keys, "quantity", "quantity_now", "amount_0", "amount_1")
    return [Since(*row) for row in rows.sort(keys).select(columns).iter_rows()]


def _sum(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return frame.group_by("subscriber", "service").agg(pl.col(column).sum())
