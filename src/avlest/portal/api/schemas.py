# SPDX-License-Identifier: Apache-2.0
"""What the API's answers look like: the fields of the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from ninja import Schema
from pydantic import Field

Unit = Literal["l", "kwh", "c", "lh", "w", "v", "a", "hca"]


class FieldError(Schema):
    """One thing that is wrong."""

    row: int | None = Field(None, description="Which of the rows that were sent, from 0.")
    field: str
    code: str
    detail: str


class Problem(Schema):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="For programs.")
    errors: list[FieldError] = Field(default_factory=list)


class Me(Schema):
    """Who the caller is."""

    name: str
    organisation_id: int
    organisation: str
    roles: list[str]
    scopes: list[str] | None = Field(description="What the token allows; null: a signed-in person.")
    token: str | None = Field(description="How the token begins.")
    expires_at: datetime | None


class Point(Schema):
    """A metering point."""

    id: int
    code: str
    medium: str
    purpose: str
    gsrn: str
    property_id: int | None
    unit_id: int | None
    zone_id: int | None
    parent_id: int | None
    visible_from: datetime | None = Field(None, description="Since when its values may be seen; null: always.")
    visible_to: datetime | None = Field(None, description="Until when its values may be seen; null: still.")


class Placed(Schema):
    """A meter at a point in `[starts_at, ends_at)`."""

    point_id: int
    role: str
    starts_at: datetime
    ends_at: datetime | None


class Meter(Schema):
    """A meter; never its key."""

    id: int
    manufacturer: str
    serial: str
    printed_number: str
    dev_eui: str
    family: str
    state: str
    installations: list[Placed]


class Series(Schema):
    """One quantity at one point over time, across meters."""

    id: int
    point_id: int
    quantity: str
    unit: str = Field(description="Of its values, such as `l` or `kwh`.")
    kind: str = Field(description="`counter`: values are what was used in a period; `gauge`: the mean of it.")
    qualifier: str
    tariff: int
    role: str


class Latest(Schema):
    """The last that is known of a series; values in its unit."""

    series: int
    unit: str
    read_at: datetime | None
    reading: float | None = Field(description="For a resident relative to the reading at the take-over.")
    today: float | None
    this_month: float | None


class Value(Schema):
    """What was used (or, of a gauge, the mean) in the hour, local day or local month that begins at `start`."""

    series: int
    start: datetime = Field(description="Instant (UTC) at which the period begins.")
    stop: datetime = Field(description="Instant (UTC) before which it ends.")
    value: float | None = Field(description="In the series' unit; null: missing.")
    quality: int = Field(description="0 missing, 10 temporary, 20 estimated, 40 edited, 50 measured, 60 verified.")


class ReadingOut(Schema):
    """What a register said."""

    series: int
    register_id: int
    at: datetime
    value: float | None
    quality: int


class ReadingIn(Schema):
    """A reading of a meter (its number) or a metering point (its code)."""

    at: datetime = Field(description="ISO 8601 with zone.")
    value: Decimal = Field(description="What the meter shows, in `unit`.")
    unit: str = Field(description="Such as `m3`, `l` or `kwh`.")
    meter: str = Field("", max_length=32)
    point: str = Field("", max_length=32)
    quantity: str = Field("", max_length=40, description="Empty: it follows from the unit.")
    since: datetime | None = Field(None, description="Given: the value is what was used since then.")
    quality: Literal["measured", "estimated", "manual", "final_estimated", "temporary"] = "manual"
    note: str = Field("", max_length=500)


class Taken(Schema):
    """What became of the readings that were sent."""

    taken: int
    refused: int
    errors: list[FieldError]


class Alarm(Schema):
    """An alarm; amounts in `unit`, money in kroner; null where not known or not yours to know."""

    id: int
    kind: str
    severity: str
    state: str
    since: datetime
    opened_at: datetime
    last_at: datetime
    cleared_at: datetime | None
    point_id: int | None
    series_id: int | None
    meter_id: int | None
    gateway_id: int | None
    zone_id: int | None
    place: str
    cause: str
    unit: str
    rate_per_hour: float | None
    amount: float | None
    cost: float | None
    cost_per_year: float | None
    count: int
    title: str
    meaning: str
    probable_cause: str
    checks: list[str]
    fixed_at: datetime | None
    acknowledged_at: datetime | None
    snoozed_until: datetime | None


class Settlement(Schema):
    """A settlement run."""

    id: int
    kind: str
    year: int
    month: int
    starts_on: date
    stops_on: date
    invoice_on: date
    due_on: date
    known_at: datetime
    state: str
    made_at: datetime
    made_by: str
    approved_at: datetime | None
    approved_by: str
    issued_at: datetime | None
    accounts: int
    lines: int


class KindSum(Schema):
    """Sum of one kind of line of one service; money in kroner."""

    kind: str
    service: str
    lines: int
    quantity: float | None
    amount: Decimal


class SettlementControl(Settlement):
    """A run with its control sheet: quantities in m³ or the service's unit, money in kroner."""

    measured: float
    billed: float
    stipulated: float
    blocked: int
    net: Decimal
    vat: Decimal
    total: Decimal
    kinds: list[KindSum]
    exceptions: dict[str, int]


class Expected(Schema):
    """What the settlement would be today; money in kroner, `balance` negative: to get back."""

    account_id: int
    year: int
    through: date
    advance: Decimal
    balance: Decimal
    made_at: datetime


class Invoice(Schema):
    """An invoice or credit note; money in kroner."""

    id: int
    kind: str
    number: int
    kid: str
    account_id: int
    issued_on: date
    due_on: date
    settles_from: date | None
    settles_to: date | None
    net: Decimal
    vat: Decimal
    total: Decimal
    rest: Decimal = Field(description="Still owed; negative: to be paid back.")
    settlement_id: int | None
    corrects_id: int | None


class InvoiceLine(Schema):
    """One line: `quantity` × `price` and `explanation`, which opens it down to the readings."""

    position: int
    kind: str
    service: str
    code: str
    text: str
    unit: str
    start: date
    stop: date
    quantity: float | None
    price: Decimal | None = Field(description="Kroner per unit.")
    amount: Decimal
    vat_rate: Decimal = Field(description="Percent.")
    vat_included: bool
    quality: int | None
    explanation: Any = None


class InvoiceWithLines(Invoice):
    """An invoice with each line opened."""

    lines: list[InvoiceLine]


class WebhookIn(Schema):
    """A webhook to set up."""

    url: str = Field(min_length=1, max_length=500, description="Where events are posted: https.")
    events: list[str] = Field(min_length=1, max_length=20)
    description: str = Field("", max_length=200)


class Webhook(Schema):
    """A webhook."""

    id: int
    url: str
    events: list[str]
    description: str
    is_active: bool
    made_at: datetime
    failing_since: datetime | None


class NewWebhook(Webhook):
    """A webhook just made, with the secret that signs what it is sent; it is not shown again."""

    secret: str


class Delivery(Schema):
    """One event on its way to a webhook."""

    id: int
    event: str = Field(description="The id that stands in the header `webhook-id`.")
    kind: str
    state: str
    attempts: int
    made_at: datetime
    tried_at: datetime | None
    due_at: datetime
    status: int | None
    error: str


def page_of(item: type[Schema]) -> type[Schema]:
    """Return the schema of a page of items."""
    name = f"{item.__name__}Page"
    fields = {"items": list[item], "next": str | None}  # type: ignore[valid-type]
    return type(name, (Schema,), {"__annotations__": fields, "__doc__": "A page; `next`: address of the one after."})


PointPage = page_of(Point)
MeterPage = page_of(Meter)
SeriesPage = page_of(Series)
ValuePage = page_of(Value)
ReadingPage = page_of(ReadingOut)
AlarmPage = page_of(Alarm)
SettlementPage = page_of(Settlement)
InvoicePage = page_of(Invoice)
WebhookPage = page_of(Webhook)
DeliveryPage = page_of(Delivery)
