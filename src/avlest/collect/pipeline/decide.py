# SPDX-License-Identifier: Apache-2.0
"""One batch from messages to a decision: which readings are kept, what waits, what the states become.

Nothing is written to the inbox or the states here but what the registry needs to know (registers, found meters), which
is safe to do twice.  `settle` writes the decision in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import numpy as np
import polars as pl

from avlest.catalogue.catalogue import Catalogue
from avlest.collect.heard import HAN, LORAWAN, MBUS, READING, WMBUS
from avlest.collect.inbox import NO_METER
from avlest.collect.models import Reach
from avlest.collect.options import CollectOptions
from avlest.collect.packets import decode_packets, to_microseconds
from avlest.collect.pipeline.decoded import Decoded, PipelineOutcome
from avlest.collect.pipeline.directory import Directory
from avlest.collect.pipeline.han_road import Port, decode_han_message
from avlest.collect.pipeline.lorawan_road import UplinkDecoder, decode_lorawan_messages
from avlest.collect.pipeline.reach import ReachMemory, derive_reached
from avlest.collect.pipeline.reading_road import decode_reading_message
from avlest.collect.pipeline.registers import SpecBook
from avlest.collect.pipeline.repeats import Marks, Memory, Times, derive_marks, find_repeats
from avlest.collect.pipeline.states import Address, MeterRow, States, read_status_numbers
from avlest.collect.pipeline.telegram_road import OK_STATUS, TelegramRoad
from avlest.collect.pipeline.thinning import READING_SCHEMA, release_held, thin_readings
from avlest.registry.keys.ring import get_key_ring
from avlest.registry.keys.seal import SealError
from avlest.telegrams.outcomes import Outcome

OK: Final = Outcome.OK.value
_SECOND: Final = 1_000_000
# The store takes instants of this century; a gateway whose clock is farther off than a day ahead is wrong too.
_EARLIEST: Final = 946_684_800 * _SECOND
_AHEAD: Final = 86_400 * _SECOND
_MOST_HELD: Final = 5000
_MOST_KNOWN: Final = 50_000


@dataclass(slots=True)
class Decision:
    """What is to be written for one batch.

    `readings`: columns of the Delta table; `telegrams` likewise; `kept`: row, manufacturer, serial, outcome, detail;
    `heard`: the messages, `outcomes`: day, source, outcome, count; `gateways`: see `states.write_gateways`.
    """

    heard: pl.DataFrame
    readings: pl.DataFrame
    telegrams: pl.DataFrame
    kept: pl.DataFrame
    outcomes: pl.DataFrame
    gateways: pl.DataFrame
    states: States
    marks: Marks
    times: Times
    ports: dict[Port, str]
    keys_version: int
    reached: list[Reach] = field(default_factory=list)


@dataclass(slots=True)
class Decider:
    """Decides batches; holds what a worker remembers between them."""

    catalogue: Catalogue
    options: CollectOptions
    lorawan: UplinkDecoder | None = None
    book: SpecBook = field(default_factory=SpecBook)
    directory: Directory = field(init=False)
    road: TelegramRoad = field(init=False)
    statuses: dict[str, int] = field(default_factory=lambda: {OK_STATUS: 0, "": 0})
    ports: dict[Port, str] = field(default_factory=dict)
    known: dict[Address, MeterRow] = field(default_factory=dict)
    reach: ReachMemory = field(default_factory=ReachMemory)

    def __post_init__(self) -> None:
        self.directory = Directory(self.book, self.options.found_by)
        self.road = TelegramRoad(self.catalogue, self.book)

    @property
    def interval(self) -> int:
        """The thinning interval in microseconds."""
        return self.options.interval_minutes * 60 * _SECOND

    def decide(
        self, bodies: Sequence[bytes], replayed: Sequence[bool], *, memory: Memory, lane: int, now: datetime
    ) -> Decision:
        """Decide the messages of some packets; `replayed` says of each packet whether it was heard before."""
        heard = _unpack(bodies, replayed)
        times = heard["received_at"].to_numpy()
        marks = derive_marks(heard)
        again = find_repeats(marks, times, memory, window=self.options.repeat_seconds * _SECOND)
        again &= ~heard["replayed"].to_numpy()
        fresh = heard.filter(~pl.Series(again))
        self.directory.refresh()
        messages, values = self._decode(fresh, now=now)
        messages = self._resolve(messages, now=now)
        states = States()
        states.read(_addresses(messages), self.known)
        readings, owners = self._build_readings(fresh, messages, values, now=now)
        _note_heard(states, fresh, messages, lane=lane)
        kept_readings = self._thin(readings, owners, states)
        kept = _choose_kept(fresh, messages, states, self.interval)
        states.take_kept(kept_readings, owners)
        states.set_held_until(self.interval)
        return Decision(
            heard=fresh,
            readings=_to_stored(kept_readings, now),
            telegrams=_to_archive(fresh, messages) if self.options.keep_all else pl.DataFrame(),
            kept=kept,
            outcomes=_count_outcomes(heard, fresh, messages, repeated=int(again.sum())),
            gateways=_count_gateways(heard),
            states=states,
            marks=marks[~again],
            times=times[~again],
            ports=dict(self.ports),
            keys_version=self.directory.keys_version,
            reached=self.reach.choose(derive_reached(heard, marks, messages)),
        )

    def release(self, *, lane: int, now: datetime) -> Decision | None:
        """Decide what was held too long; None where nothing was."""
        states = States()
        states.add_held(lane=lane, now=now, limit=_MOST_HELD)
        if not states.rows:
            return None
        owners = {int(number): key for key, row in states.rows.items() for number in row.values}
        kept, changed = release_held(states.build_frame(), interval=self.interval, now=to_microseconds(now))
        states.take_registers(changed, owners)
        states.take_kept(kept, owners)
        states.set_held_until(self.interval)
        none = pl.DataFrame()
        empty = np.empty(0, np.uint64), np.empty(0, np.int64)
        return Decision(none, _to_stored(kept, now), none, none, none, none, states, *empty, {}, 0)

    def note_settled(self, decision: Decision) -> None:
        """The decision stands: what it made of the states need not be read again while the lane is ours."""
        if len(self.known) > _MOST_KNOWN:
            self.known.clear()
        self.known |= decision.states.rows

    def forget(self) -> None:
        """A decision was not written, or a lane may be another's: trust nothing that was remembered."""
        self.known.clear()
        self.directory.versions.clear()

    def _decode(self, fresh: pl.DataFrame, *, now: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Messages and values (see `decoded`) of every road."""
        decoded = Decoded()
        latest = to_microseconds(now) + _AHEAD
        in_time = pl.col("received_at").is_between(_EARLIEST, latest)
        for row, at in fresh.filter(~in_time).select("row", "received_at").rows():
            detail = f"heard at {at / _SECOND:.0f} s since 1970: the gateway's clock is wrong"
            decoded.add_message(row, outcome=PipelineOutcome.BAD_TIME.value, detail=detail, manufacturer="", serial="")
        parts = [decoded]
        for (road,), rows in fresh.filter(in_time).group_by("road"):
            if road in (WMBUS, MBUS):
                parts.append(self._decode_telegrams(rows))
            else:
                self._decode_singly(str(road), rows, decoded)
        messages = pl.concat([part.get_messages() for part in parts])
        return messages, pl.concat([part.get_values() for part in parts])

    def _decode_telegrams(self, rows: pl.DataFrame) -> Decoded:
        own = [None if key is None else _open_key(key) for key in rows["key"].to_list()]
        numbers = rows["row"].to_numpy().astype(np.int64)
        return self.road.decode(numbers, rows["payload"].to_list(), self.directory.ring, own)

    def _decode_singly(self, road: str, rows: pl.DataFrame, decoded: Decoded) -> None:
        messages = list(rows.sort("received_at").iter_rows(named=True))
        if road == LORAWAN:
            self._decode_lorawan(messages, decoded)
            return
        for message in messages:
            row = message["row"]
            if road == HAN:
                decode_han_message(row, message, meters=self.ports, book=self.book, decoded=decoded)
            elif road == READING:
                decode_reading_message(row, message, book=self.book, decoded=decoded)

    def _decode_lorawan(self, messages: Sequence[dict[str, Any]], decoded: Decoded) -> None:
        if self.lorawan is not None:
            decode_lorawan_messages(messages, self.lorawan, book=self.book, decoded=decoded)
            return
        for message in messages:
            decoded.add_message(
                message["row"], manufacturer="", serial=message["address"].lower(), family="", status="",
                outcome=PipelineOutcome.NO_READER.value, detail="no reader of LoRaWAN payloads is set up",
            )  # fmt: skip

    def _resolve(self, messages: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
        """Mark the readable messages of meters that are not ours; put new addresses on the found list."""
        known = self.directory.meters.group_by("manufacturer", "serial").agg(pl.col("is_ours").any())
        joined = messages.join(known, on=["manufacturer", "serial"], how="left", maintain_order="left")
        strangers = joined.filter(
            pl.col("is_ours").is_null() & (pl.col("manufacturer") != "") & (pl.col("serial") != "")
        )
        if strangers.height:
            self.directory.enrol(strangers.unique(["manufacturer", "serial"], keep="first"), now=now)
        is_strange = (pl.col("outcome") == OK) & ~pl.col("is_ours").fill_null(value=False)
        return joined.with_columns(
            outcome=pl.when(is_strange).then(pl.lit(PipelineOutcome.UNKNOWN_METER.value)).otherwise("outcome")
        ).drop("is_ours")

    def _build_readings(
        self, fresh: pl.DataFrame, messages: pl.DataFrame, values: pl.DataFrame, *, now: datetime
    ) -> tuple[pl.DataFrame, dict[int, Address]]:
        """All readings of the batch, and the address each register is of."""
        good = messages.filter(pl.col("outcome") == OK).select("row", "manufacturer", "serial", "status")
        meters = self.directory.meters.filter("is_ours").select("manufacturer", "serial", "meter", "organisation")
        heard = fresh.select("row", "received_at", "source")
        mine = good.join(meters, on=["manufacturer", "serial"]).join(heard, on="row")
        rows = values.join(mine, on="row")
        wanted = rows.select("meter", "organisation", "spec").unique()
        registers = self.directory.resolve_registers(wanted, now=now)
        rows = rows.join(registers, on=["meter", "spec"])
        read_status_numbers(good["status"].unique().to_list(), self.statuses)
        present = pl.Series("present", [spec.is_present for spec in self.book.specs], pl.Boolean)
        readings = rows.select(
            "register",
            pl.coalesce("at", "received_at").alias("at"),
            "value",
            _number_statuses(rows["status"], self.statuses).alias("status"),
            "quality",
            "source",
            present.gather(rows["spec"]).alias("present"),
        )
        owners = rows.select("register", "manufacturer", "serial").unique("register")
        return readings, {register: (maker, serial) for register, maker, serial in owners.iter_rows()}

    def _thin(self, readings: pl.DataFrame, owners: dict[int, Address], states: States) -> pl.DataFrame:
        before = states.build_frame(owners)
        kept, after = thin_readings(readings, before, interval=self.interval)
        states.take_registers(after, owners)
        return kept


def put_aside(bodies: Sequence[bytes], *, detail: str) -> Decision:
    """A decision that keeps every message as it is, for packets that could not be decided.

    A body that is no packet at all, which only a damaged database can hold, cannot be kept: it is named in the log.
    """
    try:
        heard = _unpack(bodies, [False] * len(bodies))
    except ValueError:
        heard = decode_packets([]).with_columns(row=pl.lit(0, pl.Int64), replayed=pl.lit(value=False)).clear()
    outcome = PipelineOutcome.PUT_ASIDE.value
    kept = heard.select(
        "row", manufacturer=pl.lit(""), serial=pl.lit(""), outcome=pl.lit(outcome), detail=pl.lit(detail)
    )
    none = pl.DataFrame()
    messages = heard.select("row", outcome=pl.lit(outcome))
    counts = _count_outcomes(heard, heard, messages, repeated=0)
    empty = np.empty(0, np.uint64), np.empty(0, np.int64)
    return Decision(heard, none, none, kept, counts, _count_gateways(heard), States(), *empty, {}, 0)


def _unpack(bodies: Sequence[bytes], replayed: Sequence[bool]) -> pl.DataFrame:
    """The messages of packets, numbered, each with whether it was heard before."""
    parts = [decode_packets([body for body, flag in zip(bodies, replayed, strict=True) if flag is state]).with_columns(
        replayed=pl.lit(state)) for state in (False, True)]  # fmt: skip
    return pl.concat(parts).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))


def _open_key(sealed: str) -> bytes | None:
    try:
        return get_key_ring().open(sealed, meter_id=NO_METER)
    except SealError:
        return None  # sealed with a ring key that is gone: decoded with the registry's keys, or kept


def _number_statuses(texts: pl.Series, numbers: dict[str, int]) -> pl.Series:
    if not len(texts):
        return pl.Series(dtype=pl.Int64)
    distinct = texts.unique()
    found = pl.Series([numbers[text[:300]] for text in distinct.to_list()], dtype=pl.Int64)
    return texts.replace_strict(distinct, found, return_dtype=pl.Int64)


def _addresses(messages: pl.DataFrame) -> list[Address]:
    return messages.filter(pl.col("serial") != "").select("manufacturer", "serial").unique().rows()


def _note_heard(states: States, fresh: pl.DataFrame, messages: pl.DataFrame, *, lane: int) -> None:
    columns = ("row", "received_at", "replayed", "source", "gateway", "rssi")
    rows = messages.filter(pl.col("serial") != "").join(fresh.select(columns), on="row").sort("received_at")
    last = ("outcome", "family", "status", "source", "gateway", "rssi")
    heard = rows.group_by("manufacturer", "serial").agg(
        pl.col("received_at").first().alias("first"),
        pl.col("received_at").last().alias("last"),
        (~pl.col("replayed")).sum().cast(pl.Int64).alias("count"),
        *(pl.col(name).last() for name in last),
    )
    states.take_heard(heard, lane=lane)


_NOT_KEPT: Final = (OK, Outcome.NO_DATA.value, PipelineOutcome.REPEATED.value)


def _choose_kept(fresh: pl.DataFrame, messages: pl.DataFrame, states: States, interval: int) -> pl.DataFrame:
    """The messages that wait for a key, a meter or a catalogue file: of one sender one an interval."""
    rows = messages.filter(~pl.col("outcome").is_in(_NOT_KEPT)).join(
        fresh.select("row", "received_at", "replayed"), on="row"
    )
    columns = ["row", "manufacturer", "serial", "outcome", "detail"]
    if not interval or not rows.height:
        return rows.select(columns)
    rows = rows.sort("received_at").with_columns(slot=pl.col("received_at") // interval)
    named = rows.filter(pl.col("serial") != "")
    before = [states.rows[key].waiting_slot if key in states.rows else None for key in _pairs(named)]
    named = named.with_columns(before=pl.Series(before, dtype=pl.Int64))
    # Replayed messages were chosen once already: they go back as they are.
    new = (pl.col("slot") != pl.col("before")).fill_null(value=True) | pl.col("replayed")
    named = named.filter(new)
    replayed = named.filter("replayed")
    chosen = named.filter(~pl.col("replayed")).unique(
        ["manufacturer", "serial", "slot"], keep="first", maintain_order=True
    )
    for maker, serial, slot in chosen.select("manufacturer", "serial", "slot").iter_rows():
        states.rows[maker, serial].waiting_slot = max(slot, states.rows[maker, serial].waiting_slot or slot)
    return pl.concat([part.select(columns) for part in (rows.filter(pl.col("serial") == ""), replayed, chosen)])


def _pairs(rows: pl.DataFrame) -> list[Address]:
    return rows.select("manufacturer", "serial").rows()


def _to_stored(readings: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Readings as the Delta table takes them."""
    moment = pl.Datetime("us", "UTC")
    return readings.select(*READING_SCHEMA).with_columns(
        pl.from_epoch("at", "us").cast(moment), pl.lit(now, moment).alias("known_at")
    )


def _to_archive(fresh: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Messages as the Delta table of telegrams takes them."""
    rows = fresh.filter(pl.col("received_at").is_between(_EARLIEST, 2**62)).join(
        messages.select("row", "manufacturer", "serial", "outcome"), on="row"
    )
    return rows.select(
        pl.from_epoch("received_at", "us").cast(pl.Datetime("us", "UTC")),
        "source",
        "road",
        "manufacturer",
        pl.col("serial").fill_null("").alias("address"),
        "payload",
        pl.col("rssi").round().cast(pl.Int16, strict=False),
        "outcome",
    )


def _count_outcomes(heard: pl.DataFrame, fresh: pl.DataFrame, messages: pl.DataFrame, *, repeated: int) -> pl.DataFrame:
    """Messages by day, source and outcome; replayed ones count again, under what became of them."""
    day = pl.from_epoch("received_at", "us").dt.date().alias("day")
    named = fresh.join(messages.select("row", "outcome"), on="row").select(day, "source", "outcome")
    if repeated:
        again = heard.join(fresh.select("row"), on="row", how="anti")
        lost = again.select(day, "source", pl.lit(PipelineOutcome.REPEATED.value).alias("outcome"))
        named = pl.concat([named, lost])
    return named.group_by("day", "source", "outcome").agg(pl.len().cast(pl.Int64).alias("count"))


def _count_gateways(heard: pl.DataFrame) -> pl.DataFrame:
    rows = heard.filter(~pl.col("replayed")).select("source", "gateway", "received_at", "rssi").sort("received_at")
    return rows.group_by("source", "gateway").agg(
        pl.col("received_at").first().alias("first"),
        pl.col("received_at").last().alias("last"),
        pl.len().cast(pl.Int64).alias("count"),
        pl.col("rssi").last(),
    )
