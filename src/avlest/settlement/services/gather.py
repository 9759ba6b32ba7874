# SPDX-License-Identifier: Apache-2.0
"""From stored series and registered agreements to the inputs of one part of a run, in few queries."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import polars as pl
from django.db.models import Q

from avlest.readings.tables import Store
from avlest.registry.media import get_media
from avlest.registry.models import MeteringPoint, Series
from avlest.settlement.contracts import CONSUMPTION, EARLIER, LINES, SERVICES, SUBSCRIBERS
from avlest.settlement.core.calendar import derive_year
from avlest.settlement.core.lines import PROBLEMS
from avlest.settlement.core.prices import PriceBook
from avlest.settlement.models import Account, AdvanceLevel, Agreement, Discretion
from avlest.settlement.runs.arrears import derive_arrears
from avlest.settlement.runs.inputs import (
    ACCOUNTS,
    ADVANCES,
    LAST_YEAR,
    QUANTITIES,
    Inputs,
    Parameters,
    empty,
    shape,
)
from avlest.settlement.runs.quantities import (
    Services,
    derive_consumption,
    derive_decided,
    derive_fill,
    derive_quantities,
    derive_spans,
    shape_quantities,
)
from avlest.settlement.services.between import gather_between
from avlest.settlement.services.claims import CONTROL, Claimed, ClaimWork, get_claims
from avlest.settlement.services.earlier import (
    get_lines,
    get_settled_accounts,
    select_billed,
    select_charged,
    select_charges,
    select_last_year,
)
from avlest.settlement.services.evidence import gather_evidence, sum_and_keep, sum_spans
from avlest.settlement.services.frames import Range, read_frame
from avlest.settlement.services.orders import gather_orders
from avlest.settlement.settings import Options


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run gathers for: parameters, prices, options, and accounts by number (None: all)."""

    parameters: Parameters
    book: PriceBook
    options: Options
    accounts: frozenset[int] | None = None


def split_properties(organisation_id: int, *, size: int, accounts: frozenset[int] | None) -> list[Range]:
    """Return ranges of properties with about `size` accounts each; owners of one property stay together."""
    rows = Account.objects.of(organisation_id)
    if accounts is not None:
        rows = rows.filter(pk__in=accounts)
    numbers = pl.Series(list(rows.order_by("property_id").values_list("property_id", flat=True)), dtype=pl.Int64)
    if not len(numbers):
        return []
    counts = numbers.to_frame("property").group_by("property", maintain_order=True).len()
    parts = counts.group_by((pl.col("len").cum_sum() - 1) // size, maintain_order=True).agg(
        first=pl.col("property").min(), last=pl.col("property").max()
    )
    return [Range(organisation_id, first, last) for first, last in parts.select("first", "last").iter_rows()]


@dataclasses.dataclass(frozen=True, slots=True)
class Gathered:
    """The inputs of one part, the accounts whose quantity is not known well enough, and orders that have no price."""

    inputs: Inputs
    blocked: pl.DataFrame
    unpriced: pl.DataFrame


def gather_inputs(store: Store, place: Range, wanted: Wanted) -> Gathered:
    """Return what one part uses, as it is known now."""
    parameters = wanted.parameters
    accounts = get_accounts(place, wanted)
    services = get_services(place)
    earlier = _get_earlier(place, accounts["subscriber"], parameters)
    used = Used(empty(CONSUMPTION), empty(QUANTITIES), empty(BLOCKED))
    if parameters.settles:
        used = gather_use(store, place, accounts, services, earlier["billed"], wanted)
        # Half an invoice is none: who cannot be settled is not charged for the new year either, but by the next run.
        open_ = ~pl.col("subscriber").is_in(used.blocked["subscriber"].implode())
        accounts = accounts.with_columns(settle=pl.col("settle") & open_, charge=pl.col("charge") & open_)
    orders, unpriced = gather_orders(place, accounts, services, wanted.book)
    claimed = _gather_claims(store, place, accounts, services, wanted)
    inputs = Inputs(
        accounts=accounts,
        subscribers=shape(accounts, SUBSCRIBERS),
        services=services,
        consumption=used.consumption,
        quantities=pl.concat([used.quantities, claimed.quantities]),
        advances=get_advances(place, parameters),
        orders=pl.concat([orders, claimed.lines]),
        **earlier,
    )
    return Gathered(inputs, used.blocked, pl.concat([unpriced, claimed.problems]))


def _gather_claims(
    store: Store, place: Range, accounts: pl.DataFrame, services: pl.DataFrame, wanted: Wanted
) -> Claimed:
    """What accuracy controls claim of accounts in this run; a correction also takes in accounts that have ended."""
    taken = set(accounts.filter(pl.col("settle") | pl.col("charge"))["subscriber"].to_list())
    if wanted.parameters.kind == "correction":
        taken |= wanted.accounts or set()
    claims = [claim for claim in get_claims(place, wanted.parameters) if claim.account_id in taken]
    if not claims:
        return Claimed(empty(LINES), empty(QUANTITIES), empty(PROBLEMS))
    rules = Services.from_options(wanted.options.values["services"])
    work = ClaimWork(store, get_points(place, rules), rules, wanted.book, wanted.parameters.method)
    return work.derive(claims, accounts, services)


@dataclasses.dataclass(frozen=True, slots=True)
class Used:
    """CONSUMPTION, QUANTITIES, and the accounts whose quantity is not known well enough (BLOCKED)."""

    consumption: pl.DataFrame
    quantities: pl.DataFrame
    blocked: pl.DataFrame


def gather_use(
    store: Store, place: Range, accounts: pl.DataFrame, services: pl.DataFrame, billed: pl.DataFrame, wanted: Wanted
) -> Used:
    """Return what was used in the settled year, and what of the year before was billed otherwise than it was."""
    rules = Services.from_options(wanted.options.values["services"])
    found = gather_quantities(store, place, accounts, wanted)
    consumption, blocked = derive_consumption(found, services, rules=rules)
    quantities = shape_quantities(found)
    late = billed.select("subscriber").unique()
    who = accounts.join(late, on="subscriber", how="semi", maintain_order="left")
    if who.height:
        first = (quantities["source"].max() or -1) + 1  # type: ignore[operator]
        known = _gather_known(store, place, who, wanted).with_columns(pl.col("source") + first)
        arrears = derive_arrears(derive_consumption(known, services, rules=rules)[0], billed)
        arrears = arrears.join(blocked, on="subscriber", how="anti", maintain_order="left")
        consumption = pl.concat([arrears, consumption]).sort("subscriber", "service", "start", maintain_order=True)
        quantities = pl.concat([quantities, shape_quantities(known)])
    return Used(consumption, quantities, blocked)


def _gather_known(store: Store, place: Range, accounts: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """The quantities of the year before of those accounts of whom no day is missing any more."""
    year = wanted.parameters.year - 1
    points = get_points(place, Services.from_options(wanted.options.values["services"]))
    spans = derive_spans(accounts.filter("settle"), points, year=year, cuts=_get_cuts(wanted, year))
    sums = derive_quantities(pl.concat([sum_spans(store, some, year) for some in _split_spans(spans)]))
    sums = gather_between(store, sums)
    lacking = sums.filter(pl.col("days_missing") > 0).select("subscriber").unique()
    return sums.join(lacking, on="subscriber", how="anti", maintain_order="left")


def _get_earlier(place: Range, subscribers: pl.Series, parameters: Parameters) -> dict[str, pl.DataFrame]:
    """What was invoiced: for the settled year, for the year of the terms, and settled the year before."""
    if not parameters.settles:
        charged = get_lines(place, subscribers, (parameters.charge_year, parameters.charge_year))
        nothing = {"earlier": empty(EARLIER), "billed": empty(EARLIER), "last_year": empty(LAST_YEAR)}
        return {**nothing, "charged": select_charges(charged)}
    lines = get_lines(place, subscribers, (parameters.year - 1, parameters.charge_year))
    of_terms = pl.col("start").dt.year() > parameters.year
    return {
        "earlier": select_charged(lines.filter(~of_terms), parameters.year),
        "charged": select_charges(lines.filter(of_terms)),
        "last_year": select_last_year(lines, parameters.year - 1),
        "billed": select_billed(lines, parameters.year - 1),
    }


def gather_again(store: Store, place: Range, wanted: Wanted, then: Inputs) -> Inputs:
    """Return the inputs of then with the quantities as they are known now; agreements and earlier lines stay."""
    used = gather_use(store, place, then.accounts, then.services, then.billed, wanted)
    controls = then.quantities.filter(pl.col("purpose") == CONTROL)  # a decision, like the agreements
    return dataclasses.replace(then, consumption=used.consumption, quantities=pl.concat([used.quantities, controls]))


def get_accounts(place: Range, wanted: Wanted) -> pl.DataFrame:
    """Return ACCOUNTS of the part."""
    parameters = wanted.parameters
    columns = ("id", "number", "property_id", "party_id", "opened_on", "closed_on", "terms", "area", "persons")
    rows = Account.objects.of(place.organisation_id).filter(**place.within("property"))
    schema = {**{name: ACCOUNTS[name] for name in _ACCOUNT_NAMES}, "area": pl.Decimal(9, 2), "persons": pl.Int64()}
    frame = read_frame(rows.order_by("property_id", "opened_on", "pk").values_list(*columns), schema)
    days = date(parameters.year, 1, 1), date(parameters.year + 1, 1, 1)
    in_year = (pl.col("start") < days[1]) & (pl.col("stop").is_null() | (pl.col("stop") > days[0]))
    chosen = pl.lit(value=True)
    if wanted.accounts is not None:
        chosen = pl.col("subscriber").is_in(list(wanted.accounts))
    settled = get_settled_accounts(place, parameters.year)
    ended = pl.col("stop") <= days[1] if parameters.kind == "final" else pl.lit(value=True)
    first = date(parameters.charge_year, 1, 1)
    goes_on = (pl.col("stop").is_null() | (pl.col("stop") > first)) & (
        pl.col("start") < first.replace(year=first.year + 1)
    )
    frame = frame.with_columns(
        settle=(pl.lit(parameters.settles) & in_year & chosen & ended & ~pl.col("subscriber").is_in(settled.implode()))
        .fill_null(value=False),
        charge=(goes_on & chosen & pl.lit(any(parameters.due_terms.values()))).fill_null(value=False),
        standard=_derive_standard(wanted.options),
    )  # fmt: skip
    return shape(frame, ACCOUNTS)


_ACCOUNT_NAMES = ("subscriber", "number", "property", "party", "start", "stop", "terms")


def _derive_standard(options: Options) -> pl.Expr:
    """A year's quantity by area, else by persons, in thousandths; null where neither or no factor is known."""
    ways = []
    for column, name in (("area", "m3_per_square_metre"), ("persons", "m3_per_person")):
        factor = options.values["stipulation"][name]
        if factor != "":
            thousandths = int(Decimal(str(factor)) * 1000)
            ways.append((pl.col(column).cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64) * thousandths // 100)
    return pl.coalesce(*ways) if ways else pl.lit(None, dtype=pl.Int64)


def get_services(place: Range) -> pl.DataFrame:
    """Return SERVICES of the part: what each account has agreed."""
    columns = ("account_id", "service", "region", "category", "size", "count", "valid_from", "valid_to")
    rows = Agreement.objects.filter(**place.owned("account"))
    return read_frame(rows.order_by("account_id", "pk").values_list(*columns), SERVICES)


def get_advances(place: Range, parameters: Parameters) -> pl.DataFrame:
    """Return ADVANCES: the a konto of the charged year; before its settlement also last year's, which goes on."""
    columns = ("account_id", "service", "year", "quantity", "valid_from", "id")
    rows = AdvanceLevel.objects.filter(**place.owned("account"), year__lte=parameters.charge_year)
    if parameters.settles:
        rows = rows.filter(year=parameters.charge_year)
    else:
        rows = rows.filter(year__gte=parameters.charge_year - 1)
    schema = {**ADVANCES, "year": pl.Int32(), "day": pl.Date(), "row": pl.Int64()}
    order = ("subscriber", "service", "year", "quantity", "day", "row")
    frame = read_frame(rows.values_list(*columns), {name: schema[name] for name in order})
    newest = frame.sort("year", "day", "row").unique(["subscriber", "service"], keep="last", maintain_order=True)
    return shape(newest.sort("subscriber", "service"), ADVANCES)


SPANS_AT_ONCE = 12_000
BLOCKED = {"subscriber": pl.Int64(), "service": pl.String(), "code": pl.String()}
POINTS = {
    "point": pl.Int64(),
    "property": pl.Int64(),
    "purpose": pl.String(),
    "medium": pl.String(),
    "series": pl.Int64(),
    "quantity": pl.String(),
    "unit": pl.String(),
}


def get_points(place: Range, services: Services) -> pl.DataFrame:
    """Return the metering points that are charged by, with the series of what their medium is charged for.

    Meters behind another meter (a flat's behind the building's) are not charged by: one meter a subscriber (rules
    §1.9); only a reduction meter stands behind the main one and counts.
    """
    media = {name: medium for name, medium in get_media().items() if name in services.media}
    purposes = MeteringPoint.Purpose
    rows = (
        Series.objects.filter(role="main", qualifier="", tariff=0, subunit=0, point__medium__in=list(media))
        .filter(Q(point__purpose=purposes.BILLING, point__parent=None) | Q(point__purpose=purposes.REDUCTION))
        .order_by()
    )
    # Two questions, because one of both ways to a property is answered by reading every series.
    frames = []
    for way, no_other in (("point__property", {}), ("point__unit__property", {"point__property": None})):
        of_place = {f"{way}__organisation": place.organisation_id, **place.within(way)}
        columns = ("point_id", way, "point__purpose", "point__medium", "id", "quantity", "unit")
        frames.append(read_frame(rows.filter(**of_place, **no_other).values_list(*columns), POINTS))
    frame = pl.concat(frames).sort("series")
    charged = pl.DataFrame(
        {"medium": list(media), "quantity": [medium.quantity for medium in media.values()]},
        schema={"medium": pl.String(), "quantity": pl.String()},
    )
    return frame.join(charged, on=["medium", "quantity"], how="semi", maintain_order="left")


def gather_quantities(store: Store, place: Range, accounts: pl.DataFrame, wanted: Wanted) -> pl.DataFrame:
    """Return QUANTITIES (and `standard`) of the settled year: read, else stipulated, else decided."""
    year = wanted.parameters.year
    points = get_points(place, Services.from_options(wanted.options.values["services"]))
    spans = derive_spans(accounts.filter("settle"), points, year=year, cuts=_get_cuts(wanted, year))
    pairs = [sum_and_keep(store, some, year) for some in _split_spans(spans)]
    found = gather_between(store, derive_quantities(pl.concat([sums for sums, _ in pairs])))
    lacking = found.filter(pl.col("days_missing") > 0)
    if lacking.height:
        daily = pl.concat([kept for _, kept in pairs]).unique(["series", "day"]).sort("series", "day")
        found = derive_fill(found, gather_evidence(store, lacking, daily, year))
    return derive_decided(found, _get_discretion(place, year))


def _split_spans(spans: pl.DataFrame) -> list[pl.DataFrame]:
    """Spans of some thousand series at a time, so that a year of days stays small in memory."""
    return [spans[at : at + SPANS_AT_ONCE] for at in range(0, spans.height, SPANS_AT_ONCE)] or [spans]


def _get_cuts(wanted: Wanted, year: int) -> Sequence[date]:
    """Days at which a quantity is cut by what the series say, rather than by a rule."""
    if wanted.parameters.method != "reading":
        return ()
    book = wanted.book
    return book.get_cuts(book.get_services("m3", "kWh"), derive_year(year))


def _get_discretion(place: Range, year: int) -> pl.DataFrame:
    columns = ("id", "account_id", "starts_on", "stops_on", "quantity")
    rows = Discretion.objects.of(place.organisation_id).filter(
        **place.within("account__property"),
        starts_on__lt=date(year + 1, 1, 1),
        stops_on__gt=date(year, 1, 1),
    )
    schema = {
        "decision": pl.Int64(),
        "subscriber": pl.Int64(),
        "start": pl.Date(),
        "stop": pl.Date(),
        "quantity": pl.Int64(),
    }
    return read_frame(rows.order_by("account_id", "starts_on", "pk").values_list(*columns), schema)
