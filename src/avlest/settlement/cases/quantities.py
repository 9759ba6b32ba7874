# SPDX-License-Identifier: Apache-2.0
"""From the meters of a case to quantities per customer and service, with where each comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

from avlest.readings.quality import Quality
from avlest.settlement.cases.model import Case, CaseCustomer, CaseMeter, CaseProperty, Control, GivenQuantity
from avlest.settlement.cases.parse_meters import REDUCTION
from avlest.settlement.contracts import CONSUMPTION, Provenance, SettlementError, SplitMethod
from avlest.settlement.core.accuracy import derive_accuracy_correction
from avlest.settlement.core.calendar import Days, derive_pieces, derive_year
from avlest.settlement.core.lines import PROBLEMS
from avlest.settlement.core.money import derive_shares, write_scaled
from avlest.settlement.core.points import Curve, derive_curve, derive_point_use
from avlest.settlement.core.prices import FIRST, LAST
from avlest.settlement.core.quantities import POINT_QUANTITIES, ROLES, derive_service_quantities

Row = dict[str, object]


@dataclass(slots=True)
class Quantities:
    """Rows for the settlement; a row's `source` is the index of its list in `provenance`."""

    consumption: list[Row] = field(default_factory=list)
    corrections: list[Row] = field(default_factory=list)
    problems: list[Row] = field(default_factory=list)
    provenance: list[list[Provenance]] = field(default_factory=list)

    def keep(self, sources: list[Provenance]) -> int:
        """Keep the sources of a row and return their index."""
        self.provenance.append(sources)
        return len(self.provenance) - 1

    def block(self, customers: Sequence[CaseCustomer], code: str, detail: str) -> None:
        """These customers cannot be settled."""
        rows = ({"subscriber": row.number, "service": "", "code": code, "detail": detail} for row in customers)
        self.problems.extend(rows)

    def get_frames(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Consumption and corrections."""
        return (
            pl.DataFrame(self.consumption, schema=dict(CONSUMPTION)),
            pl.DataFrame(self.corrections, schema=dict(CONSUMPTION)),
        )

    def get_problems(self) -> pl.DataFrame:
        """Who cannot be settled."""
        return pl.DataFrame(self.problems, schema=PROBLEMS)


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a meter counted for a customer between two bounds."""

    meter: CaseMeter
    customer: CaseCustomer
    days: Days
    quantity: int
    quality: Quality
    provenance: Provenance


def get_settled(case: Case) -> list[CaseCustomer]:
    """Customers to settle: those of the year whose part of it is over today."""
    year = derive_year(case.year)
    wanted = [] if case.is_only_work else [row for row in case.customers if row.settle]
    found = [(customer, customer.get_days(year)) for customer in wanted]
    return [row for row, days in found if days and (case.today is None or days.stop <= case.today)]


def derive_quantities(case: Case) -> Quantities:
    """Quantities of all customers to settle, property by property; one that cannot be read blocks its own."""
    found, settled = Quantities(), get_settled(case)
    given = {row.customer.number for row in case.given}
    for home in case.properties:
        customers = [row for row in settled if row.property is home and row.number not in given]
        meters = [meter for meter in case.meters if meter.property is home and meter.services]
        if customers and meters:
            try:
                _add_property(case, home, customers, meters, found)
            except SettlementError as error:
                found.block(customers, error.code, str(error))
    _add_given(case, settled, found)
    return found


def _add_given(case: Case, settled: Sequence[CaseCustomer], found: Quantities) -> None:
    """Quantities without meters; a meter's control then rests on them."""
    for row in case.given:
        for service in row.services if row.customer in settled else ():
            source = found.keep([Provenance(method="given", quantity=row.quantity)])
            found.consumption.append(
                {"subscriber": row.customer.number, "service": service, "start": row.days.start, "stop": row.days.stop}
                | {"quantity": row.quantity, "quality": row.quality, "source": source}
            )
        for meter in case.meters if row.customer in settled else ():
            if meter.property is row.customer.property:
                known = [_know(control, row) for control in meter.controls]
                found.corrections += _derive_controls(case, replace(meter, controls=known), None, [row.customer], found)


def _know(control: Control, row: GivenQuantity) -> Control:
    """The control with what was shown in its days, where it does not say: the given quantity."""
    return control if control.indicated is not None else replace(control, indicated=row.quantity, days=row.days)


def _add_property(
    case: Case, home: CaseProperty, customers: Sequence[CaseCustomer], meters: Sequence[CaseMeter], found: Quantities
) -> None:
    """Quantities of one property; nothing of it is added where anything fails."""
    days = _derive_days(case, customers)
    curves = {meter.number: derive_curve(meter.point, days, case.rules) for meter in meters}
    there = [(meter, curve) for meter in meters if (curve := curves[meter.number])]
    moves = _derive_moves(case, home, days)
    cuts = set() if case.method != SplitMethod.READING else set(case.book.get_cuts(home.services, days))
    cells = [
        cell
        for meter, curve in there
        for cell in _derive_cells(meter, curve, customers, sorted(moves), sorted(moves | cuts))
    ]
    corrections = [row for meter, curve in there for row in _derive_controls(case, meter, curve, customers, found)]
    _add_cells(case, home, customers, cells, found)
    found.corrections += corrections


def _derive_days(case: Case, customers: Sequence[CaseCustomer]) -> Days:
    """From the first of the customers' days in the year to the last."""
    periods = [days for customer in customers if (days := customer.get_days(derive_year(case.year)))]
    return Days(min(period.start for period in periods), max(period.stop for period in periods))


def _derive_moves(case: Case, home: CaseProperty, days: Days) -> set[date]:
    """The ends of the days, and where the property changes hands between them."""
    ends = (day for row in case.customers if row.property is home for day in (row.start, row.stop) if day)
    return {days.start, days.stop, *(day for day in ends if days.start < day < days.stop)}


def _derive_cells(
    meter: CaseMeter, curve: Curve, customers: Sequence[CaseCustomer], moves: Sequence[date], bounds: Sequence[date]
) -> list[_Cell]:
    """A price change without a reading does not make the customer's quantity less sure than its ends are."""
    sure = [(days, quality) for days, _, quality, _ in derive_point_use(curve, moves)]
    cells = []
    for days, quantity, quality, provenance in derive_point_use(curve, bounds):
        customer = next((row for row in customers if row.get_days(days) == days), None)
        if customer:
            best = next((rank for whole, rank in sure if whole.overlap(days) == days), quality)
            cells.append(_Cell(meter, customer, days, quantity, best, provenance))
    return cells


def _add_cells(
    case: Case, home: CaseProperty, customers: Sequence[CaseCustomer], cells: Sequence[_Cell], found: Quantities
) -> None:
    """Meters to services, stretches merged where the service's own price does not change."""
    used = pl.DataFrame([_write_cell(cell) for cell in cells], schema=dict(POINT_QUANTITIES))
    outcome = derive_service_quantities(used, _derive_roles(cells))
    found.problems += outcome.problems.to_dicts()
    merged: dict[tuple[int, str, date], list[Row]] = {}
    for row in outcome.lines.sort("subscriber", "service", "start").iter_rows(named=True):
        customer = next(customer for customer in customers if customer.number == row["subscriber"])
        if row["service"] in customer.services:
            key = (customer.number, row["service"], _find_segment(case, home, row))
            merged.setdefault(key, []).append(row)
    for (number, service, _), rows in merged.items():
        found.consumption.append(_merge(number, service, rows, cells, found))


def _write_cell(cell: _Cell) -> Row:
    return {
        "subscriber": cell.customer.number, "point": cell.meter.number, "start": cell.days.start,
        "stop": cell.days.stop, "quantity": cell.quantity, "quality": int(cell.quality), "source": None,
    }  # fmt: skip


def _derive_roles(cells: Sequence[_Cell]) -> pl.DataFrame:
    meters = {cell.meter.number: cell.meter for cell in cells}.values()
    rows = [
        {"point": meter.number, "service": service, "sign": _sign(meter)}
        for meter in meters
        for service in meter.services
    ]
    return pl.DataFrame(rows, schema=dict(ROLES))


def _sign(meter: CaseMeter) -> int:
    return -1 if meter.role == REDUCTION else 1


def _find_segment(case: Case, home: CaseProperty, row: Mapping[str, object]) -> date:
    """The first day of the stretch, between changes of the service's own price, that a row begins in."""
    start = row["start"]
    assert isinstance(start, date)
    cuts = case.book.get_cuts([str(row["service"])], Days(FIRST, LAST))
    return max((cut for cut in cuts if cut <= start), default=FIRST)


def _merge(number: int, service: str, rows: Sequence[Row], cells: Sequence[_Cell], found: Quantities) -> Row:
    days = Days(min(_day(row["start"]) for row in rows), max(_day(row["stop"]) for row in rows))
    mine = [
        cell for cell in cells
        if cell.customer.number == number and service in cell.meter.services and cell.days.overlap(days)
    ]  # fmt: skip
    return {
        "subscriber": number, "service": service, "start": days.start, "stop": days.stop,
        "quantity": sum(_int(row["quantity"]) for row in rows), "quality": min(_int(row["quality"]) for row in rows),
        "source": found.keep([_name_role(cell) for cell in mine]),
    }  # fmt: skip


def _name_role(cell: _Cell) -> Provenance:
    if cell.meter.role != REDUCTION:
        return cell.provenance
    return replace(cell.provenance, details={**cell.provenance.details, "role": "reduction", "counts": "minus"})


def _day(value: object) -> date:
    assert isinstance(value, date)
    return value


def _int(value: object) -> int:
    assert isinstance(value, int)
    return value


# --- accuracy controls -------------------------------------------------------------------


def _derive_controls(
    case: Case, meter: CaseMeter, curve: Curve | None, customers: Sequence[CaseCustomer], found: Quantities
) -> list[Row]:
    """Rows that claim or refund what a meter showed too little or too much, for each customer's own days."""
    rows: list[Row] = []
    for control in meter.controls:
        for customer in customers:
            days = Days(customer.start or FIRST, customer.stop or LAST).overlap(control.days)
            for service in meter.services if days else ():
                assert days is not None
                if service in customer.services:
                    rows += _correct(case, meter, curve, control, customer, service, days, found)
    return rows


def _correct(
    case: Case,
    meter: CaseMeter,
    curve: Curve | None,
    control: Control,
    customer: CaseCustomer,
    service: str,
    days: Days,
    found: Quantities,
) -> list[Row]:
    """One customer's correction for one service, a row per price."""
    pieces = derive_pieces(days, case.book.get_cuts([service], days))
    shown = _derive_shown(curve, control, days, pieces)
    total = derive_accuracy_correction(sum(shown), control.error, threshold=case.accuracy_threshold)
    if not total:
        return []
    details = {
        "meter": meter.id, "error": f"{float(control.error * 100):g}", "from": days.start.isoformat(),
        "to": days.stop.isoformat(), "indicated": write_scaled(sum(shown), places=3),
        "true": write_scaled(sum(shown) + total, places=3),
    }  # fmt: skip
    source = found.keep([Provenance(method="accuracy", quantity=total, details=details)])
    return [
        {"subscriber": customer.number, "service": service, "start": piece.start, "stop": piece.stop}
        | {"quantity": part * _sign(meter), "quality": int(Quality.EDITED), "source": source}
        for piece, part in zip(pieces, derive_shares(total, shown), strict=True)
        if part
    ]


def _derive_shown(curve: Curve | None, control: Control, days: Days, pieces: Sequence[Days]) -> list[int]:
    """What the meter showed on each piece: of the quantity given by days, else from its readings."""
    if control.indicated is not None or curve is None:
        outside = control.days.length - days.length
        return derive_shares(control.indicated or 0, [*(piece.length for piece in pieces), outside])[:-1]
    bounds = [days.start, *(piece.stop for piece in pieces)]
    return [quantity for _, quantity, _, _ in derive_point_use(replace(curve, days=days), bounds)]
