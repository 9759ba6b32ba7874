# SPDX-License-Identifier: Apache-2.0
"""What the registry gives to other rooms: frozen values, never ORM rows."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from avlest.registry.identifiers import Cadastre, MeterAddress


@dataclasses.dataclass(frozen=True, slots=True)
class MeterInfo:
    """One meter as the pipeline and the screens know it."""

    id: int
    organisation_id: int
    address: MeterAddress
    dev_eui: str
    version: int | None
    device_type: int | None
    family: str
    state: str
    has_key: bool


@dataclasses.dataclass(frozen=True, slots=True)
class InstallationInfo:
    """A meter at a point in `[starts_at, ends_at)`, UTC; `ends_at` None: still there."""

    id: int
    organisation_id: int
    meter_id: int
    point_id: int
    role: str
    starts_at: datetime
    ends_at: datetime | None


class RegisterSpec(NamedTuple):
    """What makes one register of a meter; `unit` is the canonical unit of its values."""

    meter_id: int
    quantity: str
    unit: str = ""
    qualifier: str = ""
    function: str = "instant"
    storage: int = 0
    tariff: int = 0
    subunit: int = 0
    kind: str = "counter"

    @property
    def identity(self) -> tuple[int, str, str, str, int, int, int]:
        """What is unique: everything but unit and kind."""
        return (
            self.meter_id, self.quantity, self.qualifier, self.function,
            self.storage, self.tariff, self.subunit,
        )  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class RegisterInfo:
    """A register: `digits` and `scale` (value of the last digit, in `unit`) bound a rollover."""

    id: int
    organisation_id: int
    spec: RegisterSpec
    digits: int | None
    scale: Decimal | None


@dataclasses.dataclass(frozen=True, slots=True)
class SeriesInfo:
    """A series; `bucket` says in which part of the Delta tables it lives."""

    id: int
    organisation_id: int
    point_id: int
    quantity: str
    unit: str
    qualifier: str
    tariff: int
    subunit: int
    kind: str
    role: str

    @property
    def bucket(self) -> int:
        """The bucket of the house plan: `id // 65536`."""
        return self.id // 65536


@dataclasses.dataclass(frozen=True, slots=True)
class SeriesFeed:
    """A register feeds a series in `[starts_at, ends_at)`: how VEE crosses meter replacements.

    `start_value` and `end_value` are the register's values when put up and taken down
    (thousandths of the unit), when they were noted.
    """

    series_id: int
    register_id: int
    installation_id: int
    starts_at: datetime
    ends_at: datetime | None
    start_value: int | None
    end_value: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class PropertyInfo:
    """A property."""

    id: int
    organisation_id: int
    code: str
    name: str
    cadastre: Cadastre | None
    address: str
    postal_code: str
    city: str
    position: tuple[Decimal, Decimal] | None


@dataclasses.dataclass(frozen=True, slots=True)
class PointInfo:
    """A metering point."""

    id: int
    organisation_id: int
    code: str
    medium: str
    gsrn: str
    purpose: str
    property_id: int | None
    unit_id: int | None
    zone_id: int | None
    parent_id: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class TenancyInfo:
    """A party's time in a unit or property, `[starts_at, ends_at)`, UTC."""

    id: int
    organisation_id: int
    party_id: int
    unit_id: int | None
    property_id: int | None
    role: str
    starts_at: datetime
    ends_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class GatewayInfo:
    """A gateway that may hand telegrams on."""

    id: int
    organisation_id: int
    code: str
    kind: str
    road: str


@dataclasses.dataclass(frozen=True, slots=True)
class HeardMeter:
    """A meter that was heard and is not registered."""

    address: MeterAddress
    version: int | None = None
    device_type: int | None = None
    family: str = ""
    dev_eui: str = ""
