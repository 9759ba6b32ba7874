# SPDX-License-Identifier: Apache-2.0
"""The shapes of Elhub's Energy Data API: metering values of points, in and out.  Pure.

A body is JSON:API: `data` is one object or a list; each has `id` (18 digits) and, in `attributes`, lists such as
`meteringValuesHour`.  No values is status 204 without body.  Times carry an offset that changes with summer time, so
they are compared as instants, never as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from avlest.readings.calendar import OSLO
from avlest.readings.elhub.values import Direction, IntervalValue, Status, keep_newest, parse_status
from avlest.registry.identifiers import parse_gsrn

_PREFIX: Final = "meteringValues"
_MINUTES: Final[Mapping[str, int]] = {"PT15M": 15, "PT60M": 60, "PT1H": 60}
_RESOLUTIONS: Final = {15: "PT15M", 60: "PT60M"}
_DATASETS: Final = {15: "meteringValuesQuarter", 60: "meteringValuesHour"}
_MOST_KWH: Final = Decimal(10) ** 9
_NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True)
class EnergyProblem:
    """One value that cannot be taken: where it stands and what is expected."""

    place: str
    detail: str

    def __str__(self) -> str:
        return f"{self.place}: {self.detail}"


@dataclass(frozen=True, slots=True)
class EnergyData:
    """The values of an answer, newest of each interval, and what of it could not be read."""

    values: tuple[IntervalValue, ...]
    problems: tuple[EnergyProblem, ...] = ()


class EnergyDataError(ValueError):
    """A body that is no answer of the API; nothing of it was read."""


def parse_energy_data(body: bytes, *, status: int = 200) -> EnergyData:
    """Read an answer; status 204 or an empty body is no values.

    Raises `EnergyDataError` for what is no JSON or has no `data`; a value that is wrong is a problem naming its place,
    and the others are read.
    """
    if status == _NO_CONTENT or not body.strip():
        return EnergyData(())
    try:
        document = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise EnergyDataError(f"expected JSON: {error}") from error
    if not isinstance(document, dict) or "data" not in document:
        raise EnergyDataError('expected an object with "data", as the Energy Data API answers')
    data = document["data"]
    points = data if isinstance(data, list) else [data] if data else []
    values: list[IntervalValue] = []
    problems: list[EnergyProblem] = []
    for number, point in enumerate(points):
        _read_point(point, f"data[{number}]" if isinstance(data, list) else "data", values, problems)
    return EnergyData(tuple(keep_newest(values)), tuple(problems))


def _read_point(point: Any, place: str, values: list[IntervalValue], problems: list[EnergyProblem]) -> None:
    if not isinstance(point, dict):
        problems.append(EnergyProblem(place, "expected an object"))
        return
    try:
        gsrn = parse_gsrn(str(point.get("id", "")))
    except ValueError as error:
        problems.append(EnergyProblem(f"{place}.id", f"is {point.get('id')!r}: expected {error}"))
        return
    attributes = point.get("attributes")
    for name, rows in (attributes if isinstance(attributes, dict) else {}).items():
        if name.startswith(_PREFIX) and isinstance(rows, list):
            for number, row in enumerate(rows):
                where = f"{place}.attributes.{name}[{number}]"
                try:
                    values.append(_read_value(row, gsrn))
                except EnergyDataError as error:
                    problems.append(EnergyProblem(where, str(error)))


def _read_value(row: Any, gsrn: str) -> IntervalValue:
    if not isinstance(row, dict):
        raise EnergyDataError("expected an object")
    start, stop = _read_instant(row, "startTime"), _read_instant(row, "endTime")
    minutes = _MINUTES.get(str(row.get("resolution", "PT60M")))
    if minutes is None:
        raise EnergyDataError(f"resolution is {row['resolution']!r}: expected PT15M or PT60M")
    if (stop - start).total_seconds() != minutes * 60:
        raise EnergyDataError(f"startTime to endTime is not {minutes} minutes")
    return IntervalValue(
        gsrn=gsrn,
        start=start,
        stop=stop,
        direction=_read_direction(row),
        watt_hours=_read_amount(row),
        status=_read_status(row),
        inserted_at=_read_instant(row, "insertDateTime") if row.get("insertDateTime") else None,
    )


def _read_instant(row: Mapping[str, Any], name: str) -> datetime:
    text = row.get(name)
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise EnergyDataError(f"{name} is {text!r}: expected a time with offset") from error
    if moment.tzinfo is None:
        raise EnergyDataError(f"{name} is {text!r}: expected a time with offset")
    return moment.astimezone(UTC)


def _read_direction(row: Mapping[str, Any]) -> Direction:
    text = str(row.get("direction", Direction.OUT))
    for direction in Direction:
        if text.casefold() == direction.casefold():
            return direction
    raise EnergyDataError(f"direction is {text!r}: expected Out (consumption) or In (production)")


def _read_amount(row: Mapping[str, Any]) -> int:
    given = row.get("quantityKwh")
    try:
        amount = Decimal(str(given)) if not isinstance(given, bool) else Decimal("NaN")
    except InvalidOperation as error:
        raise EnergyDataError(f"quantityKwh is {given!r}: expected a number") from error
    if not amount.is_finite() or not 0 <= amount < _MOST_KWH:
        raise EnergyDataError(f"quantityKwh is {given!r}: expected a number from 0 up")
    return int((amount * 1000).to_integral_value(rounding="ROUND_HALF_UP"))


def _read_status(row: Mapping[str, Any]) -> Status:
    try:
        return parse_status(str(row.get("quality") or row.get("status") or ""))
    except ValueError as error:
        raise EnergyDataError(f"quality is {row.get('quality')!r}: expected {error}") from error


def format_energy_data(values: Iterable[IntervalValue]) -> bytes:
    """Write values as the API answers; empty bytes for none (status 204)."""
    points: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for value in sorted(values, key=lambda one: (one.gsrn, one.start, one.direction)):
        lists = points.setdefault(value.gsrn, {})
        lists.setdefault(_DATASETS[value.minutes], []).append(_write_value(value))
    if not points:
        return b""
    data = [{"type": "metering-points", "id": gsrn, "attributes": lists} for gsrn, lists in points.items()]
    return json.dumps({"data": data}, ensure_ascii=False).encode()


def _write_value(value: IntervalValue) -> dict[str, Any]:
    written = {
        "startTime": value.start.astimezone(OSLO).isoformat(),
        "endTime": value.stop.astimezone(OSLO).isoformat(),
        "direction": value.direction.value,
        "quantityKwh": value.watt_hours / 1000,
        "resolution": _RESOLUTIONS[value.minutes],
        "quality": value.status.value,
    }
    if value.inserted_at:
        written["insertDateTime"] = value.inserted_at.astimezone(OSLO).isoformat()
    return written
