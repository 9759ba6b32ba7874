# SPDX-License-Identifier: Apache-2.0
"""What a LoRaWAN profile is made of, and what an uplink says once it has been read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction

Scalar = str | int | bool


@dataclass(frozen=True, slots=True)
class Device:
    """Who sent an uplink: DevEUI (16 hexadecimal digits) and, where known, what kind of device it is.

    `kind` is free text such as the network server's name of the device profile.
    """

    eui: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class LorawanValue:
    """One number of an uplink, exact, in the unit that ends its name.

    `at` is when the meter took it (aware UTC); None means at reception.  `storage`,
    `tariff`, `subunit` and `function` are those of the M-Bus record it came from.
    """

    name: str
    quantity: str
    unit: str
    value: Fraction
    at: datetime | None = None
    storage: int = 0
    tariff: int = 0
    subunit: int = 0
    function: str = "instant"


@dataclass(frozen=True, slots=True)
class LorawanReading:
    """Everything one uplink says.

    `serial` is the serial number of the meter where the payload names it (a radio module
    may be moved to another meter); `status` are words for what is wrong, none when all is
    well; `texts` are other members that are no numbers; `warnings` say what was left out.
    """

    device: Device
    counter: int | None
    profile: str
    values: tuple[LorawanValue, ...]
    status: tuple[str, ...] = ()
    serial: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


class Layout(StrEnum):
    """How the payload of an uplink is built."""

    APPLICATION = "application"
    RECORDS = "records"
    CODEC = "codec"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class ValueRule:
    """One value (or a list of them) in a codec's object.

    `path` leads to the number, from the object or, where `each` names a list, from each of
    its items that have the members in `where`.  `at` leads to its time; the first
    item of a list lies `first` later, each further one another `step`.
    """

    name: str
    quantity: str
    unit: str
    path: tuple[str, ...]
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    each: tuple[str, ...] | None = None
    where: tuple[tuple[tuple[str, ...], Scalar], ...] = ()
    at: tuple[str, ...] | None = None
    first: timedelta = timedelta(0)
    step: timedelta = timedelta(0)
    required: bool = False


@dataclass(frozen=True, slots=True)
class StatusRule:
    """A word for a member that is set, words for the bits of a number, or for its values."""

    path: tuple[str, ...]
    word: str = ""
    bits: tuple[tuple[int, str], ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    each: tuple[str, ...] | None = None
    where: tuple[tuple[tuple[str, ...], Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class TextRule:
    """A member kept as text; `name` "serial" is the meter's serial number."""

    name: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """How uplinks on some ports, with some first bytes, are read.

    `skip` bytes before the records belong to the maker; `family` names the catalogue family
    of the records; `codec` the JavaScript file.
    """

    layout: Layout
    ports: frozenset[int] = frozenset()
    starts: tuple[bytes, ...] = ()
    skip: int = 0
    family: str = ""
    codec: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    values: tuple[ValueRule, ...] = ()
    statuses: tuple[StatusRule, ...] = ()
    texts: tuple[TextRule, ...] = ()

    def fits(self, payload: bytes, port: int | None) -> bool:
        """Whether an uplink is one this rule is for."""
        if self.ports and port not in self.ports:
            return False
        return not self.starts or payload.startswith(self.starts)


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of LoRaWAN device: who is one, the zone of its clock, and its uplinks."""

    name: str
    title: str
    source: str
    zone: tzinfo
    dev_eui: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    origin: str = ""

    @property
    def is_general(self) -> bool:
        """Whether the profile is for any device that no other profile knows."""
        return not self.dev_eui and not self.kind

    def knows(self, device: Device) -> bool:
        """Whether a device is of this kind: its DevEUI begins so, or its kind holds one of the words."""
        if device.eui.upper().startswith(self.dev_eui or ("-",)):
            return True
        kind = device.kind.casefold()
        return any(word in kind for word in self.kind)
