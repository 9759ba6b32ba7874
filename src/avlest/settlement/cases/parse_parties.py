# SPDX-License-Identifier: Apache-2.0
"""Properties, customers and what they were invoiced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

from avlest.readings.quality import Quality
from avlest.settlement.cases.model import (
    AdvanceChange,
    CaseCustomer,
    CaseProperty,
    InvoicedLine,
    InvoicedPlan,
)
from avlest.settlement.cases.reader import (
    CaseError,
    Table,
    choice,
    day,
    flag,
    fraction,
    kroner,
    percent,
    quantity,
    take_days,
    text,
    texts,
    value,
    whole,
)
from avlest.settlement.contracts import Kind, Unit
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.core.money import derive_amount
from avlest.settlement.core.prices import Customer, PriceBook
from avlest.settlement.core.stipulation import Known
from avlest.settlement.core.terms import PLANS

T = TypeVar("T")

VOLUMES = (Unit.VOLUME.value, Unit.ENERGY.value)


def parse_properties(case: Table, book: PriceBook) -> list[CaseProperty]:
    """Properties; without any there is one."""
    rows = case.tables("property", "properties") or [Table({}, case.at("property"))]
    found = [_parse_property(table, number, book) for number, table in enumerate(rows, 1)]
    _check_unique([row.id for row in found], case.at("property"))
    return found


def _parse_property(table: Table, number: int, book: PriceBook) -> CaseProperty:
    property_ = CaseProperty(
        number=number,
        id=table.take("id", text, str(number)),
        region=table.take("region", text, ""),
        category=table.take("category", text, ""),
        size=table.take("size", text, ""),
        units=table.take("units", whole, 1),
        services=parse_services(table, book, book.get_services(*VOLUMES)),
        known=parse_known(table),
    )
    table.check_names()
    return property_


def parse_services(table: Table, book: PriceBook, default: Sequence[str]) -> tuple[str, ...]:
    """Names of services that have a price."""
    if not table.has("services"):
        return tuple(default)
    names = tuple(table.take("services", texts, []))
    known = {price.service for price in book.prices}
    for name in names:
        if name not in known:
            raise CaseError(
                table.at("services"), f"services of the price list ({', '.join(sorted(known))}), not {name!r}"
            )
    return names


def parse_known(table: Table) -> Known:
    """Area, persons and use of earlier years: what a stipulation may rest on."""
    area: Fraction | None = table.take("area", fraction, None)
    persons: Fraction | None = table.take("persons", fraction, None)
    return Known(years=parse_history(table), area=area, persons=persons)


def parse_history(table: Table) -> dict[int, int]:
    """`history = { 2024 = 140, 2023 = 150 }`: m³ by year."""
    years: dict[int, int] = {}
    for rows in table.tables("history"):
        for name in rows.names():
            if not (name.isdigit() and len(name) == 4):
                raise CaseError(rows.at(name), "a year such as 2024")
            years[int(name)] = rows.take(name, quantity, 0)
    return years


def _check_unique(ids: Sequence[str], place: str) -> None:
    for name in ids:
        if ids.count(name) > 1:
            raise CaseError(place, f"ids of their own, but {name!r} stands twice")


def get_property(table: Table, properties: Sequence[CaseProperty]) -> CaseProperty:
    """The property a table names; the only one where it names none."""
    return _get(table, "property", {row.id: row for row in properties})


def get_customer(table: Table, customers: Sequence[CaseCustomer]) -> CaseCustomer:
    """The customer a table names; the only one where it names none."""
    return _get(table, "customer", {row.id: row for row in customers})


def _get(table: Table, name: str, rows: Mapping[str, T]) -> T:
    wanted = table.take(name, text, None)
    if wanted is None and len(rows) == 1:
        return next(iter(rows.values()))
    if wanted is None or wanted not in rows:
        raise CaseError(table.at(name), f"one of {', '.join(rows)}")
    return rows[wanted]


def parse_customers(case: Table, properties: Sequence[CaseProperty], book: PriceBook) -> list[CaseCustomer]:
    """Customers; without any there is one per property, for all time."""
    rows = case.tables("customer", "customers")
    if not rows:
        rows = [Table({"id": row.id, "property": row.id}, case.at("customer")) for row in properties]
    found = [_parse_customer(table, number, properties, book) for number, table in enumerate(rows, 1)]
    _check_unique([row.id for row in found], case.at("customer"))
    _check_periods(found, case)
    return found


def _check_periods(customers: Sequence[CaseCustomer], case: Table) -> None:
    whole_time = derive_year(1)._replace(stop=derive_year(9998).stop)
    for number, one in enumerate(customers):
        for other in customers[:number]:
            same = one.property is other.property
            mine, theirs = one.get_days(whole_time), other.get_days(whole_time)
            if same and mine and theirs and mine.overlap(theirs):
                text_ = f"periods of their own: {other.id!r} and {one.id!r} both have property {one.property.id!r}"
                raise CaseError(case.at("customer"), text_, "overlap")


def _parse_customer(table: Table, number: int, properties: Sequence[CaseProperty], book: PriceBook) -> CaseCustomer:
    property_ = get_property(table, properties)
    terms = table.take("terms", whole, 4)
    if terms not in PLANS:
        raise CaseError(table.at("terms"), f"one of {', '.join(map(str, PLANS))}, not {terms}")
    services = parse_services(table, book, property_.services)
    customer = CaseCustomer(
        number=number,
        id=table.take("id", text, str(number)),
        property=property_,
        start=table.take("from", day, None),
        stop=table.take("to", day, None),
        terms=terms,
        services=services,
        advance=_parse_advance(table, services, book),
        changes=[_parse_change(row) for row in table.tables("advance_change", "advance_changes")],
        settle=table.is_on("settle", default=True),
        plan=table.is_on("plan", default=True),
    )
    table.check_names(("name",))
    if customer.start and customer.stop and customer.start >= customer.stop:
        raise CaseError(table.at("to"), f"a day after {customer.start}")
    return customer


def _parse_advance(table: Table, services: Sequence[str], book: PriceBook) -> dict[str, int]:
    """`advance = 150` for each service by quantity, or a table by service."""
    volumes = [name for name in services if name in book.get_services(*VOLUMES)]
    if not table.has("advance"):
        return {}
    if table.is_table("advance"):
        rows = table.tables("advance")[0]
        found = {name: rows.need(name, quantity, "m³ a year") for name in volumes if rows.has(name)}
        rows.check_names()
        return found
    return dict.fromkeys(volumes, table.need("advance", quantity, "m³ a year"))


def _parse_change(table: Table) -> AdvanceChange:
    change = AdvanceChange(
        quantity=table.need("quantity", quantity, "the new a konto in m³ a year"),
        from_term=table.need("from_term", whole, "the first term of the new a konto"),
        service=table.take("service", text, ""),
    )
    table.check_names()
    return change


def parse_invoiced(
    case: Table, customers: Sequence[CaseCustomer], book: PriceBook, year: int
) -> tuple[list[InvoicedLine], list[InvoicedPlan]]:
    """`[[invoiced]]`: lines as they stood, or with `terms` the whole plan they came from."""
    lines: list[InvoicedLine] = []
    plans: list[InvoicedPlan] = []
    for table in case.tables("invoiced"):
        customer = get_customer(table, customers)
        if _is_plan(table):
            plans.append(_parse_plan(table, customer, book, year))
        else:
            lines += _parse_lines(table, customer, book, year)
        table.check_names()
    return lines, plans


_LINE_FIELDS = ("price", "amount", "from", "to", "valid_from", "valid_to", "kind", "vat_percent", "vat_included")


def _is_plan(table: Table) -> bool:
    """Without price, amount or dates of its own the lines are those that the a konto came to."""
    given = table.names()
    return "terms" in given or "of_terms" in given or not any(name in given for name in _LINE_FIELDS)


def _parse_plan(table: Table, customer: CaseCustomer, book: PriceBook, year: int) -> InvoicedPlan:
    terms = table.take("terms", whole, customer.terms)
    if terms not in PLANS:
        raise CaseError(table.at("terms"), f"one of {', '.join(map(str, PLANS))}, not {terms}")
    given = table.take("of_terms", _numbers, list(range(1, terms + 1)))
    if any(not 1 <= number <= terms for number in given):
        raise CaseError(table.at("of_terms"), f"terms from 1 to {terms}")
    volumes = [name for name in customer.services if name in book.get_services(*VOLUMES)]
    names = [table.take("service", text, "")] if table.has("service") else volumes
    return InvoicedPlan(
        customer=customer, services=tuple(names), quantity=table.take("quantity", quantity, 0), terms=terms,
        of_terms=tuple(given), fixed=table.is_on("fixed", default=False), year=table.take("year", whole, year),
        invoice=table.take("invoice", text, ""),
    )  # fmt: skip


def _numbers(given: object, place: str) -> list[int]:
    rows = given if isinstance(given, list) else [given]
    return [whole(row, place) for row in rows]


def _parse_lines(table: Table, customer: CaseCustomer, book: PriceBook, year: int) -> list[InvoicedLine]:
    """One line per service named; without `service` the same quantity was invoiced for each."""
    volumes = [name for name in customer.services if name in book.get_services(*VOLUMES)]
    names = [table.take("service", text, "")] if table.has("service") else volumes
    if len(names) > 1 and table.has("amount"):
        raise CaseError(table.at("service"), "the service that the amount was invoiced for")
    if len(names) > 1 and table.has("price"):
        raise CaseError(table.at("service"), "the service that the price was for")
    return [_parse_line(table, customer, name, book, year) for name in names]


def _parse_line(table: Table, customer: CaseCustomer, service: str, book: PriceBook, year: int) -> InvoicedLine:
    kind = table.take("kind", choice(Kind), Kind.ADVANCE)
    days = take_days(table, customer.get_days(derive_year(year)) or derive_year(year))
    unit = Unit.YEAR.value if kind is Kind.FIXED else Unit.VOLUME.value
    at = _find_price(book, customer, service, unit, days)
    measured = table.take("quantity", quantity, 1000 if kind is Kind.FIXED else None)
    if measured is None:
        raise CaseError(table.at("quantity"), "the quantity that was invoiced")
    price = table.take("price", value, at[1])
    amount = table.take("amount", kroner, None if price is None else derive_amount(measured, price))
    rate, included = table.take("vat_percent", percent, at[2]), table.take("vat_included", flag, at[3])
    if amount is None or rate is None or included is None:
        dates = f"{days.start} to {days.stop}"
        text_ = f"amount, vat_percent and vat_included as invoiced: {service} has no single price in {dates}"
        raise CaseError(table.at("amount"), text_)
    fields = {
        "subscriber": customer.number, "kind": kind.value, "service": service, "code": at[0], "unit": unit,
        "start": days.start, "stop": days.stop, "quantity": measured, "value": price or 0, "amount": amount,
        "vat": at[4], "rate": rate, "vat_included": included, "quality": _parse_quality(table, kind),
    }  # fmt: skip
    return InvoicedLine(customer=customer, invoice=table.take("invoice", text, ""), fields=fields)


def _parse_quality(table: Table, kind: Kind) -> int:
    stipulated = table.take("stipulated", flag, kind is Kind.SETTLEMENT)
    return int(Quality.ESTIMATED if stipulated else Quality.MEASURED)


_Found = tuple[str, int | None, int | None, bool | None, str]


def _find_price(book: PriceBook, customer: CaseCustomer, service: str, unit: str, days: Days) -> _Found:
    """Code, value, rate, VAT choice and VAT code that hold on all of the days; None where they change."""
    home = customer.property
    units = VOLUMES if unit in VOLUMES else (unit,)
    for code in book.get_codes(service, *units):
        segments = book.get_segments(code, Customer(home.region, home.category, home.size), days)
        if len(segments) == 1:
            only = segments[0]
            return code, only.value, only.rate, only.vat_included, only.vat
        if segments:
            return code, None, None, segments[0].vat_included, segments[0].vat
    return "", None, None, None, ""
