# SPDX-License-Identifier: Apache-2.0
"""A whole year in one call, as the demonstration and tests take it: terms charged, year settled, invoices issued."""

from __future__ import annotations

import dataclasses
from collections.abc import Container
from datetime import UTC, date, datetime
from importlib.resources import files

from django.conf import settings
from django.db.models import Count, Sum
from django.utils import translation
from django.utils.translation import gettext as _

from avlest.readings.tables import Store
from avlest.registry.rights import Actor
from avlest.settlement.importing.files import parse_price_list
from avlest.settlement.models import Invoice, RunException
from avlest.settlement.services.accounts import Opening, do_open_accounts, do_set_advances
from avlest.settlement.services.issue import do_issue_run
from avlest.settlement.services.prices import do_approve_price_list, do_import_price_list
from avlest.settlement.services.runs import RunRequest, do_approve_run, do_make_run
from avlest.settlement.settings import get_options


def do_take_shipped_prices(clerk: Actor, controller: Actor, *, name: str, now: datetime) -> int:
    """Import a price list that ships with the program (`fjordvik`) and let the second person approve it."""
    file = f"{name}.toml"
    content = files("avlest.settlement").joinpath("pricelists", file).read_bytes()
    number = do_import_price_list(clerk, parse_price_list(content, filename=file), now=now)
    do_approve_price_list(controller, number, now=now)
    return number


def do_run_through(clerk: Actor, controller: Actor, request: RunRequest, *, store: Store, now: datetime) -> int:
    """Make a run, let the second person approve it, issue it; return its number."""
    number = do_make_run(clerk, request, store=store, now=now)
    do_approve_run(controller, number, now=now)
    do_issue_run(controller, number, now=now)
    return number


def do_charge_terms(
    clerk: Actor, controller: Actor, *, year: int, store: Store, months: Container[int] = range(1, 13)
) -> list[int]:
    """Charge every month of a year in which terms fall due (of `months`), each dated on the first of its month."""
    plans = get_options(clerk.organisation_id).get_plans(year).values()
    made = []
    for month in sorted({day.month for plan in plans for day in plan.due if day.month in months}):
        at = datetime(year, month, 1, 8, tzinfo=UTC)
        request = RunRequest(kind="term", year=year, month=month)
        made.append(do_run_through(clerk, controller, request, store=store, now=at))
    return made


def do_settle_year(
    clerk: Actor, controller: Actor, *, year: int, store: Store, now: datetime, invoice_on: date | None = None
) -> int:
    """Settle a year that is over, with the terms of the next year that fall due in the settlement month."""
    request = RunRequest(kind="year", year=year, invoice_on=invoice_on)
    return do_run_through(clerk, controller, request, store=store, now=now)


@dataclasses.dataclass(frozen=True, slots=True)
class FirstYear:
    """What a first year came to: documents and øre of the settlement run, and what was odd by code."""

    run_id: int
    accounts: int
    invoices: int
    credit_notes: int
    total: int
    exceptions: dict[str, int]


def do_begin_and_settle(
    clerk: Actor, controller: Actor, *, year: int, store: Store, now: datetime, prices: str = "fjordvik",
    advance: int = 110_000, opening: Opening | None = None, invoice_on: date | None = None,
) -> FirstYear:  # fmt: skip
    """Begin to settle an organisation that has a register and series, and settle a year that is over.

    Takes the shipped price list, opens accounts for all subscribers, gives each the a konto `advance` (thousandths of
    a m³ a year), charges the terms of the year and settles it, with invoices of `invoice_on` (today where None).
    Two people must act: `clerk` and `controller`.
    """
    do_take_shipped_prices(clerk, controller, name=prices, now=datetime(year, 1, 1, 8, tzinfo=UTC))
    begin = opening or Opening()
    accounts = do_open_accounts(clerk, begin, now=now)
    levels = {account: dict.fromkeys(begin.services, advance) for account in accounts}
    with translation.override(settings.LANGUAGE_CODE):  # kept as a person would have written it
        standard = _("first year: the municipality's standard")
    do_set_advances(clerk, levels, year=year, reason=standard, now=now)
    do_charge_terms(clerk, controller, year=year, store=store)
    run = do_settle_year(clerk, controller, year=year, store=store, now=now, invoice_on=invoice_on)
    rows = Invoice.objects.of(clerk.organisation_id).filter(run_id=run)
    kinds = dict(rows.values_list("kind").annotate(count=Count("pk")))
    total = rows.aggregate(total=Sum("total"))["total"] or 0
    found = RunException.objects.filter(run_id=run).values_list("code").annotate(count=Count("pk")).order_by("code")
    return FirstYear(
        run_id=run, accounts=len(accounts), invoices=kinds.get("invoice", 0), credit_notes=kinds.get("credit_note", 0),
        total=total, exceptions=dict(found),
    )  # fmt: skip
