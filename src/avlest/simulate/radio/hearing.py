# SPDX-License-Identifier: Apache-2.0
"""From emissions to what gateways hand on: losses, repeats, flipped bits, each meter's own clock.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from avlest.simulate.contracts import RANKS, Emissions, World
from avlest.simulate.radio.encoder import HAN_MAKERS, Encoder
from avlest.simulate.radio.han import derive_meter_id
from avlest.simulate.radio.keys import derive_key
from avlest.simulate.radio.models import MODELS, RadioModel, Road
from avlest.simulate.radio.sent import Integers, Sent
from avlest.telegrams.layouts.aes import split_rows
from avlest.telegrams.wmbus.frame import FIRST_BLOCK, build_format_a

SOURCES: Final = {
    "wmbus": "radio",
    "drive_by": "car",
    "ams": "ams",
    "lorawan": "lorawan",
    "han": "han",
    "mbus": "mbus",
}
"""Name of the source that hands on what meters of a road say."""
ECHO_MICROSECONDS: Final = 40_000
"""How much later each further gateway hands the same telegram on."""
FARTHER_DBM: Final = 9
_HOUR: Final = 3600
_MICRO: Final = 1_000_000
_RF_BLOCKS: Final = FIRST_BLOCK + 2


@dataclass(frozen=True, slots=True)
class Messages:
    """What one source took in of one model, as columns of one length.

    `rows`: the row of the emission each is of; `meters` whose; `received_at` microseconds since 1970; `gateways` codes,
    `gateway` the place in them; `addresses` and `counters` of LoRaWAN, else empty; `is_damaged`: a bit is wrong.
    """

    model: RadioModel
    source: str
    rows: Integers
    meters: Integers
    received_at: Integers
    gateways: tuple[str, ...]
    gateway: Integers
    rssi: Integers
    payloads: list[bytes]
    is_damaged: npt.NDArray[np.bool_]
    addresses: list[str] = field(default_factory=list)
    counters: Integers | None = None

    def __len__(self) -> int:
        return len(self.payloads)

    def take(self, rows: Integers) -> Messages:
        """Only these messages, in this order."""
        chosen = rows.tolist()
        return replace(
            self,
            rows=self.rows[rows],
            meters=self.meters[rows],
            received_at=self.received_at[rows],
            gateway=self.gateway[rows],
            rssi=self.rssi[rows],
            payloads=[self.payloads[row] for row in chosen],
            is_damaged=self.is_damaged[rows],
            addresses=[self.addresses[row] for row in chosen] if self.addresses else [],
            counters=None if self.counters is None else self.counters[rows],
        )


@dataclass(slots=True)
class Tally:
    """What was sent and what became of it on the air."""

    sent: int = 0
    lost: int = 0
    damaged: int = 0
    repeated: int = 0
    messages: int = 0

    @property
    def whole(self) -> int:
        """Telegrams that at least one gateway heard as they were sent."""
        return self.sent - self.lost - self.damaged


@dataclass(slots=True)
class Air:
    """The air of a world: encodes emissions and says who hears them."""

    world: World
    encoder: Encoder = field(default_factory=Encoder)
    tally: Tally = field(default_factory=Tally)
    _serials: Integers = field(init=False)
    _keys: list[bytes] = field(init=False)
    _roads: npt.NDArray[np.object_] = field(init=False)
    _dev_euis: list[str] = field(init=False)
    _codes: tuple[str, ...] = field(init=False)
    _gateways: Integers = field(init=False)

    def __post_init__(self) -> None:
        meters = self.world.meters
        self._serials = meters["serial"].to_numpy()
        pairs = zip(meters["manufacturer"].to_list(), self._serials.tolist(), strict=True)
        self._keys = [derive_key(self.world.seed, maker, serial) for maker, serial in pairs]
        self._roads = meters["road"].to_numpy()
        self._dev_euis = meters["dev_eui"].to_list()
        self._codes = tuple(self.world.gateways["code"].to_list())
        self._gateways = _rank_gateways(self.world)

    def hear(self, emissions: Emissions) -> Iterator[Messages]:
        """The messages of one chunk, one item a source; what nobody heard is counted and left out."""
        model, frame = MODELS[emissions.model], emissions.frame
        self.tally.sent += frame.height
        unheard = frame["lost"]
        damaged = frame["corrupt"] & ~unheard
        if model.road is Road.LORAWAN:  # the network server drops what fails its check
            unheard, damaged = unheard | damaged, damaged & False
        frame = frame.filter(~unheard)
        self.tally.lost += int(unheard.sum())
        self.tally.damaged += int(damaged.sum())
        if frame.height:
            yield from self._split_sources(model, frame, damaged.filter(~unheard).to_numpy())

    def _split_sources(
        self, model: RadioModel, frame: pl.DataFrame, damaged: npt.NDArray[np.bool_]
    ) -> Iterator[Messages]:
        payloads = self._encode(model, frame, damaged)
        meters = frame["meter"].to_numpy().astype(np.int64)
        roads = self._roads[meters]
        for road in sorted(set(roads.tolist())):
            rows = np.flatnonzero(roads == road)
            yield self._make(model, SOURCES[road], frame[rows], rows, [payloads[row] for row in rows], damaged[rows])

    def _encode(self, model: RadioModel, frame: pl.DataFrame, damaged: npt.NDArray[np.bool_]) -> list[bytes]:
        payloads: list[bytes] = [b""] * frame.height
        for rows, matrix in self.encoder.encode(model, self._prepare(model, frame)):
            if len(rows) == frame.height and rows[0] == 0:
                payloads = split_rows(matrix)
                continue
            for row, payload in zip(rows.tolist(), split_rows(matrix), strict=True):
                payloads[row] = payload
        for row in np.flatnonzero(damaged).tolist():
            payloads[row] = damage(payloads[row], model.road, place=row + len(payloads[row]))
        return payloads

    def _prepare(self, model: RadioModel, frame: pl.DataFrame) -> Sent:
        meters = frame["meter"].to_numpy().astype(np.int64)
        clock = frame["at"].dt.epoch("s").to_numpy() + _HOUR
        if model.road is not Road.HAN:  # the grid company sets the clocks of its meters
            clock = clock + frame["clock_offset"].to_numpy()
        return Sent(
            serials=self._serials[meters],
            counters=frame["number"].to_numpy().astype(np.int64),
            clocks=clock.astype("datetime64[s]"),
            status=frame["status"].to_numpy().astype(np.int64),
            values={name: frame[name].to_numpy() for name in model.columns},
            keys=self._keys,
            key_index=meters,
        )

    def _make(
        self,
        model: RadioModel,
        source: str,
        frame: pl.DataFrame,
        rows: Integers,
        payloads: list[bytes],
        damaged: npt.NDArray[np.bool_],
    ) -> Messages:
        meters = frame["meter"].to_numpy().astype(np.int64)
        take, echo, rank = _find_copies(frame["heard_by"].to_numpy(), is_once=model.road is not Road.WMBUS)
        gateway = self._gateways[meters[take], rank]
        self.tally.repeated += len(take) - len(meters)
        self.tally.messages += len(take)
        codes, gateway = self._name_gateways(model, meters[take], gateway)
        at = frame["at"].dt.epoch("us").to_numpy()
        whole = len(take) == len(payloads)
        is_lorawan = model.road is Road.LORAWAN
        return Messages(
            model=model,
            source=source,
            rows=rows[take],
            meters=meters[take],
            received_at=at[take] + echo * ECHO_MICROSECONDS,
            gateways=codes,
            gateway=gateway,
            rssi=frame["rssi"].fill_null(0).to_numpy()[take].astype(np.int64) - FARTHER_DBM * echo,
            payloads=payloads if whole else [payloads[row] for row in take.tolist()],
            is_damaged=damaged[take],
            addresses=[self._dev_euis[meter] for meter in meters.tolist()] if is_lorawan else [],
            counters=frame["number"].to_numpy().astype(np.int64) if is_lorawan else None,
        )

    def _name_gateways(
        self, model: RadioModel, meters: Integers, gateway: Integers
    ) -> tuple[tuple[str, ...], Integers]:
        """The codes, and each message's place in them; a HAN port has a reader of its own."""
        if model.road is not Road.HAN:
            return self._codes, gateway
        present, place = np.unique(meters, return_inverse=True)
        maker = HAN_MAKERS[model.family]
        return tuple(derive_meter_id(maker, int(self._serials[meter])) for meter in present), place.astype(np.int64)


def _rank_gateways(world: World) -> Integers:
    """The gateways that hear each meter, best first, -1 where there is none; shape (meters, `RANKS`)."""
    reach = world.reception.filter(pl.col("rank") < RANKS)
    table = np.full((world.meters.height, RANKS), -1, np.int64)
    table[reach["meter"].to_numpy(), reach["rank"].to_numpy().astype(np.int64)] = reach["gateway"].to_numpy()
    return table


def _find_copies(heard_by: npt.NDArray[np.uint8], *, is_once: bool) -> tuple[Integers, Integers, Integers]:
    """Of each copy: the row, the how-manieth of it (from 0), and the rank of the gateway that hands it on.

    `is_once`: a wire has one end, and a network server hands an uplink on once.
    """
    ears = (heard_by[:, None] >> np.arange(RANKS) & 1).astype(np.bool_)
    if is_once:
        ears &= ears.cumsum(axis=1) == 1
    take, rank = np.nonzero(ears)
    copies = ears.sum(axis=1)
    echo = np.arange(len(take)) - np.repeat(np.cumsum(copies) - copies, copies)
    return take, echo, rank


def damage(payload: bytes, road: Road, *, place: int) -> bytes:
    """The message with a bit flipped, so that its check sequence tells: `place` says which.

    Wireless telegrams come with the CRCs of frame format A, the first block whole, as a gateway hands on that does
    not check them itself.
    """
    data = bytearray(build_format_a(payload) if road is Road.WMBUS else payload)
    first, last = (_RF_BLOCKS, len(data)) if road is Road.WMBUS else (len(data) // 2, len(data) - 3)
    at = first + place % max(1, last - first)
    data[at] ^= 1 << place % 8
    return bytes(data)
