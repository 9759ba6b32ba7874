# SPDX-License-Identifier: Apache-2.0
"""Bulk reads for the pipeline and the workers, which act for the installation, not a person.

All return frozen values; each takes few queries whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet

from avlest.project.prepared import Prepared
from avlest.registry import mapping
from avlest.registry.contracts import (
    GatewayInfo,
    InstallationInfo,
    MeterInfo,
    PointInfo,
    RegisterInfo,
    SeriesFeed,
    SeriesInfo,
    TenancyInfo,
)
from avlest.registry.identifiers import MeterAddress
from avlest.registry.models import (
    Gateway,
    Installation,
    InstallationValue,
    Meter,
    MeteringPoint,
    MeterKey,
    Organisation,
    Owned,
    Register,
    Series,
    Tenancy,
)

_CHUNK = 900
T = TypeVar("T")
R = TypeVar("R", bound=Owned)


def get_meters(addresses: Iterable[MeterAddress] | None = None) -> dict[MeterAddress, tuple[MeterInfo, ...]]:
    """Return the meters with these addresses (None: all), over all organisations.

    An address may be registered by two organisations (a utility and a housing company):
    both come, in the order they were registered.
    """
    wanted = None if addresses is None else set(addresses)
    has_key = Exists(MeterKey.objects.filter(meter=OuterRef("pk"), retired_at__isnull=True))
    rows = Meter.objects.annotate(has_key=has_key).order_by("pk")
    found: dict[MeterAddress, tuple[MeterInfo, ...]] = {}
    for row in _by_serial(rows, wanted):
        info = mapping.to_meter(row)
        if wanted is None or info.address in wanted:
            found[info.address] = (*found.get(info.address, ()), info)
    return found


def _by_serial(rows: QuerySet[Meter], wanted: set[MeterAddress] | None) -> Iterator[Meter]:
    if wanted is None or len(wanted) > 20 * _CHUNK:
        yield from rows.iterator(chunk_size=10_000)
        return
    serials = sorted({address.serial for address in wanted})
    for chunk in _chunks(serials):
        yield from rows.filter(serial__in=chunk)


def get_meters_by_dev_eui(euis: Iterable[str]) -> dict[str, tuple[MeterInfo, ...]]:
    """Return the LoRaWAN meters by device EUI (16 hexadecimal digits, lower case)."""
    has_key = Exists(MeterKey.objects.filter(meter=OuterRef("pk"), retired_at__isnull=True))
    found: dict[str, tuple[MeterInfo, ...]] = {}
    for chunk in _chunks(sorted(set(euis) - {""})):
        for row in Meter.objects.annotate(has_key=has_key).filter(dev_eui__in=chunk).order_by("pk"):
            found[row.dev_eui] = (*found.get(row.dev_eui, ()), mapping.to_meter(row))
    return found


def get_registers(meter_ids: Iterable[int]) -> list[RegisterInfo]:
    """Return the registers of some meters."""
    return _collect(Register.objects.order_by("pk"), "meter_id", meter_ids, mapping.to_register)


def get_installations(meter_ids: Iterable[int]) -> list[InstallationInfo]:
    """Return where some meters are and have been, by meter and time."""
    rows = Installation.objects.order_by("meter_id", "starts_at")
    return _collect(rows, "meter_id", meter_ids, mapping.to_installation)


def get_installations_of_points(point_ids: Iterable[int]) -> list[InstallationInfo]:
    """Return which meters are and have been at some points, by point and time."""
    rows = Installation.objects.order_by("point_id", "starts_at")
    return _collect(rows, "point_id", point_ids, mapping.to_installation)


_SERIES: Final = Prepared(lambda points: Series.objects.filter(point_id__in=points).order_by("pk"))


def get_series(point_ids: Iterable[int]) -> list[SeriesInfo]:
    """Return the series of some points."""
    rows = [row for chunk in _chunks(dict.fromkeys(point_ids)) for row in _SERIES.ask(points=chunk)]
    return [mapping.to_series(row) for row in rows]


def get_points(point_ids: Iterable[int]) -> list[PointInfo]:
    """Return some metering points."""
    return _collect(MeteringPoint.objects.order_by("pk"), "pk", point_ids, mapping.to_point)


def get_tenancies(*, unit_ids: Iterable[int] = (), property_ids: Iterable[int] = ()) -> list[TenancyInfo]:
    """Return the tenancies of some units and properties, by time."""
    rows = Tenancy.objects.order_by("starts_at", "pk")
    units = _collect(rows, "unit_id", unit_ids, mapping.to_tenancy)
    return units + _collect(rows, "property_id", property_ids, mapping.to_tenancy)


def get_gateways(codes: Iterable[str] | None = None) -> dict[str, tuple[GatewayInfo, ...]]:
    """Return gateways in use by code (None: all)."""
    rows = Gateway.objects.filter(retired_at__isnull=True).order_by("pk")
    found: dict[str, tuple[GatewayInfo, ...]] = {}
    infos = (
        [mapping.to_gateway(row) for row in rows]
        if codes is None
        else _collect(rows, "code", codes, mapping.to_gateway)
    )
    for info in infos:
        found[info.code] = (*found.get(info.code, ()), info)
    return found


def get_organisations() -> dict[str, int]:
    """Return the numbers of all organisations by short name."""
    return dict(Organisation.objects.order_by("pk").values_list("slug", "id"))


def get_series_feeds(series_ids: Iterable[int]) -> list[SeriesFeed]:
    """Return which register fed each series when, by series and time: the bridge over exchanges."""
    feeds: list[SeriesFeed] = []
    for chunk in _chunks(sorted(set(series_ids))):
        feeds += _feeds(list(Series.objects.filter(pk__in=chunk).order_by("pk")))
    return feeds


def _feeds(series: Sequence[Series]) -> list[SeriesFeed]:
    """Join series, installations and registers of one chunk in memory: four queries in all."""
    points = {row.point_id for row in series}
    placed: dict[tuple[int, str], list[Installation]] = {}
    for row in Installation.objects.filter(point_id__in=points).order_by("starts_at"):
        placed.setdefault((row.point_id, row.role), []).append(row)
    meters = {row.meter_id for rows in placed.values() for row in rows}
    registers = {
        (r.meter_id, r.quantity, r.qualifier, r.tariff, r.subunit): r
        for r in Register.objects.filter(meter_id__in=meters, storage=0, function="instant")
    }
    noted = _noted([row.pk for rows in placed.values() for row in rows])
    feeds = []
    for one in series:
        for installation in placed.get((one.point_id, one.role), []):
            identity = (installation.meter_id, one.quantity, one.qualifier, one.tariff, one.subunit)
            register = registers.get(identity)
            if register is not None:
                feeds.append(_feed(one, installation, register, noted))
    return feeds


def _feed(
    series: Series,
    installation: Installation,
    register: Register,
    noted: dict[tuple[int, int, str], int],
) -> SeriesFeed:
    return SeriesFeed(
        series_id=series.pk,
        register_id=register.pk,
        installation_id=installation.pk,
        starts_at=installation.starts_at,
        ends_at=installation.ends_at,
        start_value=noted.get((installation.pk, register.pk, "start")),
        end_value=noted.get((installation.pk, register.pk, "end")),
    )


def _noted(installation_ids: Sequence[int]) -> dict[tuple[int, int, str], int]:
    found: dict[tuple[int, int, str], int] = {}
    columns = ("installation_id", "register_id", "moment", "value")
    for chunk in _chunks(installation_ids):
        rows = InstallationValue.objects.filter(installation_id__in=chunk)
        for installation, register, moment, value in rows.values_list(*columns):
            found[(installation, register, moment)] = value
    return found


def get_series_of_registers(register_ids: Iterable[int], at: datetime) -> dict[int, int]:
    """Return the series each register feeds at the instant `at`, by register."""
    found: dict[int, int] = {}
    for chunk in _chunks(sorted(set(register_ids))):
        registers = list(Register.objects.filter(pk__in=chunk, storage=0, function="instant"))
        now_placed = Q(starts_at__lte=at) & (Q(ends_at__isnull=True) | Q(ends_at__gt=at))
        rows = Installation.objects.filter(now_placed, meter_id__in={r.meter_id for r in registers})
        placed = {row.meter_id: row for row in rows}
        series = {
            (s.point_id, s.role, s.quantity, s.qualifier, s.tariff, s.subunit): s.pk
            for s in Series.objects.filter(point_id__in={row.point_id for row in placed.values()})
        }
        for register in registers:
            where = placed.get(register.meter_id)
            if where is not None:
                one = series.get(
                    (
                        where.point_id,
                        where.role,
                        register.quantity,
                        register.qualifier,
                        register.tariff,
                        register.subunit,
                    )
                )
                if one is not None:
                    found[register.pk] = one
    return found


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    every = list(values)
    for at in range(0, len(every), _CHUNK):
        yield every[at : at + _CHUNK]


def _collect(rows: QuerySet[R], column: str, values: Iterable[object], convert: Callable[[R], T]) -> list[T]:
    return [convert(row) for chunk in _chunks(dict.fromkeys(values)) for row in rows.filter(**{f"{column}__in": chunk})]
