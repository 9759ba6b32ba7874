# SPDX-License-Identifier: Apache-2.0
"""Columns of messages to packets of the inbox, without an object for each message.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from avlest.collect.heard import Heard
from avlest.collect.packets import PackedMessages, derive_lane, join_packet
from avlest.simulate.radio.hearing import Messages
from avlest.simulate.radio.models import Road
from avlest.simulate.radio.sent import Integers

LARGEST: Final = 20_000
"""Most messages in a packet: a worker takes whole packets, and should not take more than a batch at once."""
_SOME_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Packer:
    """Packs messages for an inbox of so many lanes; remembers the lane of each meter."""

    lanes: int = 1
    _lane_of: dict[tuple[str, int], int] = field(default_factory=dict)

    def pack(self, messages: Messages) -> Iterator[PackedMessages]:
        """The packets of some messages, each of one lane."""
        lanes = self._find_lanes(messages)
        for lane in np.unique(lanes).tolist():
            rows = np.flatnonzero(lanes == lane)
            for at in range(0, len(rows), LARGEST):
                part = rows[at : at + LARGEST]
                yield PackedMessages(lane, len(part), _join(messages, part))

    def _find_lanes(self, messages: Messages) -> Integers:
        if self.lanes <= 1:
            return np.zeros(len(messages), np.int64)
        present, first, place = np.unique(messages.meters, return_index=True, return_inverse=True)
        lanes = [self._find_lane(messages, int(meter), int(row)) for meter, row in zip(present, first, strict=True)]
        return np.array(lanes, np.int64)[place.reshape(-1)]

    def _find_lane(self, messages: Messages, meter: int, row: int) -> int:
        known = (messages.source, meter)
        found = self._lane_of.get(known)
        if found is None:
            address = messages.addresses[row] if messages.addresses else ""
            heard = Heard(
                _SOME_TIME, messages.source, messages.model.road.value, messages.payloads[row],
                gateway=messages.gateways[messages.gateway[row]], address=address,
            )  # fmt: skip
            found = self._lane_of[known] = derive_lane(heard, lanes=self.lanes)
        return found


def _join(messages: Messages, rows: Integers) -> bytes:
    count = len(rows)
    chosen = rows.tolist()
    whole = count == len(messages)
    payloads = messages.payloads if whole else [messages.payloads[row] for row in chosen]
    codes = messages.gateways
    is_uplink = messages.model.road is Road.LORAWAN
    counters = messages.counters[rows].tolist() if messages.counters is not None else [None] * count
    columns: dict[str, list[Any]] = {
        "received_at": messages.received_at[rows].tolist(),
        "source": [messages.source] * count,
        "road": [messages.model.road.value] * count,
        "gateway": [codes[place] for place in messages.gateway[rows].tolist()],
        "address": [messages.addresses[row] for row in chosen] if is_uplink else [""] * count,
        "port": [messages.model.port if is_uplink else None] * count,
        "counter": counters,
        "rssi": messages.rssi[rows].tolist(),
        "snr": [None] * count,
        "key": [None] * count,
    }
    return join_packet(columns, payloads)
