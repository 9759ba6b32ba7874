# SPDX-License-Identifier: Apache-2.0
"""A case from the text of its file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from avlest.settlement.cases.model import Case, CaseCustomer, Once, Work
from avlest.settlement.cases.parse_meters import parse_given, parse_meters
from avlest.settlement.cases.parse_parties import get_customer, parse_customers, parse_invoiced, parse_properties
from avlest.settlement.cases.parse_prices import parse_book, parse_vat_rows
from avlest.settlement.cases.reader import (
    CaseError,
    Table,
    choice,
    day,
    fraction,
    instant,
    quantity,
    text,
    texts,
    whole,
)
from avlest.settlement.contracts import SplitMethod, Unit, VatRate
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.stipulation import StipulationRules

Holidays = Callable[[Sequence[int]], frozenset[date]]
"""Public holidays of some years; asked for only where work is charged by time."""


def parse_case(content: str, *, filename: str, holidays: Holidays | None = None) -> Case:
    """The case in a TOML file, or a JSON file when its name ends in `.json`.

    Raises CaseError or SettlementError naming file, field and what is expected.
    """
    case = Table(_load(content, filename), f"{filename}: ")
    today = case.take("today", day, None)
    book = parse_book(case, _load_lists(case), _shipped_vat())
    properties = parse_properties(case, book)
    customers = parse_customers(case, properties, book)
    work = [_parse_work(table, customers, book) for table in case.tables("work")]
    once = [_parse_once(table, customers, book) for table in case.tables("once")]
    year = _parse_year(case, today, [*(item.start.date() for item in work), *(item.day for item in once)])
    lines, plans = parse_invoiced(case, customers, book, year)
    parsed = Case(
        title=case.take("title", text, ""),
        language=case.take("language", text, "nb"),
        today=today,
        year=year,
        plan_year=_parse_plan_year(case, year),
        method=case.take("split|split_method", choice(SplitMethod), SplitMethod.READING),
        book=book,
        **_parse_terms(case),
        **_parse_rules(case),
        holidays=_parse_holidays(case, work, holidays),
        properties=properties,
        customers=customers,
        meters=parse_meters(case, properties, book, today=today, lines=lines, year=year),
        given=parse_given(case, customers, book, year),
        lines=lines,
        plans=plans,
        work=work,
        once=once,
    )
    case.check_names(("note", "description", "expected"))
    return parsed


def _parse_year(case: Table, today: date | None, others: Sequence[date]) -> int:
    """The year to settle: given, else the one before today, else that of the first work."""
    given = case.take("year", whole, None)
    if given is None and today is None and not others:
        raise CaseError(case.at("year"), "the year to settle, such as 2025")
    if given is None:
        return today.year - 1 if today else min(others).year
    if not 1900 <= given <= 9000:
        raise CaseError(case.at("year"), f"a year such as 2025, not {given}")
    return given


def _load(content: str, filename: str) -> Any:
    try:
        if filename.endswith(".json"):
            return json.loads(content, parse_float=Decimal)
        return tomllib.loads(content, parse_float=Decimal)
    except ValueError as error:
        raise CaseError(
            filename, f"{'JSON' if filename.endswith('.json') else 'TOML'} ({error})", "bad_file"
        ) from error


def _load_lists(case: Table) -> list[Table]:
    """Price lists that come with Avlest, by name."""
    found = []
    for name in case.take("price_list|price_lists", texts, []):
        resource = files("avlest.settlement").joinpath(f"pricelists/{name}.toml")
        if not name.isidentifier() or not resource.is_file():
            raise CaseError(
                case.at("price_list"), f"the name of a shipped list ({', '.join(get_list_names())}), not {name!r}"
            )
        found.append(Table(tomllib.loads(resource.read_text(encoding="utf-8"), parse_float=Decimal), f"{name}.toml: "))
    return found


def get_list_names() -> list[str]:
    """Names of the shipped price lists."""
    folder = files("avlest.settlement").joinpath("pricelists")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


@cache
def _read_data(name: str) -> Any:
    return tomllib.loads(
        files("avlest.settlement").joinpath(f"data/{name}").read_text(encoding="utf-8"), parse_float=Decimal
    )


def _shipped_vat() -> list[VatRate]:
    return parse_vat_rows(Table({"vat": _read_data("case_defaults.toml")["vat"]}, "case_defaults.toml: "))


def _parse_plan_year(case: Table, year: int) -> int | None:
    """The year whose terms are worked out: the next one, or none with `plan_year = 0`."""
    given = case.take("plan_year", whole, year + 1)
    return given or None


def _parse_terms(case: Table) -> dict[str, Any]:
    """Due dates by number of terms, and the month of the settlement invoice."""
    shipped = _read_data("defaults.toml")
    due = {int(count): list(days) for count, days in shipped["terms"].items()}
    month = int(shipped["settlement"]["month"])
    for table in case.tables("terms"):
        month = table.take("settlement_month", whole, month)
        for name in table.names():
            if name.isdigit():
                due[int(name)] = table.take(name, texts, [])
        table.check_names()
    return {"due": due, "settlement_month": month}


def _parse_rules(case: Table) -> dict[str, Any]:
    shipped = Table(_read_data("case_defaults.toml"), "case_defaults.toml: ")
    own = case.tables("stipulation")
    rows = [*own, *shipped.tables("stipulation")]
    average = _first(rows, "average_days", _two_days, (0, 0))
    rules = StipulationRules(
        window_days=_first(rows, "window_days", whole, 0),
        shortest_average=average[0],
        longest_average=average[1],
        least_history=_first(rows, "least_history", whole, 0),
        per_area=_thousandths(_first(rows, "per_area", fraction, None)),
        per_person=_thousandths(_first(rows, "per_person", fraction, None)),
    )
    advance = [*case.tables("advance_rules"), *shipped.tables("advance")]
    accuracy = [*case.tables("accuracy"), *shipped.tables("accuracy")]
    found = {
        "rules": rules,
        "shortest_advance": _first(advance, "shortest_days", whole, 0),
        "accuracy_threshold": _first(accuracy, "threshold_percent", fraction, None) / 100,
    }
    for table in (*own, *advance, *accuracy):
        table.check_names()
    return found


def _thousandths(given: Any) -> Any:
    return None if given is None else given * 1000


def _first(rows: Sequence[Table], name: str, convert: Callable[[Any, str], Any], default: Any) -> Any:
    """The field of the first table that has it."""
    found = [row.take(name, convert, None) for row in rows]
    return next((value for value in found if value is not None), default)


def _two_days(given: Any, place: str) -> tuple[int, int]:
    if not isinstance(given, list) or len(given) != 2:
        raise CaseError(place, "two numbers of days, such as [30, 90]")
    return whole(given[0], place), whole(given[1], place)


def _parse_work(table: Table, customers: Sequence[CaseCustomer], book: PriceBook) -> Work:
    service = _find_work_service(table, book)
    minutes = table.take("minutes", whole, None)
    start = table.need("from|start|at", instant, "when the work began, such as 2026-03-03T13:45")
    stop = table.take("to|stop", instant, None)
    if (minutes is None) == (stop is None):
        raise CaseError(table.at("to"), "either to (when the work ended) or minutes")
    if minutes is not None and minutes < 0:
        raise CaseError(table.at("minutes"), "minutes from 0 up")
    work = Work(customer=get_customer(table, customers), service=service, start=start, stop=stop, minutes=minutes)
    table.check_names(("note",))
    return work


def _find_work_service(table: Table, book: PriceBook) -> str:
    """The service named, or that of the price code named."""
    hourly = {price.code: price.service for price in book.prices if price.unit == Unit.HOUR}
    given = table.need("service|code", text, "the service or price code of the work")
    if given in hourly.values():
        return given
    if given not in hourly:
        raise CaseError(
            table.at("service"), f"a service or code with a price per hour ({', '.join(hourly)}), not {given!r}"
        )
    return hourly[given]


def _parse_once(table: Table, customers: Sequence[CaseCustomer], book: PriceBook) -> Once:
    codes = [price.code for price in book.prices if price.unit == Unit.ONCE]
    code = table.need("code", text, "the price's code")
    if code not in codes:
        raise CaseError(table.at("code"), f"a code with a single price ({', '.join(codes)}), not {code!r}")
    once = Once(
        customer=get_customer(table, customers),
        code=code,
        day=table.need("date", day, "the day of delivery"),
        count=table.take("quantity|count", quantity, 1000),
    )
    table.check_names(("note",))
    return once


def _parse_holidays(case: Table, work: Sequence[Work], holidays: Holidays | None) -> frozenset[date]:
    """Given ones, else the public holidays of the years in which work was done."""
    own = case.take("holidays", _dates, None)
    extra = case.take("extra_holidays", _dates, [])
    if own is not None or not work:
        return frozenset([*(own or ()), *extra])
    if holidays is None:
        raise CaseError(case.at("holidays"), "a list of dates: this program does not know the public holidays")
    ends = [end for item in work for end in (item.start, item.stop or item.start + timedelta(days=1))]
    return holidays(sorted({end.year for end in ends})) | frozenset(extra)


def _dates(given: Any, place: str) -> list[date]:
    rows = given if isinstance(given, list) else [given]
    return [day(row, f"{place}[{number}]") for number, row in enumerate(rows, 1)]
