# SPDX-License-Identifier: Apache-2.0
"""What a HAN push list says: frozen values that leave this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction


class Maker(StrEnum):
    """Who made the meter, as far as its list tells."""

    AIDON = "Aidon"
    KAIFA = "Kaifa"
    KAMSTRUP = "Kamstrup"
    UNKNOWN = "unknown"


class Wiring(StrEnum):
    """How the meter is connected, from its type code or from which phases it sends.

    In a three-wire (IT) grid the registers 32/52/72.7.0 are voltages between two phases,
    in a four-wire (TN) grid between a phase and neutral.
    """

    SINGLE_PHASE = "single_phase"
    THREE_WIRE = "three_wire"
    FOUR_WIRE = "four_wire"
    UNKNOWN = "unknown"


class ClockRule(StrEnum):
    """What a meter's wall clock was taken to be."""

    DEVIATION = "deviation"
    STANDARD_TIME = "standard_time"
    CIVIL_TIME = "civil_time"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MeterClock:
    """A DLMS date-time as sent, and the instant it stands for.

    `local` is the wall clock as ISO text ("" where the date or time of day is not
    specified), `deviation` minutes from local time to UTC (None: not specified),
    `status` the clock status byte.  `instant` is in UTC, None where no rule applies.
    `ambiguous`: the hour occurs twice and nothing in the message says which it is.
    """

    local: str
    deviation: int | None
    status: int
    instant: datetime | None
    rule: ClockRule
    ambiguous: bool = False

    @property
    def is_valid(self) -> bool:
        """False when the meter itself says that its clock is not (status bit 0)."""
        return self.status == 0xFF or not self.status & 0x01


@dataclass(frozen=True, slots=True)
class HanField:
    """What a register means: shared by all values of the same register and scaling.

    `unit` is a name of `units.py` ("w", "wh", "" for text or where the list does not
    say), `symbol` the way it is written ("W"), `scale` the exact factor from the
    number sent to `unit`.
    """

    obis: str
    name: str
    quantity: str
    unit: str
    symbol: str
    scale: Fraction


@dataclass(frozen=True, slots=True)
class HanValue:
    """One register of a push list: `value` is exact, `raw` the number or text as sent."""

    field: HanField
    raw: int | Fraction | str | None

    @property
    def obis(self) -> str:
        """OBIS code as sent, "A-B:C.D.E.F"."""
        return self.field.obis

    @property
    def name(self) -> str:
        """Snake-case name, e.g. "active_power_import"."""
        return self.field.name

    @property
    def quantity(self) -> str:
        """What is measured, e.g. "power"; "text" for identifiers."""
        return self.field.quantity

    @property
    def unit(self) -> str:
        """Unit name of `units.py`; "" for text and for numbers without a known scale."""
        return self.field.unit

    @property
    def scale(self) -> Fraction:
        """Exact factor from `raw` to `unit`."""
        return self.field.scale

    @property
    def value(self) -> Fraction | str | None:
        """The reading in `unit`, exact; text as it is; None where the meter sent null."""
        raw = self.raw
        return raw if raw is None or isinstance(raw, str) else raw * self.field.scale


@dataclass(frozen=True, slots=True)
class HanList:
    """One push list, decoded.

    `list_id` is 1 (power only), 2 (power, currents, voltages) or 3 (with the hourly
    cumulative registers).  `clock` is the instant in UTC of the list's own clock, else
    of the message, and None when neither can be told.
    """

    maker: Maker
    version: str
    list_id: int
    meter_id: str
    model: str
    wiring: Wiring
    clock: datetime | None
    message_clock: MeterClock | None
    list_clock: MeterClock | None
    list_clock_obis: str
    values: tuple[HanValue, ...]
    warnings: tuple[str, ...] = ()

    def get(self, name: str) -> HanValue | None:
        """The value called `name`; None when the list does not hold it."""
        return next((value for value in self.values if value.field.name == name), None)
