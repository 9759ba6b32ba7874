# SPDX-License-Identifier: Apache-2.0
"""A run account by account, and whether a year can be settled at all: what people see before anything is sent."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date

import polars as pl
from django.db.models import Count, Q

from avlest.registry.access import access_row
from avlest.registry.rights import Actor, Right
from avlest.settlement.contracts import SettlementError
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.prices import Customer, PriceBook
from avlest.settlement.exceptions import write_exception
from avlest.settlement.infos import AccountInfo, ExceptionInfo, PriceListInfo
from avlest.settlement.models import Account, Agreement, Invoice, Run, RunException, RunPart
from avlest.settlement.queries import get_accounts, get_price_lists
from avlest.settlement.runs.calculate import derive_sums
from avlest.settlement.services.explain import get_part_frame
from avlest.settlement.services.prices import make_price_book

ORDERS = ("number", "-total", "total")


@dataclasses.dataclass(frozen=True, slots=True)
class PreviewAccount:
    """What a run comes to for one account, in øre; `lines` how many lines its invoice has."""

    account: AccountInfo
    lines: int
    net: int
    vat: int
    total: int


@dataclasses.dataclass(frozen=True, slots=True)
class PreviewPage:
    """Some accounts of a run and how many there are in all."""

    rows: tuple[PreviewAccount, ...]
    count: int


def access_preview_accounts(
    actor: Actor, run_id: int, *, search: str = "", account_id: int | None = None, order: str = "number",
    offset: int = 0, limit: int = 50,
) -> PreviewPage:  # fmt: skip
    """Return accounts of a run with what each comes to; `order` is one of `ORDERS`.

    `search` looks in number, name and address of at most 10,000 accounts; `account_id` picks one account.
    """
    access_row(Run, actor, run_id, right=Right.VIEW_SETTLEMENT)
    sums = _read_sums(run_id)
    wanted = None if account_id is None else [account_id]
    if search:
        found = get_accounts(organisation_id=actor.organisation_id, search=search, limit=10_000)
        wanted = [account.id for account in found]
    if wanted is not None:
        sums = sums.filter(pl.col("subscriber").is_in(wanted))
    name = order if order in ORDERS else "number"
    sums = sums.sort([name.removeprefix("-"), "number"], descending=[name.startswith("-"), False])
    page = sums.slice(offset, limit)
    accounts = {row.id: row for row in get_accounts(account_ids=page["subscriber"].to_list(), limit=limit)}
    columns = page.select("subscriber", "lines", "net", "vat", "total").iter_rows()
    return PreviewPage(tuple(PreviewAccount(accounts[key], *values) for key, *values in columns), sums.height)


def _read_sums(run_id: int) -> pl.DataFrame:
    """The sums of every account of a run: `subscriber, number, lines, net, vat, total`."""
    numbers = RunPart.objects.filter(run_id=run_id).order_by("number").values_list("number", flat=True)
    frames = [_read_part(run_id, number) for number in numbers]
    return pl.concat(frames) if frames else pl.DataFrame(schema=_SUMS)


_SUMS = {
    "subscriber": pl.Int64(),
    "number": pl.Int64(),
    "lines": pl.Int64(),
    "net": pl.Int64(),
    "vat": pl.Int64(),
    "total": pl.Int64(),
}


def _read_part(run_id: int, number: int) -> pl.DataFrame:
    sums = derive_sums(get_part_frame(run_id, number, "results", "totals"))
    lines = get_part_frame(run_id, number, "results", "lines").group_by("subscriber").agg(lines=pl.len())
    accounts = get_part_frame(run_id, number, "inputs", "accounts").select("subscriber", "number")
    rows = sums.join(accounts, on="subscriber").join(lines, on="subscriber", how="left")
    return rows.select(pl.col(name).cast(kind) for name, kind in _SUMS.items())


def access_exception(actor: Actor, exception_id: int, *, language: str = "nb") -> tuple[int, ExceptionInfo]:
    """Return the run of one exception, and what is odd."""
    row = access_row(RunException, actor, exception_id, right=Right.VIEW_SETTLEMENT)
    return row.run_id, ExceptionInfo(
        id=row.pk, account_id=row.account_id, account_number=row.account.number if row.account else None,
        code=row.code, severity=row.severity, sentence=write_exception(row.code, row.detail, language=language),
        detail=row.detail, accepted_by=row.accepted_by, reason=row.reason,
    )  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class ServiceReady:
    """A service as some accounts have it: `problem` is "" or why it has no price on all days (`no_price`, …)."""

    service: str
    region: str
    category: str
    size: str
    agreements: int
    prices: tuple[str, ...]
    problem: str
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class Readiness:
    """What a run of `[starts_on, stops_on)` rests on.

    `problem` is a contradiction among the prices that stops any run; `drafts` price lists that nobody has approved.
    """

    accounts: int
    without_agreement: int
    services: tuple[ServiceReady, ...]
    lists: tuple[PriceListInfo, ...]
    drafts: tuple[PriceListInfo, ...]
    problem: str

    @property
    def is_ready(self) -> bool:
        """Whether a run would have prices for everything."""
        return not self.problem and bool(self.lists) and not any(one.problem for one in self.services)


def access_readiness(actor: Actor, *, starts_on: date, stops_on: date) -> Readiness:
    """Return whether prices and agreements are in place for some days."""
    actor.require(Right.VIEW_SETTLEMENT)
    organisation = actor.organisation_id
    accounts = Account.objects.of(organisation).filter(
        Q(closed_on__isnull=True) | Q(closed_on__gt=starts_on), opened_on__lt=stops_on
    )
    lists = get_price_lists(organisation)
    used = [one for one in lists if one.state == "approved" and _overlaps(one, starts_on, stops_on)]
    book, problem = _make_book(organisation)
    services = () if book is None else _check_services(organisation, book, Days(starts_on, stops_on))
    return Readiness(
        accounts=accounts.count(), without_agreement=accounts.filter(agreements__isnull=True).count(),
        services=services, lists=tuple(used), drafts=tuple(one for one in lists if one.state == "draft"),
        problem=problem,
    )  # fmt: skip


def _overlaps(one: PriceListInfo, starts_on: date, stops_on: date) -> bool:
    return one.valid_from < stops_on and (one.valid_to is None or one.valid_to > starts_on)


def _make_book(organisation: int) -> tuple[PriceBook | None, str]:
    try:
        return make_price_book(organisation), ""
    except SettlementError as error:
        return None, str(error)


def _check_services(organisation: int, book: PriceBook, days: Days) -> tuple[ServiceReady, ...]:
    rows = Agreement.objects.of(organisation).filter(
        Q(valid_from__isnull=True) | Q(valid_from__lt=days.stop), Q(valid_to__isnull=True) | Q(valid_to__gt=days.start)
    )
    names = ("service", "region", "category", "size")
    counted = rows.values_list(*names).annotate(count=Count("pk")).order_by(*names)
    return tuple(_check_service(book, row[:4], row[4], days) for row in counted)


def _check_service(book: PriceBook, what: Sequence[str], count: int, days: Days) -> ServiceReady:
    service, region, category, size = what
    customer = Customer(region, category, size)
    priced = []
    problem = detail = ""
    for code in book.get_codes(service, "m3", "kWh", "year"):
        try:
            if book.get_segments(code, customer, days):
                priced.append(code)
        except SettlementError as error:
            problem, detail = error.code, str(error)
    if not priced and not problem:
        problem = "no_price"
    return ServiceReady(service, region, category, size, count, tuple(priced), problem, detail)


def get_run_documents(actor: Actor, run_id: int) -> list[tuple[int, str, int]]:
    """Return row, kind and number of each invoice and credit note of a run."""
    actor.require(Right.VIEW_SETTLEMENT)
    rows = Invoice.objects.of(actor.organisation_id).filter(run_id=run_id).order_by("kind", "number")
    return list(rows.values_list("pk", "kind", "number"))
