# SPDX-License-Identifier: Apache-2.0
"""The authentication and fragmentation layer, CI 90 (EN 13757-7, clause 6)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.security import CMAC_LENGTHS

# Fragmentation control field: which fields follow, and whether more fragments do.
MORE_FRAGMENTS = 0x4000
HAS_CONTROL = 0x2000
HAS_LENGTH = 0x1000
HAS_COUNTER = 0x0800
HAS_MAC = 0x0400
HAS_KEY_INFORMATION = 0x0200
FRAGMENT_ID = 0x00FF

AUTHENTICATION_TYPE = 0x0F
HEADER = 2  # CI and AFLL


@dataclass(frozen=True, slots=True)
class Afl:
    """An authentication and fragmentation layer; fields that were not sent are None.

    `offset` is that of the CI field; `length` counts CI field and length byte.  `mac` is
    the code as sent, `message_length` the bytes of the whole unfragmented message.
    """

    offset: int
    length: int
    fragmentation: int
    message_control: int | None
    key_information: int | None
    counter: int | None
    mac: bytes
    message_length: int | None

    @property
    def fragment_id(self) -> int:
        """The number of the fragment, from 1; 0 for a message in one piece."""
        return self.fragmentation & FRAGMENT_ID

    @property
    def more_follows(self) -> bool:
        """Whether further fragments follow this one."""
        return bool(self.fragmentation & MORE_FRAGMENTS)

    @property
    def is_fragment(self) -> bool:
        """Whether the message is spread over several telegrams."""
        return self.more_follows or self.fragment_id > 1

    @property
    def authentication(self) -> int:
        """The authentication type of the message control field (0: none)."""
        return (self.message_control or 0) & AUTHENTICATION_TYPE

    @property
    def counter_offset(self) -> int:
        """Where the message counter stands, if it was sent."""
        control = 0 if self.message_control is None else 1
        return self.offset + HEADER + 2 + control + (0 if self.key_information is None else 2)

    @property
    def mac_offset(self) -> int:
        """Where the MAC stands, if it was sent."""
        return self.counter_offset + (0 if self.counter is None else 4)

    @property
    def authenticated_positions(self) -> list[int]:
        """Where the bytes of `authenticated_prefix` stand in the telegram."""
        start = self.offset + HEADER + 2
        positions = [] if self.message_control is None else [start]
        if self.counter is not None:
            positions += range(self.counter_offset, self.counter_offset + 4)
        if self.message_length is not None:
            after_mac = self.mac_offset + len(self.mac)
            positions += range(after_mac, after_mac + 2)
        return positions

    @property
    def authenticated_prefix(self) -> bytes:
        """What the MAC covers before the message: control, counter, message length."""
        control = b"" if self.message_control is None else bytes((self.message_control,))
        counter = b"" if self.counter is None else self.counter.to_bytes(4, "little")
        length = self.message_length
        return control + counter + (b"" if length is None else length.to_bytes(2, "little"))


@dataclass(slots=True)
class _Reader:
    """Takes the fields of one layer one after another and never leaves it."""

    data: bytes
    at: int
    end: int

    def take(self, count: int) -> bytes:
        if self.at + count > self.end:
            raise TelegramError(
                Outcome.TOO_SHORT,
                "the authentication layer is shorter than the fields it announces",
                offset=self.at,
            )
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, count: int, *, present: bool) -> int | None:
        return int.from_bytes(self.take(count), "little") if present else None


def parse_afl(data: bytes, offset: int, end: int) -> Afl:
    """The layer whose CI field 90 is at `offset`; raises TOO_SHORT."""
    if offset + HEADER > end or offset + HEADER + data[offset + 1] > end:
        raise TelegramError(Outcome.TOO_SHORT, "the telegram ends inside the authentication layer", offset=end)
    length = HEADER + data[offset + 1]
    reader = _Reader(data, offset + HEADER, offset + length)
    flags = int.from_bytes(reader.take(2), "little")
    control = reader.number(1, present=bool(flags & HAS_CONTROL))
    keys = reader.number(2, present=bool(flags & HAS_KEY_INFORMATION))
    counter = reader.number(4, present=bool(flags & HAS_COUNTER))
    mac = reader.take(_mac_length(flags, control, reader))
    total = reader.number(2, present=bool(flags & HAS_LENGTH))
    return Afl(offset, length, flags, control, keys, counter, mac, total)


def _mac_length(flags: int, control: int | None, reader: _Reader) -> int:
    """The last fragment brings the MAC without the field that says how long it is."""
    if not flags & HAS_MAC:
        return 0
    if control is None:
        return max(reader.end - reader.at - (2 if flags & HAS_LENGTH else 0), 0)
    kind = control & AUTHENTICATION_TYPE
    if kind not in CMAC_LENGTHS:
        raise TelegramError(
            Outcome.UNSUPPORTED_SECURITY,
            f"authentication type {kind} of the AFL is not supported (3 to 7 are)",
        )
    return CMAC_LENGTHS[kind]


@dataclass(frozen=True, slots=True)
class Fragment:
    """One fragment: its layer and the bytes after it."""

    afl: Afl
    body: bytes


def join_fragments(fragments: Iterable[Fragment]) -> Fragment | None:
    """The whole message of fragments 1 to n in any order; None while some are missing.

    Fields come from the fragment that sent them (control and counter the first, the MAC
    the last).  Raises BAD_LENGTH if the message is not as long as announced.
    """
    parts = sorted(fragments, key=lambda part: part.afl.fragment_id)
    numbers = [part.afl.fragment_id for part in parts]
    if not parts or numbers != list(range(1, len(parts) + 1)) or parts[-1].afl.more_follows:
        return None
    afl = parts[0].afl
    for part in parts[1:]:
        afl = _merge(afl, part.afl)
    body = b"".join(part.body for part in parts)
    if afl.message_length not in (None, len(body)):
        raise TelegramError(
            Outcome.BAD_LENGTH,
            f"the fragments make {len(body)} bytes, {afl.message_length} were announced",
        )
    return Fragment(afl, body)


def _merge(first: Afl, later: Afl) -> Afl:
    def chosen(one: int | None, other: int | None) -> int | None:
        return other if one is None else one

    return replace(
        first,
        message_control=chosen(first.message_control, later.message_control),
        key_information=chosen(first.key_information, later.key_information),
        counter=chosen(first.counter, later.counter),
        mac=later.mac or first.mac,
        message_length=chosen(first.message_length, later.message_length),
    )


class FragmentAssembler:
    """Keeps fragments by address until a message is whole.

    Holds at most `capacity` unfinished messages, the oldest making way, so that noise
    cannot fill the memory.  A first fragment starts its meter's message anew.
    """

    def __init__(self, *, capacity: int = 1024) -> None:
        self._capacity = capacity
        self._open: OrderedDict[Address, dict[int, Fragment]] = OrderedDict()

    def add(self, address: Address, fragment: Fragment) -> Fragment | None:
        """Take one fragment; the whole message once it is complete, else None."""
        number = fragment.afl.fragment_id
        parts = {} if number == 1 else self._open.get(address, {})
        parts[number] = fragment
        whole = join_fragments(parts.values())
        self._open.pop(address, None)
        if whole is None:
            self._open[address] = parts
            self._drop_oldest()
        return whole

    def _drop_oldest(self) -> None:
        while len(self._open) > self._capacity:
            self._open.popitem(last=False)


def build_afl(
    *,
    message_control: int | None = None,
    key_information: int | None = None,
    counter: int | None = None,
    mac: bytes = b"",
    message_length: int | None = None,
    fragment_id: int = 0,
    more_fragments: bool = False,
) -> bytes:
    """An authentication and fragmentation layer, CI field included."""
    present = (
        (HAS_CONTROL, message_control, 1),
        (HAS_KEY_INFORMATION, key_information, 2),
        (HAS_COUNTER, counter, 4),
    )
    flags = fragment_id | (MORE_FRAGMENTS if more_fragments else 0)
    fields = b""
    for flag, value, width in present:
        if value is not None:
            flags |= flag
            fields += value.to_bytes(width, "little")
    flags |= (HAS_MAC if mac else 0) | (0 if message_length is None else HAS_LENGTH)
    fields += mac + (b"" if message_length is None else message_length.to_bytes(2, "little"))
    return bytes((cis.AFL, len(fields) + 2)) + flags.to_bytes(2, "little") + fields
