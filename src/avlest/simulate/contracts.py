# SPDX-License-Identifier: Apache-2.0
"""What the parts of the simulator hand to each other: the world, what its meters say, and the truth.  Pure.

Everything is columns.  An index (`property`, `point`, `meter` …) is the row number in the frame of that name;
instants are UTC, periods half-open with a null end while open; values are int64 thousandths of the canonical unit
(a litre is 1000, a watt-hour 1).  All of it is a function of seed, size and period alone.

The three doors are `simulate.world.make_world`, `simulate.behaviour.iterate_emissions` and
`simulate.truth.get_truth`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

import polars as pl

INSTANT: Final = pl.Datetime("us", "UTC")
Schema = dict[str, pl.DataType | type[pl.DataType]]


class EventKind(StrEnum):
    """What life and bad luck do; `size` of an event is in `unit`."""

    MOVE = "move"
    VACANCY = "vacancy"
    REPLACEMENT = "replacement"
    ROLLOVER = "rollover"
    BROKEN_SEAL = "broken_seal"
    TYPED_READING = "typed_reading"
    TYPING_ERROR = "typing_error"
    UNPAID_INVOICE = "unpaid_invoice"
    PRICE_CHANGE = "price_change"
    RUNNING_TOILET = "running_toilet"
    BURST = "burst"
    FROST = "frost"
    BACKFLOW = "backflow"
    DRY_PIPE = "dry_pipe"
    STUCK_METER = "stuck_meter"
    LOW_BATTERY = "low_battery"
    TAMPERING = "tampering"
    CLOCK_DRIFT = "clock_drift"
    DEAD_GATEWAY = "dead_gateway"
    POWER_CUT = "power_cut"
    LATE_KEY = "late_key"
    NETWORK_LEAK = "network_leak"


PROPERTIES: Final[Schema] = {
    "property": pl.UInt32(),
    "code": pl.String(),
    "kind": pl.String(),  # home, cabin, farm, shop, school, care_home, cooperative, garage, network
    "name": pl.String(),
    "municipality": pl.String(),
    "gnr": pl.Int32(),
    "bnr": pl.Int32(),
    "address": pl.String(),
    "postal_code": pl.String(),
    "city": pl.String(),
    "latitude": pl.Float64(),  # six decimals
    "longitude": pl.Float64(),
    "zone": pl.UInt32(),
}
UNITS: Final[Schema] = {
    "unit": pl.UInt32(),
    "property": pl.UInt32(),
    "number": pl.String(),
    "kind": pl.String(),  # dwelling, business, common
    "area": pl.Int32(),  # m²
}
PARTIES: Final[Schema] = {
    "party": pl.UInt32(),
    "code": pl.String(),
    "kind": pl.String(),  # person, company
    "name": pl.String(),
    "number": pl.String(),  # organisation number; "" for people
    "email": pl.String(),
    "phone": pl.String(),
    "language": pl.String(),
}
TENANCIES: Final[Schema] = {
    "party": pl.UInt32(),
    "property": pl.UInt32(),  # of the unit, or the whole one
    "unit": pl.UInt32(),  # null: the whole property
    "role": pl.String(),  # resident, owner, subscriber
    "starts_at": INSTANT,
    "ends_at": INSTANT,
}
ZONES: Final[Schema] = {"zone": pl.UInt32(), "code": pl.String(), "name": pl.String(), "parent": pl.UInt32()}
POINTS: Final[Schema] = {
    "point": pl.UInt32(),
    "code": pl.String(),
    "medium": pl.String(),
    "gsrn": pl.String(),  # "" where the medium has none
    "purpose": pl.String(),  # billing, reduction, technical
    "location": pl.String(),
    "property": pl.UInt32(),
    "unit": pl.UInt32(),  # null: the property's own
    "zone": pl.UInt32(),
    "parent": pl.UInt32(),  # the main point, or null
}
ZONE_METERS: Final[Schema] = {"zone": pl.UInt32(), "point": pl.UInt32(), "direction": pl.String()}
LOADS: Final[Schema] = {
    "point": pl.UInt32(),
    "load": pl.String(),  # which behaviour makes the use of this point: `behaviour.loads`
    "home": pl.UInt32(),  # whose people and days: points of one home share the number
    "people": pl.Int32(),
    "area": pl.Int32(),  # m²
    "size": pl.Int64(),  # of the load, where people and area do not say: peak watts of the roof, radiator watts …
    "group": pl.UInt32(),  # the point that measures the sum this one is part of, or null
}
METERS: Final[Schema] = {
    "meter": pl.UInt32(),
    "model": pl.String(),  # a name of `radio.models.MODELS`
    "manufacturer": pl.String(),
    "serial": pl.Int64(),  # eight decimal digits
    "version": pl.Int32(),
    "device_type": pl.Int32(),
    "family": pl.String(),
    "printed_number": pl.String(),
    "dev_eui": pl.String(),
    "size_class": pl.String(),
    "production_year": pl.Int32(),
    "digits": pl.Int32(),  # of the counter in counts of the model's resolution: rolls over at 10^digits
    "road": pl.String(),  # wmbus, lorawan, han, mbus, drive_by, ams (through an electricity meter)
    "interval": pl.Int32(),  # seconds between telegrams; 0: only when the car passes
    "offset": pl.Int32(),  # seconds into the interval
    "key_at": INSTANT,  # when its key reaches the registry; null: with the meter
}
INSTALLATIONS: Final[Schema] = {
    "meter": pl.UInt32(),
    "point": pl.UInt32(),
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    "start_value": pl.Int64(),  # of the register the medium is charged by
    "end_value": pl.Int64(),
    "seal": pl.String(),
    "installer": pl.UInt32(),  # a party
    "note": pl.String(),
}
GATEWAYS: Final[Schema] = {
    "gateway": pl.UInt32(),
    "code": pl.String(),  # what messages carry: EUI of LoRaWAN, identity of the others
    "name": pl.String(),
    "kind": pl.String(),  # wmbus, lorawan, ams, han, car, concentrator
    "road": pl.String(),
    "zone": pl.UInt32(),
    "latitude": pl.Float64(),
    "longitude": pl.Float64(),
}
RECEPTION: Final[Schema] = {
    "meter": pl.UInt32(),
    "gateway": pl.UInt32(),
    "rank": pl.UInt8(),  # 0: hears it best
    "rssi": pl.Int32(),  # dBm, typical
    "chance": pl.Int32(),  # of 65536 that a telegram is heard
}
TYPED_READINGS: Final[Schema] = {
    "point": pl.UInt32(),
    "meter": pl.UInt32(),
    "party": pl.UInt32(),
    "at": INSTANT,  # when the person looked
    "value": pl.Int64(),  # as typed
    "true_value": pl.Int64(),
    "error": pl.String(),  # "", digits_swapped, digit_left_out, decimal_moved, other_meter
}
PRICES: Final[Schema] = {
    "code": pl.String(),  # of rules §1.2: W_FIX, S_FIX, W_VOL, S_VOL …
    "valid_from": pl.Date(),
    "valid_to": pl.Date(),
    "value": pl.Decimal(12, 4),
    "unit": pl.String(),
    "vat_included": pl.Boolean(),
}
PAYMENTS: Final[Schema] = {
    "party": pl.UInt32(),
    "year": pl.Int32(),
    "term": pl.Int32(),
    "habit": pl.String(),  # late, partial, unpaid; who is not here pays when due
    "days_late": pl.Int32(),
    "share": pl.Int32(),  # per cent of the amount that comes
}
EVENTS: Final[Schema] = {
    "kind": pl.String(),
    "point": pl.UInt32(),
    "meter": pl.UInt32(),
    "gateway": pl.UInt32(),
    "zone": pl.UInt32(),
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    "size": pl.Int64(),
    "unit": pl.String(),  # of size: lh (thousandths), s, dbm, "" …
}

FRAMES: Final[dict[str, Schema]] = {
    "properties": PROPERTIES,
    "units": UNITS,
    "parties": PARTIES,
    "tenancies": TENANCIES,
    "zones": ZONES,
    "points": POINTS,
    "zone_meters": ZONE_METERS,
    "loads": LOADS,
    "meters": METERS,
    "installations": INSTALLATIONS,
    "gateways": GATEWAYS,
    "reception": RECEPTION,
    "typed_readings": TYPED_READINGS,
    "prices": PRICES,
    "payments": PAYMENTS,
    "events": EVENTS,
}
"""The frames of a `World` by name."""


@dataclass(frozen=True, slots=True)
class World:
    """A municipality over `[start, stop)`: places, people, meters, and all that will happen.

    `start` and `stop` are whole hours.  Telegrams may be asked for beyond `stop`: people go on living, but nothing
    out of the ordinary begins any more.
    """

    name: str
    number: str  # organisation number
    homes: int
    seed: int
    start: datetime
    stop: datetime
    properties: pl.DataFrame
    units: pl.DataFrame
    parties: pl.DataFrame
    tenancies: pl.DataFrame
    zones: pl.DataFrame
    points: pl.DataFrame
    zone_meters: pl.DataFrame
    loads: pl.DataFrame
    meters: pl.DataFrame
    installations: pl.DataFrame
    gateways: pl.DataFrame
    reception: pl.DataFrame
    typed_readings: pl.DataFrame
    prices: pl.DataFrame
    payments: pl.DataFrame
    events: pl.DataFrame


RANKS: Final = 3
"""How many gateways at most hear one meter."""

RADIO_FAULTS: Final[Schema] = {
    "clock_offset": pl.Int32(),  # seconds that the meter's own clock is ahead
    "lost": pl.Boolean(),  # heard by nobody
    "heard_by": pl.UInt8(),  # a bit for each gateway that hands it on, by its rank in `RECEPTION`; 0 when lost
    "corrupt": pl.Boolean(),  # a bit flips on the air
    "gateway": pl.UInt32(),  # that heard it best; null when lost
    "rssi": pl.Int32(),
}
"""What befalls a telegram on its way: columns of every emission."""


@dataclass(frozen=True, slots=True)
class Emissions:
    """Telegrams of one model about to be sent, in time order within each chunk.

    `frame`: `meter`, `number` (the how-manieth telegram of that meter since the world began, for access and message
    counters), `at` (the sending instant), the model's register columns (int64 thousandths, cut to the model's
    resolution: exactly what must stand in the tables), `status` (bits of `radio.models.Flag`), and `RADIO_FAULTS`.
    A meter that is silent (taken down, without power, battery empty) has no row.
    """

    model: str
    frame: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Truth:
    """What really happened: `events` (see `EVENTS`, with codes of point, meter and gateway beside the indices) and
    `daily`, the true use of each point and local day whatever its meter said (`point`, `day`, `value`)."""

    events: pl.DataFrame
    daily: pl.DataFrame


def check_world(world: World) -> None:
    """Raise `ValueError` naming the frame whose columns are not those of the contract."""
    for name, schema in FRAMES.items():
        found = dict(getattr(world, name).schema)
        if found != dict(schema):
            raise ValueError(f"{name}: expected the columns {schema}, found {found}")
