# SPDX-License-Identifier: Apache-2.0
"""What a case says, as frozen values: docs/reference/settlement-cases.md describes each field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from avlest.settlement.contracts import SplitMethod
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.points import Point
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.core.stipulation import Known, StipulationRules


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseProperty:
    """`[[property]]`."""

    number: int
    id: str
    region: str = ""
    category: str = ""
    size: str = ""
    units: int = 1
    services: tuple[str, ...]
    known: Known


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceChange:
    """`[[customer.advance_change]]`: another a konto from a term on."""

    quantity: int
    from_term: int
    service: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCustomer:
    """`[[customer]]`: one customer at one property for one period."""

    number: int
    id: str
    property: CaseProperty
    start: date | None
    stop: date | None
    terms: int
    services: tuple[str, ...]
    advance: Mapping[str, int]
    changes: Sequence[AdvanceChange]
    settle: bool
    plan: bool

    def get_days(self, within: Days) -> Days | None:
        """The customer's days in a period."""
        start, stop = self.start or within.start, self.stop or within.stop
        return Days(start, stop).overlap(within) if start < stop else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """`[[meter.accuracy]]`: the meter's error, from when it is corrected; `indicated` where it was not read."""

    error: Fraction
    days: Days
    indicated: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMeter:
    """`[[meter]]`."""

    number: int
    id: str
    property: CaseProperty
    role: str
    services: tuple[str, ...]
    point: Point
    controls: Sequence[Control] = ()
    rent: bool = False
    size: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenQuantity:
    """`[[consumption]]`: a quantity that needs no meter."""

    customer: CaseCustomer
    services: tuple[str, ...]
    days: Days
    quantity: int
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicedLine:
    """`[[invoiced]]` as a stored line; the fields of `contracts.EARLIER` and the invoice it stood on."""

    customer: CaseCustomer
    invoice: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicedPlan:
    """`[[invoiced]]` with `terms`: what an a konto of so much came to at the case's prices."""

    customer: CaseCustomer
    services: tuple[str, ...]
    quantity: int
    terms: int
    of_terms: tuple[int, ...]
    fixed: bool
    year: int
    invoice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`[[work]]`: a visit from and to, or minutes."""

    customer: CaseCustomer
    service: str
    start: datetime
    stop: datetime | None
    minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """`[[once]]`: a single fee."""

    customer: CaseCustomer
    code: str
    day: date
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The whole file."""

    title: str
    language: str
    today: date | None
    year: int
    plan_year: int | None
    method: SplitMethod
    book: PriceBook
    due: Mapping[int, Sequence[str]]
    settlement_month: int
    rules: StipulationRules
    shortest_advance: int
    accuracy_threshold: Fraction
    holidays: frozenset[date]
    properties: Sequence[CaseProperty]
    customers: Sequence[CaseCustomer]
    meters: Sequence[CaseMeter] = ()
    given: Sequence[GivenQuantity] = ()
    lines: Sequence[InvoicedLine] = ()
    plans: Sequence[InvoicedPlan] = ()
    work: Sequence[Work] = ()
    once: Sequence[Once] = ()

    @property
    def is_only_work(self) -> bool:
        """Whether there is work or a single fee and nothing that a year could be settled by."""
        known = any(home.known != Known() for home in self.properties)
        known = known or any(meter.id or meter.point.discretions for meter in self.meters)
        known = known or any(row.advance for row in self.customers)
        return bool(self.work or self.once) and not (known or self.given or self.lines or self.plans)
