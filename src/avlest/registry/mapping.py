# SPDX-License-Identifier: Apache-2.0
"""From ORM rows to the frozen values that leave the app."""

from __future__ import annotations

from avlest.registry.contracts import (
    GatewayInfo,
    InstallationInfo,
    MeterInfo,
    PointInfo,
    PropertyInfo,
    RegisterInfo,
    RegisterSpec,
    SeriesInfo,
    TenancyInfo,
)
from avlest.registry.identifiers import MeterAddress
from avlest.registry.models import (
    Gateway,
    Installation,
    Meter,
    MeteringPoint,
    Property,
    Register,
    Series,
    Tenancy,
)


def to_meter(row: Meter) -> MeterInfo:
    """Return a meter; asks once whether it has a key unless the row was annotated with it."""
    has_key = getattr(row, "has_key", None)
    if has_key is None:
        has_key = row.keys.filter(retired_at__isnull=True).exists()
    return MeterInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        address=MeterAddress(row.manufacturer, row.serial),
        dev_eui=row.dev_eui,
        version=row.version,
        device_type=row.device_type,
        family=row.family,
        state=row.state,
        has_key=has_key,
    )


def to_installation(row: Installation) -> InstallationInfo:
    """Return an installation."""
    return InstallationInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        meter_id=row.meter_id,
        point_id=row.point_id,
        role=row.role,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def to_register(row: Register) -> RegisterInfo:
    """Return a register."""
    spec = RegisterSpec(
        row.meter_id, row.quantity, row.unit, row.qualifier, row.function,
        row.storage, row.tariff, row.subunit, row.kind,
    )  # fmt: skip
    return RegisterInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        spec=spec,
        digits=row.digits,
        scale=row.scale,
    )


def to_series(row: Series) -> SeriesInfo:
    """Return a series."""
    return SeriesInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        point_id=row.point_id,
        quantity=row.quantity,
        unit=row.unit,
        qualifier=row.qualifier,
        tariff=row.tariff,
        subunit=row.subunit,
        kind=row.kind,
        role=row.role,
    )


def to_property(row: Property) -> PropertyInfo:
    """Return a property."""
    position = None
    if row.latitude is not None and row.longitude is not None:
        position = (row.latitude, row.longitude)
    return PropertyInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        code=row.code,
        name=row.name,
        cadastre=row.cadastre,
        address=row.address,
        postal_code=row.postal_code,
        city=row.city,
        position=position,
    )


def to_point(row: MeteringPoint) -> PointInfo:
    """Return a metering point."""
    return PointInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        code=row.code,
        medium=row.medium,
        gsrn=row.gsrn,
        purpose=row.purpose,
        property_id=row.property_id,
        unit_id=row.unit_id,
        zone_id=row.zone_id,
        parent_id=row.parent_id,
    )


def to_tenancy(row: Tenancy) -> TenancyInfo:
    """Return a tenancy."""
    return TenancyInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        party_id=row.party_id,
        unit_id=row.unit_id,
        property_id=row.property_id,
        role=row.role,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )


def to_gateway(row: Gateway) -> GatewayInfo:
    """Return a gateway."""
    return GatewayInfo(
        id=row.pk,
        organisation_id=row.organisation_id,
        code=row.code,
        kind=row.kind,
        road=row.road,
    )
