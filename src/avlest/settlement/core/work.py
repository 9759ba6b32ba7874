# SPDX-License-Identifier: Apache-2.0
"""Hourly work: time bands, weekend and holidays, minimum (rules §1.11)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from avlest.settlement.contracts import Band, Price, SettlementError
from avlest.settlement.core.money import VALUE_SCALE, derive_rounded
from avlest.settlement.core.registers import OSLO

WEEKDAY, HOLIDAY = "weekday", "holiday"
_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPart:
    """Time charged at one price; `top_up` is time not worked that the minimum adds."""

    price: Price
    start: datetime
    stop: datetime
    seconds: int
    amount: int
    top_up: bool = False


def derive_visit(
    prices: Sequence[Price], start: datetime, stop: datetime, holidays: AbstractSet[date]
) -> list[WorkPart]:
    """A visit split by band in local time, in order; bands of one price that meet are one part.

    Instants must have a zone.  The minimum (`minimum_minutes` of the price it starts at) is charged at the band that
    the visit started in.  Boundaries belong to the band that starts there.  Raises SettlementError `bad_period` or
    `no_band`.
    """
    if stop <= start:
        raise SettlementError("bad_period", "work", f"an end after {start.isoformat()}")
    parts: list[WorkPart] = []
    at = start.astimezone(UTC)
    while at < stop:
        price = _find_price(prices, at, holidays)
        until = min(_find_next(prices, at), stop.astimezone(UTC))
        if parts and parts[-1].price is price:
            at, first = until, parts.pop().start
        else:
            at, first = until, at
        parts.append(_charge(price, first, until, int((until - first).total_seconds())))
    return _add_minimum(parts)


def derive_duration(price: Price, start: datetime, minutes: int) -> WorkPart:
    """Work charged by time alone: at least the minimum, one part (manual reading)."""
    seconds = max(minutes, price.minimum_minutes) * 60
    return _charge(price, start, start + timedelta(minutes=minutes), seconds, top_up=False)


def _charge(price: Price, start: datetime, stop: datetime, seconds: int, *, top_up: bool = False) -> WorkPart:
    amount = derive_rounded(seconds * price.value, _SECONDS * VALUE_SCALE // 100)
    return WorkPart(price=price, start=start, stop=stop, seconds=seconds, amount=amount, top_up=top_up)


def _add_minimum(parts: list[WorkPart]) -> list[WorkPart]:
    """One band: its line is the larger of time and minimum.  Several: the missing time is a line of its own."""
    first = parts[0]
    missing = first.price.minimum_minutes * 60 - sum(part.seconds for part in parts)
    if missing <= 0:
        return parts
    if len(parts) == 1:
        return [_charge(first.price, first.start, first.stop, first.seconds + missing)]
    return [*parts, _charge(first.price, first.start, first.stop, missing, top_up=True)]


def _find_price(prices: Sequence[Price], at: datetime, holidays: AbstractSet[date]) -> Price:
    local = at.astimezone(OSLO)
    kind = HOLIDAY if local.weekday() >= 5 or local.date() in holidays else WEEKDAY
    for price in prices:
        if not price.bands or any(_holds(band, kind, local.time()) for band in price.bands):
            return price
    raise SettlementError("no_band", "work", f"a price whose bands hold {local.isoformat()} ({kind})")


def _holds(band: Band, kind: str, clock: time) -> bool:
    """Whether a local time lies in the band; one that passes midnight holds both ends of each day."""
    if band.days not in (kind, "every"):
        return False
    if band.start < band.stop:
        return band.start <= clock < band.stop
    return clock >= band.start or clock < band.stop


def _find_next(prices: Sequence[Price], at: datetime) -> datetime:
    """The next local time at which any band may change: its edges, and midnight."""
    local = at.astimezone(OSLO)
    edges = {edge for price in prices for band in price.bands for edge in (band.start, band.stop)} | {time(0)}
    days = [local.date() + timedelta(days=ahead) for ahead in (0, 1)]
    later = (datetime.combine(day, edge, OSLO).astimezone(UTC) for day in days for edge in edges)
    return min(moment for moment in later if moment > at)


def check_bands(prices: Iterable[Price]) -> list[SettlementError]:
    """Bands of one service must not share time: which price holds would depend on the order of the list."""
    listed = [(price, band) for price in prices for band in price.bands]
    errors = []
    for number, (price, band) in enumerate(listed):
        for other_price, other in listed[:number]:
            if _share_time(band, other):
                text = f"hours of its own: {other_price.code} already has a price on {other.days} from "
                text += f"{other.start:%H:%M} to {other.stop:%H:%M}"
                errors.append(SettlementError("overlap", price.place or price.code, text))
    return errors


def _share_time(one: Band, other: Band) -> bool:
    if "every" not in (one.days, other.days) and one.days != other.days:
        return False
    minutes = (time(minute // 60, minute % 60) for minute in range(24 * 60))
    days = other.days if one.days == "every" else one.days
    return any(_holds(one, days, minute) and _holds(other, days, minute) for minute in minutes)
