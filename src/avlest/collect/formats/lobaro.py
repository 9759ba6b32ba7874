# SPDX-License-Identifier: Apache-2.0
"""Telegrams that a wM-Bus bridge sends over LoRaWAN, in one part or several.  Pure.

Lobaro's bridges number the parts in the port: 11 is a whole telegram, 12 and 22 are the two
parts of one, 13, 23 and 33 three, and so on.  The parts are cut from a telegram without CRCs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from avlest.collect.heard import LORAWAN, WMBUS, Heard

PATIENCE: Final = timedelta(minutes=15)
"""How long the next part of a telegram may take: duty cycles make bridges wait minutes."""
MOST_WAITING: Final = 64
# Other uplinks (status) of the bridge may lie between two parts.
_COUNTER_SLACK: Final = 4
_MOST_PARTS: Final = 9


@dataclass(frozen=True, slots=True)
class Added:
    """What came of a part: a whole telegram and the parts it was made of, parts that will
    never be whole, or neither while others are waited for."""

    telegram: Heard | None = None
    used: tuple[Heard, ...] = ()
    given_up: tuple[Heard, ...] = ()


@dataclass(slots=True)
class _Group:
    """The parts so far of one telegram, by their number."""

    total: int
    parts: dict[int, Heard]

    def takes(self, number: int, part: Heard) -> bool:
        """Whether a part belongs to this telegram: its place is free, its counter and time fit."""
        other_number, other = next(iter(self.parts.items()))
        near = abs((part.counter or 0) - number - (other.counter or 0) + other_number) <= _COUNTER_SLACK
        return number not in self.parts and near and abs(part.received_at - other.received_at) <= PATIENCE


def split_port(port: int | None) -> tuple[int, int] | None:
    """Return (number, total) of the part that a port stands for; None when it is no part."""
    if port is None or not 10 < port < 100:
        return None
    number, total = divmod(port, 10)
    return (number, total) if 1 <= number <= total <= _MOST_PARTS else None


@dataclass(slots=True)
class PartsAssembler:
    """Joins the parts of bridges; holds at most `most` unfinished telegrams, the oldest are given up."""

    most: int = MOST_WAITING
    _groups: dict[tuple[str, int], _Group] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        """Return how many telegrams are unfinished."""
        return len(self._groups)

    def add(self, part: Heard) -> Added:
        """Take one part (a `Heard` of the road "lorawan")."""
        place = split_port(part.port)
        if place is None or part.road != LORAWAN:
            return Added(given_up=(part,))
        number, total = place
        key = (part.address, total)
        group = self._groups.get(key)
        if group is not None and part in group.parts.values():
            return Added()
        given_up = self._give_up(key) if group is not None and not group.takes(number, part) else ()
        group = self._groups.pop(key, None) or _Group(total, {})
        group.parts[number] = part
        self._groups[key] = group
        if len(group.parts) == total:
            return self._finish(key, given_up)
        if len(self._groups) > self.most:
            given_up += self._give_up(next(iter(self._groups)))
        return Added(given_up=given_up)

    def give_up(self, part: Heard) -> tuple[Heard, ...]:
        """Return, and forget, all parts waiting together with `part`; none when it waits no longer."""
        for key, group in self._groups.items():
            if part in group.parts.values():
                return self._give_up(key)
        return ()

    def _give_up(self, key: tuple[str, int]) -> tuple[Heard, ...]:
        return _in_order(self._groups.pop(key))

    def _finish(self, key: tuple[str, int], given_up: tuple[Heard, ...]) -> Added:
        parts = _in_order(self._groups.pop(key))
        telegram = join_parts(parts)
        if telegram is None:
            return Added(given_up=given_up + parts)
        return Added(telegram, parts, given_up)


def _in_order(group: _Group) -> tuple[Heard, ...]:
    return tuple(group.parts[number] for number in sorted(group.parts))


def join_parts(parts: Sequence[Heard]) -> Heard | None:
    """Return the telegram of all its parts in order; None when its length field disagrees."""
    payload = b"".join(part.payload for part in parts)
    if payload[0] + 1 != len(payload):
        return None
    # How well the bridge heard the meter is not told; how the bridge was heard is another matter.
    return replace(
        parts[0], road=WMBUS, payload=payload, gateway=parts[0].address, address="",
        port=None, counter=None, rssi=None, snr=None,
    )  # fmt: skip


def assemble_parts(parts: Sequence[Heard]) -> tuple[tuple[Heard, ...], tuple[Heard, ...]]:
    """Join whatever can be joined of the parts in `parts`, in order of their frame counter.

    Returns the telegrams, and the parts that belong to none of them.
    """
    assembler = PartsAssembler(most=len(parts) + 1)
    added = [assembler.add(part) for part in sorted(parts, key=lambda part: (part.address, part.counter or 0))]
    telegrams = tuple(result.telegram for result in added if result.telegram is not None)
    used = {id(part) for result in added for part in result.used}
    return telegrams, tuple(part for part in parts if id(part) not in used)
