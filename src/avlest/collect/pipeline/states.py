# SPDX-License-Identifier: Apache-2.0
"""The last-known state of meters, gateways and sources: read before a batch is judged, written when it is settled.

`MeterState.values` maps the number of a register to `[at, value, status, slot, held]`: microseconds since 1970,
thousandths, number of the status text, the last slot that was kept, and what is held (`[at, value, status, quality,
source]`) or null.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

import polars as pl
from django.db import connection
from django.db.models import DateTimeField, F, Value
from django.db.models.functions import Greatest

from avlest.collect.models import GatewayState, MeterState, OutcomeCount, StatusText
from avlest.collect.packets import from_microseconds
from avlest.collect.pipeline.thinning import RELEASE_MICROSECONDS, STATE_SCHEMA

Address = tuple[str, str]
_CHUNK: Final = 900
_TEXTS: Final = {"family": 60, "status": 300, "source": 60, "gateway": 64, "outcome": 30}


@dataclass(slots=True)
class MeterRow:
    """One row of `MeterState` as the pipeline handles it: plain, because thousands are read and written a batch."""

    manufacturer: str
    serial: str
    first_heard_at: datetime
    last_heard_at: datetime
    last_read_at: datetime | None = None
    heard: int = 0
    kept: int = 0
    outcome: str = ""
    family: str = ""
    status: str = ""
    source: str = ""
    gateway: str = ""
    rssi: float | None = None
    values: dict[str, list[Any]] = field(default_factory=dict)
    held_until: datetime | None = None
    waiting_slot: int | None = None
    lane: int = 0


_NAMES: Final = tuple(one.name for one in fields(MeterRow))
_KEY: Final = ("manufacturer", "serial")


@dataclass(slots=True)
class States:
    """The states of the meters of one batch, as they were and as they become."""

    rows: dict[Address, MeterRow] = field(default_factory=dict)

    def read(self, addresses: Iterable[Address], known: Mapping[Address, MeterRow]) -> None:
        """Read the states of some addresses; those in `known` are not asked for."""
        every = set(addresses)
        self.rows |= {address: known[address] for address in every & known.keys()}
        wanted = every - known.keys()
        serials = sorted({serial for _, serial in wanted})
        for at in range(0, len(serials), _CHUNK):
            for values in MeterState.objects.filter(serial__in=serials[at : at + _CHUNK]).values_list(*_NAMES):
                if values[:2] in wanted:
                    self.rows[values[:2]] = MeterRow(*values)

    def add_held(self, *, lane: int, now: datetime, limit: int) -> None:
        """Read the states of meters of which something was held too long."""
        due = MeterState.objects.filter(lane=lane, held_until__lte=now).order_by("held_until")
        self.rows |= {values[:2]: MeterRow(*values) for values in due.values_list(*_NAMES)[:limit]}

    def build_frame(self, registers: Iterable[int] | None = None) -> pl.DataFrame:
        """What is remembered of registers (None: all), `thinning.STATE_SCHEMA`."""
        wanted = None if registers is None else set(registers)
        rows = [
            (number, *value[:4], *(value[4] or (None,) * 5))
            for state in self.rows.values()
            for number, value in ((int(name), value) for name, value in state.values.items())
            if wanted is None or number in wanted
        ]
        return pl.DataFrame(rows, schema=STATE_SCHEMA, orient="row")

    def take_registers(self, states: pl.DataFrame, owners: Mapping[int, Address]) -> None:
        """Put new states of registers into the rows of their meters."""
        for number, at, value, status, slot, *held in states.iter_rows():
            row = self.rows[owners[number]]
            row.values[str(number)] = [at, value, status, slot, held if held[0] is not None else None]

    def set_held_until(self, interval: int) -> None:
        """Work out when something held is due, after all registers were taken."""
        for row in self.rows.values():
            due = [_centre(value[4][0], interval) for value in row.values.values() if value[4]]
            row.held_until = from_microseconds(min(due) + RELEASE_MICROSECONDS) if due else None

    def take_heard(self, heard: pl.DataFrame, *, lane: int) -> None:
        """Add what was heard of each meter: one row an address.

        Columns: manufacturer, serial, first, last (microseconds), count, outcome, family, status, source, gateway,
        rssi.
        """
        for item in heard.iter_rows(named=True):
            key = (item["manufacturer"], item["serial"])
            first, last = from_microseconds(item["first"]), from_microseconds(item["last"])
            row = self.rows.get(key)
            if row is None:
                row = self.rows[key] = MeterRow(*key, first_heard_at=first, last_heard_at=first)
            row.heard += item["count"]
            row.lane = lane
            if last >= row.last_heard_at:
                row.last_heard_at, row.rssi = last, item["rssi"]
                for name, limit in _TEXTS.items():
                    setattr(row, name, (item[name] or "")[:limit])

    def take_kept(self, kept: pl.DataFrame, owners: Mapping[int, Address]) -> None:
        """Count the readings kept, `thinning.READING_SCHEMA`."""
        for register, count, last in kept.group_by("register").agg(pl.len(), pl.col("at").max()).iter_rows():
            row = self.rows[owners[register]]
            row.kept += count
            moment = from_microseconds(last)
            row.last_read_at = moment if row.last_read_at is None else max(row.last_read_at, moment)

    def write(self) -> None:
        """Write all rows, new and old; call it inside the transaction that settles the batch.

        One prepared statement, because the ORM's own upsert takes a third of the worker's time (measured: 350 µs a row
        against 20 µs).
        """
        if not self.rows:
            return
        columns = ", ".join(connection.ops.quote_name(name) for name in _NAMES)
        changes = ", ".join(
            f"{name} = EXCLUDED.{name}" for name in map(connection.ops.quote_name, _NAMES) if name not in _KEY
        )
        table = connection.ops.quote_name(MeterState._meta.db_table)
        statement = (
            f"INSERT INTO {table} ({columns}) VALUES ({', '.join(['%s'] * len(_NAMES))}) "  # noqa: S608  own names
            f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {changes}"
        )
        adapt = connection.ops.adapt_datetimefield_value
        with connection.cursor() as cursor:
            # Always in the same order: two lanes never wait for each other in a circle.
            cursor.executemany(statement, [_to_parameters(self.rows[key], adapt) for key in sorted(self.rows)])


def _to_parameters(row: MeterRow, adapt: Callable[[Any], Any]) -> list[Any]:
    values = [getattr(row, name) for name in _NAMES]
    return [
        json.dumps(value, separators=(",", ":")) if isinstance(value, dict)
        else adapt(value) if isinstance(value, datetime)
        else value
        for value in values
    ]  # fmt: skip


def _centre(at: int, interval: int) -> int:
    return (at + interval // 2) // interval * interval if interval else at


def read_status_words(numbers: Iterable[int]) -> dict[int, str]:
    """The words of statuses by the number that readings carry."""
    wanted = sorted(set(numbers))
    found: dict[int, str] = {}
    for at in range(0, len(wanted), _CHUNK):
        found.update(StatusText.objects.filter(pk__in=wanted[at : at + _CHUNK]).values_list("pk", "text"))
    return found


def read_status_numbers(texts: Sequence[str], known: dict[str, int]) -> None:
    """Add the numbers of status texts to `known`; those that are new are made."""
    missing = sorted({text[:300] for text in texts} - known.keys())
    if not missing:
        return
    StatusText.objects.bulk_create([StatusText(text=text) for text in missing], ignore_conflicts=True)
    for at in range(0, len(missing), _CHUNK):
        rows = StatusText.objects.filter(text__in=missing[at : at + _CHUNK])
        known |= {row.text: row.pk for row in rows}


def write_gateways(heard: pl.DataFrame, meters: Mapping[tuple[str, str], str]) -> None:
    """Count what came through each gateway; call it in a transaction.

    Columns: source, gateway, first, last, count, rssi.
    """
    for item in heard.sort("source", "gateway").iter_rows(named=True):
        first, last = from_microseconds(item["first"]), from_microseconds(item["last"])
        source, code = item["source"][:60], item["gateway"][:64]
        values: dict[str, Any] = {"rssi": item["rssi"]}
        if meter := meters.get((item["source"], item["gateway"])):
            values["meter"] = meter[:40]
        own = GatewayState.objects.filter(source=source, code=code)
        # One lane may be ahead of another: what it heard later stays.
        latest = Greatest("last_heard_at", Value(last, output_field=DateTimeField()))
        if not own.update(**values, last_heard_at=latest, heard=F("heard") + item["count"]):
            values |= {"first_heard_at": first, "last_heard_at": last, "heard": item["count"]}
            GatewayState.objects.create(source=source, code=code, **values)


def read_gateway_meters() -> dict[tuple[str, str], str]:
    """Whose HAN port each gateway listens to, as far as it was told."""
    rows = GatewayState.objects.exclude(meter="").values_list("source", "code", "meter")
    return {(source, code): meter for source, code, meter in rows}


def write_outcomes(counts: pl.DataFrame) -> None:
    """Add to the counts of outcomes: columns day, source, outcome, count; call it in a transaction."""
    for day, source, outcome, count in counts.sort("day", "source", "outcome").iter_rows():
        own = OutcomeCount.objects.filter(day=day, source=source[:60], outcome=outcome)
        if not own.update(messages=F("messages") + count):
            OutcomeCount.objects.create(day=day, source=source[:60], outcome=outcome, messages=count)
