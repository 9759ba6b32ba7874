# SPDX-License-Identifier: Apache-2.0
"""Making, approving and dropping settlement runs: preview and final are the same stored parts."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from django.db import transaction
from django.db.models import Q

import avlest
from avlest.readings.calendar import derive_local_day
from avlest.readings.tables import Store
from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_changed, save_new
from avlest.registry.services.bulk import insert_rows
from avlest.settlement.models import Run, RunException, RunPart
from avlest.settlement.runs.calculate import Results
from avlest.settlement.runs.inputs import Parameters, derive_digest
from avlest.settlement.runs.plausibility import (
    BLOCKING,
    WARNING,
    Found,
    Thresholds,
    derive_part_control,
    derive_summary,
    find_exceptions,
    find_run_exceptions,
    merge_controls,
)
from avlest.settlement.services.book import book_to_json
from avlest.settlement.services.gather import Gathered, Wanted, split_properties
from avlest.settlement.services.parts import Part, gather_parts
from avlest.settlement.services.people import check_other_person
from avlest.settlement.services.prices import make_price_book
from avlest.settlement.services.zones import gather_zones
from avlest.settlement.settings import Options, get_options

PART_SIZE = 10_000
_KIND = Run.Kind
_STATE = Run.State


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What to settle or charge.

    * `year`: settles `year`, and charges the terms of the next year that fall due in `month` (the settlement month of
      the options where it is 0); the terms of `year + 1` stand on the same invoice.
    * `term`: charges the terms of `year` that fall due in `month`.
    * `final`: settles accounts that ended in `year`, at once.
    * `correction`: settles `accounts` of `year` anew after their invoice was credited.

    `accounts` limits any kind to some accounts.  `invoice_on` and `due_on` default from the options and the instant.
    """

    kind: str
    year: int
    month: int = 0
    accounts: tuple[int, ...] | None = None
    invoice_on: date | None = None
    due_on: date | None = None


def do_make_run(actor: Actor, request: RunRequest, *, store: Store, now: datetime, part_size: int = PART_SIZE) -> int:
    """Gather, calculate and keep a run as a preview; return its number.

    Each part is written by itself, so a large run holds no lock for long; a run whose making was cut off has no
    digest and can only be dropped.  Raises `RegistryError` for a year that is not over or a kind that is unknown, and
    `SettlementError` for prices that contradict each other.
    """
    actor.require(Right.RUN_SETTLEMENT)
    options = get_options(actor.organisation_id)
    book = make_price_book(actor.organisation_id)
    parameters = derive_parameters(request, options, today=derive_local_day(now))
    parameters = dataclasses.replace(parameters, past_terms=_get_past_terms(actor, parameters, options, request))
    wanted = Wanted(
        parameters=parameters, book=book, options=options,
        accounts=None if request.accounts is None else frozenset(request.accounts),
    )  # fmt: skip
    run = _start_run(actor, request, wanted, now)
    merged = _Merged(parameters.year)
    places = split_properties(actor.organisation_id, size=part_size, accounts=wanted.accounts)
    for number, part in enumerate(gather_parts(store, places, wanted)):
        merged.add(part.gathered, part.results)
        _keep_part(run, number, part)
    _finish_run(actor, run, merged, wanted, store, now)
    return int(run.pk)


class _Merged:
    """What is known of all parts so far."""

    def __init__(self, year: int) -> None:
        self._year = year
        self.controls: list[dict[str, Any]] = []
        self.summaries: list[pl.DataFrame] = []
        self.points: list[pl.DataFrame] = []
        self.found: list[Found] = []

    def add(self, gathered: Gathered, results: Results) -> None:
        """Take in one part."""
        inputs, blocked = gathered.inputs, gathered.blocked
        for row in gathered.unpriced.iter_rows(named=True):
            self.found.append(Found(row["subscriber"], row["code"], WARNING, {"detail": row["detail"]}))
        self.controls.append(derive_part_control(inputs, results, self._year))
        self.summaries.append(derive_summary(inputs, self._year))
        billing = inputs.quantities.filter(pl.col("purpose") == "billing", pl.col("start").dt.year() == self._year)
        self.points.append(billing.group_by("point").agg(pl.col("quantity").sum()))
        lacking = set(blocked["subscriber"].to_list())
        for row in blocked.unique(["subscriber", "code"], maintain_order=True).iter_rows(named=True):
            self.found.append(Found(row["subscriber"], row["code"], BLOCKING, {"service": row["service"]}))
        for row in results.problems.iter_rows(named=True):
            if row["subscriber"] not in lacking:
                detail = {"service": row["service"], "detail": row["detail"]}
                self.found.append(Found(row["subscriber"], row["code"], BLOCKING, detail))


def derive_parameters(request: RunRequest, options: Options, *, today: date) -> Parameters:
    """Return what a run is about; `RegistryError` where that cannot be settled."""
    if request.kind not in _KIND.values:
        raise RegistryError(Problem.INVALID, f"kind {request.kind!r}: expected one of {', '.join(_KIND.values)}")
    settles = request.kind != _KIND.TERM
    if settles and request.kind != _KIND.FINAL and today < date(request.year + 1, 1, 1):
        raise RegistryError(Problem.INVALID, f"the year {request.year} is not over: it can be settled from 1 January")
    if request.kind == _KIND.CORRECTION and not request.accounts:
        raise RegistryError(Problem.INVALID, "name the accounts of a correction")
    charge_year = request.year + 1 if request.kind == _KIND.YEAR else request.year
    month = request.month or (options.settle_month if request.kind == _KIND.YEAR else 0)
    if request.kind == _KIND.TERM and not 1 <= month <= 12:
        raise RegistryError(Problem.INVALID, "name the month (1 to 12) whose terms are to be charged")
    charges = request.kind in (_KIND.YEAR, _KIND.TERM)
    return Parameters(
        kind=request.kind, year=request.year, settles=settles, charge_year=charge_year,
        due_terms=options.get_due_terms(charge_year, month) if charges else {}, past_terms={},
        method=options.method.value, shortest=int(options.number("stipulation", "shortest_days")),
    )  # fmt: skip


def _get_past_terms(
    actor: Actor, parameters: Parameters, options: Options, request: RunRequest
) -> dict[int, tuple[int, ...]]:
    """The terms of the charged year that fell due from its first issued run on, before this one's month."""
    year = parameters.charge_year
    rows = Run.objects.of(actor.organisation_id).filter(state=_STATE.ISSUED)
    rows = rows.filter(Q(kind=_KIND.TERM, year=year) | Q(kind=_KIND.YEAR, year=year - 1))
    months = sorted(rows.values_list("month", flat=True))
    month = request.month or options.settle_month
    if not parameters.due_terms or not months:
        return {}
    due = [options.get_due_terms(year, past) for past in range(months[0], month)]
    return {count: tuple(term for terms in due for term in terms[count]) for count in parameters.due_terms}


def _start_run(actor: Actor, request: RunRequest, wanted: Wanted, now: datetime) -> Run:
    invoice_on, due_on = _derive_dates(request, wanted, derive_local_day(now))
    first = date(request.year, 1, 1)
    month = request.month or (wanted.options.settle_month if request.kind == _KIND.YEAR else 0)
    run = Run(
        organisation_id=actor.organisation_id, kind=request.kind, year=request.year, month=month,
        starts_on=first, stops_on=first.replace(year=request.year + 1), invoice_on=invoice_on, due_on=due_on,
        known_at=now, code_version=avlest.__version__, made_at=now, made_by=actor.name, made_by_user=actor.user_id,
        settings={
            "parameters": wanted.parameters.to_json(),
            "options": dict(wanted.options.values),
            "book": book_to_json(wanted.book),
            "accounts": None if request.accounts is None else sorted(request.accounts),
        },
    )  # fmt: skip
    with transaction.atomic():
        save_new(actor, run, now=now)
    return run


def _derive_dates(request: RunRequest, wanted: Wanted, today: date) -> tuple[date, date]:
    """The invoice date (today) and the due date: that of the terms charged, if it lies ahead, else so many days on."""
    invoice_on = request.invoice_on or today
    plans = wanted.options.get_plans(wanted.parameters.charge_year)
    due = [plans[count].due[term - 1] for count, terms in wanted.parameters.due_terms.items() for term in terms]
    later = [day for day in due if day > invoice_on]
    days = int(wanted.options.number("settlement", "payment_days"))
    return invoice_on, request.due_on or (max(later) if later else invoice_on + timedelta(days=days))


def _keep_part(run: Run, number: int, part: Part) -> None:
    RunPart(
        organisation_id=run.organisation_id, run=run, number=number, accounts=part.gathered.inputs.accounts.height,
        first_property=part.place.first, last_property=part.place.last, lines=part.results.lines.height,
        inputs=part.packed_inputs, results=part.packed_results, digest=part.digest,
    ).save(force_insert=True)  # fmt: skip


def _finish_run(actor: Actor, run: Run, merged: _Merged, wanted: Wanted, store: Store, now: datetime) -> None:
    """Judge the run as a whole, and seal it with the digest of its parts."""
    thresholds = Thresholds.from_options(wanted.options.values["plausibility"])
    control = merge_controls(merged.controls)
    found = list(merged.found)
    if wanted.parameters.settles and merged.summaries:
        control["zones"] = gather_zones(store, actor.organisation_id, wanted, used=pl.concat(merged.points))
        found += find_exceptions(pl.concat(merged.summaries), thresholds)
        found += find_run_exceptions(control, thresholds)
    control["blocked"] = len({one.subscriber for one in found if one.severity == BLOCKING})
    digests = RunPart.objects.filter(run=run).order_by("number").values_list("digest", flat=True)
    digest = derive_digest(*(text.encode() for text in digests), _settings_bytes(run.settings))
    with transaction.atomic():
        insert_rows(RunException, [_to_exception(run, one) for one in found])
        save_changed(actor, run, {"control": control, "digest": digest}, now=now, action="preview")


def _settings_bytes(settings: Mapping[str, Any]) -> bytes:
    return json.dumps(settings, sort_keys=True, ensure_ascii=False).encode()


def _to_exception(run: Run, found: Found) -> RunException:
    return RunException(
        organisation_id=run.organisation_id, run=run, account_id=found.subscriber, code=found.code,
        severity=found.severity, detail=dict(found.detail),
    )  # fmt: skip


@transaction.atomic
def do_accept_exception(actor: Actor, exception_id: int, *, reason: str, now: datetime) -> None:
    """Note that somebody looked at a warning and lets it stand, and why.  A blocking one cannot be accepted."""
    row = access_row(RunException, actor, exception_id, right=Right.RUN_SETTLEMENT, for_update=True)
    if row.severity == BLOCKING:
        raise RegistryError(Problem.INVALID, f"{row.code} cannot be accepted: its account has no settlement; mend it")
    if not reason.strip():
        raise RegistryError(Problem.INVALID, "reason: say why it may stand")
    values = {"accepted_at": now, "accepted_by": actor.name, "reason": reason.strip()}
    save_changed(actor, row, values, now=now, action="accept")


@transaction.atomic
def do_approve_run(actor: Actor, run_id: int, *, now: datetime) -> None:
    """Approve a preview that another person made; what is issued is exactly what was approved.

    Raises `RegistryError` for the same person, an unfinished preview, or a year and term that is approved already.
    """
    run = access_row(Run, actor, run_id, right=Right.APPROVE_SETTLEMENT, for_update=True)
    if run.state != _STATE.PREVIEW:
        raise RegistryError(Problem.ENDED, f"run {run.pk} is {run.state} already")
    if not run.digest:
        raise RegistryError(Problem.INVALID, f"run {run.pk} was not finished: drop it and make it anew")
    check_other_person(actor, made_by=run.made_by, made_by_user=run.made_by_user, what=f"run {run.pk}")
    values = {
        "state": _STATE.APPROVED,
        "approved_at": now,
        "approved_by": actor.name,
        "approved_by_user": actor.user_id,
    }
    save_changed(actor, run, values, now=now, action="approve")


@transaction.atomic
def do_drop_run(actor: Actor, run_id: int, *, now: datetime) -> None:
    """Put aside a run of which nothing was issued."""
    run = access_row(Run, actor, run_id, right=Right.RUN_SETTLEMENT, for_update=True)
    if run.state not in (_STATE.PREVIEW, _STATE.APPROVED):
        raise RegistryError(Problem.ENDED, f"run {run.pk} is {run.state}: correct its invoices by credit notes")
    save_changed(actor, run, {"state": _STATE.DROPPED}, now=now, action="drop")
