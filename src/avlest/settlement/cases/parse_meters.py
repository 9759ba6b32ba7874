# SPDX-License-Identifier: Apache-2.0
"""Meters with readings and events, quantities without meters, discretion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from avlest.readings.quality import Quality
from avlest.settlement.cases.model import CaseCustomer, CaseMeter, CaseProperty, Control, GivenQuantity, InvoicedLine
from avlest.settlement.cases.parse_parties import VOLUMES, get_customer, get_property, parse_history, parse_services
from avlest.settlement.cases.reader import (
    CaseError,
    Table,
    day,
    fraction,
    moment,
    quantity,
    take_days,
    text,
    whole,
)
from avlest.settlement.contracts import Kind
from avlest.settlement.core.calendar import Days, derive_year
from avlest.settlement.core.points import Discretion, Point
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.registers import Counter, MeterReading, Replacement, derive_position
from avlest.settlement.core.stipulation import Known

MAIN, REDUCTION = "main", "reduction"
_REDUCED = "wastewater"


def quality(given: object, place: str) -> Quality:
    """A quality by name, `measured` or `CUSTOMER_READ`."""
    try:
        return Quality[str(given).upper()]
    except KeyError:
        names = ", ".join(rank.name.lower() for rank in Quality)
        raise CaseError(place, f"one of {names}, not {given!r}") from None


def parse_meters(
    case: Table,
    properties: Sequence[CaseProperty],
    book: PriceBook,
    *,
    today: date | None,
    lines: Sequence[InvoicedLine],
    year: int,
) -> list[CaseMeter]:
    """Meters; a property without one whose services are by quantity gets a point without readings."""
    decisions = _parse_discretions(case, properties, year)
    tables = case.tables("meter", "meters")
    homes = [get_property(table, properties) for table in tables]
    meters = []
    taken: set[str] = set()
    for number, (table, home) in enumerate(zip(tables, homes, strict=True), 1):
        meter = _parse_meter(table, number, home, book, today=today, year=year)
        # What was stipulated and decided for the property belongs to its first main meter.
        if meter.role == MAIN and home.id not in taken:
            taken.add(home.id)
            meter = _add(meter, decisions.get(home.id, []), _find_billed(lines, home, meter))
        meters.append(meter)
    bare = [home for home in properties if home not in homes]
    first = len(meters) + 1
    return meters + [_make_bare(home, n, decisions.get(home.id, []), book) for n, home in enumerate(bare, first)]


def _get_role(table: Table) -> str:
    role = table.take("role", text, MAIN)
    if role not in (MAIN, REDUCTION):
        raise CaseError(table.at("role"), f"main or reduction, not {role!r}")
    return role


def _make_bare(home: CaseProperty, number: int, decisions: Sequence[Discretion], book: PriceBook) -> CaseMeter:
    services = tuple(name for name in home.services if name in book.get_services(*VOLUMES))
    point = Point(counter=Counter(meter=f"({home.id} has no meter)"), known=home.known, discretions=decisions)
    return CaseMeter(number=number, id="", property=home, role=MAIN, services=services, point=point)


def _add(meter: CaseMeter, decisions: Sequence[Discretion], billed: Sequence[tuple[Days, int]]) -> CaseMeter:
    point = replace(meter.point, discretions=decisions, billed=(*meter.point.billed, *billed))
    return replace(meter, point=point)


def _find_billed(lines: Sequence[InvoicedLine], home: CaseProperty, meter: CaseMeter) -> list[tuple[Days, int]]:
    """Stipulated settlement lines of the first service the meter counts for: wastewater repeats the same water."""
    if meter.point.billed or not meter.services:
        return []
    found: dict[Days, int] = {}
    for line in lines:
        fields = line.fields
        ours = line.customer.property is home and fields["service"] == meter.services[0]
        if ours and fields["kind"] == Kind.SETTLEMENT.value and fields["quality"] == int(Quality.ESTIMATED):
            start, stop, amount = fields["start"], fields["stop"], fields["quantity"]
            assert isinstance(start, date) and isinstance(stop, date) and isinstance(amount, int)
            found[Days(start, stop)] = found.get(Days(start, stop), 0) + amount
    return list(found.items())


def _parse_meter(
    table: Table, number: int, home: CaseProperty, book: PriceBook, *, today: date | None, year: int
) -> CaseMeter:
    role = _get_role(table)
    volumes = [name for name in home.services if name in book.get_services(*VOLUMES)]
    default = volumes if role == MAIN else [name for name in volumes if name == _REDUCED]
    meter = CaseMeter(
        number=number,
        id=table.take("id", text, f"meter {number}"),
        property=home,
        role=role,
        services=parse_services(table, book, default),
        point=_parse_point(table, number, home, today=today),
        controls=[_parse_control(row, year) for row in table.tables("accuracy")],
        rent=table.is_on("rent", default=False),
        size=table.take("size", text, ""),
    )
    table.check_names()
    if role == REDUCTION and not meter.services:
        raise CaseError(table.at("services"), "the services that the reduction meter takes its quantity off")
    return meter


def _parse_point(table: Table, number: int, home: CaseProperty, *, today: date | None) -> Point:
    readings = [_parse_reading(row) for row in table.tables("readings", "reading")]
    known = Known(years=parse_history(table) or home.known.years, area=home.known.area, persons=home.known.persons)
    replacements = [_parse_replacement(row) for row in table.tables("replacement", "replacements")]
    return Point(
        counter=Counter(
            meter=table.take("id", text, f"meter {number}"),
            digits=table.take("digits", whole, None),
            q3=table.take("q3", quantity, None),
            expected=table.take("expected", quantity, None) or max(known.years.values(), default=None),
        ),
        readings=[reading for reading in readings if _is_known(reading.at, today)],
        replacements=[swap for swap in replacements if _is_known(swap.at, today)],
        start=table.take("from|installed", day, None),
        stop=table.take("to|removed", day, None),
        approved=table.take("approved", day, None),
        billed=[_parse_billed(row) for row in table.tables("stipulated")],
        known=known,
    )


def _is_known(at: date | datetime, today: date | None) -> bool:
    """A reading dated after today has not been taken yet."""
    return today is None or derive_position(at) < today.toordinal() + 1


def _parse_reading(table: Table) -> MeterReading:
    reading = MeterReading(
        at=table.need("at|date", moment, "when it was read, such as 2026-01-01 (00:00 that day)"),
        value=table.need("value", quantity, "the reading in m³"),
        quality=table.take("quality", quality, Quality.MEASURED),
        source=table.take("source|by", text, ""),
    )
    table.check_names(("note",))
    return reading


def _parse_replacement(table: Table) -> Replacement:
    swap = Replacement(
        at=table.need("at|date", moment, "when the meter was replaced"),
        out=table.need("out", quantity, "the old meter's last reading: both values are mandatory"),
        into=table.need("in|into", quantity, "the new meter's first reading: both values are mandatory"),
        source=table.take("source|by", text, ""),
    )
    table.check_names(("serial", "photo", "note"))
    return swap


def _parse_billed(table: Table) -> tuple[Days, int]:
    billed = take_days(table, None), table.need("quantity", quantity, "the quantity that was stipulated and billed")
    table.check_names()
    return billed


def _parse_control(table: Table, year: int) -> Control:
    error = table.need("error_percent", fraction, "the meter's error in per cent, above 0 where it shows too much")
    days = take_days(table, derive_year(year))
    control = Control(error=error / 100, days=days, indicated=table.take("indicated", quantity, None))
    table.check_names()
    return control


def _parse_discretions(case: Table, properties: Sequence[CaseProperty], year: int) -> Mapping[str, list[Discretion]]:
    found: dict[str, list[Discretion]] = {}
    for table in case.tables("discretion"):
        home = get_property(table, properties)
        decision = Discretion(
            days=take_days(table, derive_year(year)),
            quantity=table.need("quantity", quantity, "the quantity decided, m³"),
            reason=_need_text(table, "reason", "the reason, in writing"),
            case_worker=_need_text(table, "case_worker", "who decided"),
            decided=table.need("date|decided", day, "the day it was decided"),
        )
        table.check_names()
        found.setdefault(home.id, []).append(decision)
    return found


def _need_text(table: Table, name: str, what: str) -> str:
    found = table.need(name, text, what).strip()
    if not found:
        raise CaseError(table.at(name), what)
    return found


def parse_given(case: Table, customers: Sequence[CaseCustomer], book: PriceBook, year: int) -> list[GivenQuantity]:
    """`[[consumption]]`, or `consumption = 150` for one customer."""
    if case.has("consumption") and not case.is_table("consumption") and not case.is_list("consumption"):
        measured = case.need("consumption", quantity, "the year's use in m³")
        return [_give(customer, customer.services, measured, book, year) for customer in customers]
    return [_parse_given(table, customers, book, year) for table in case.tables("consumption")]


def _give(customer: CaseCustomer, services: Sequence[str], measured: int, book: PriceBook, year: int) -> GivenQuantity:
    volumes = tuple(name for name in services if name in book.get_services(*VOLUMES))
    days = customer.get_days(derive_year(year)) or derive_year(year)
    return GivenQuantity(
        customer=customer, services=volumes, days=days, quantity=measured, quality=int(Quality.MEASURED)
    )


def _parse_given(table: Table, customers: Sequence[CaseCustomer], book: PriceBook, year: int) -> GivenQuantity:
    customer = get_customer(table, customers)
    services = (table.take("service", text, ""),) if table.has("service") else customer.services
    base = _give(customer, parse_services(table, book, services), 0, book, year)
    given = GivenQuantity(
        customer=customer, services=base.services, days=take_days(table, base.days),
        quantity=table.need("quantity", quantity, "the quantity in m³"),
        quality=int(table.take("quality", quality, Quality.MEASURED)),
    )  # fmt: skip
    table.check_names()
    return given
