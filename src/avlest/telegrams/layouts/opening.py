# SPDX-License-Identifier: Apache-2.0
"""Decipher whole groups of telegrams that share a route.

What comes out is certain: a row counts as opened only when the same checks hold that the
scalar stack makes (2F2F, payload CRC, MAC).  Every other row is left to the scalar
stack, which tries further keys or says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from avlest.telegrams.layouts.aes import BLOCK, AesBank, compute_cmac_rows, decrypt_ecb_rows, derive_session_keys
from avlest.telegrams.layouts.batch import Bytes, Mask, Rows, TelegramBatch
from avlest.telegrams.layouts.crc import compute_crc_rows
from avlest.telegrams.layouts.partition import PatternBook
from avlest.telegrams.layouts.route import Route, read_inner_route, read_route
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.ell import CRC_LENGTH, Ell
from avlest.telegrams.wmbus.frame import BLOCKS_1_2_B, FIRST_BLOCK
from avlest.telegrams.wmbus.security import (
    IDLE_FILLER,
    METER_AUTHENTICATION,
    METER_ENCRYPTION,
)

KeyFinder = Callable[[Rows, Bytes, Route], Rows]

LONGEST = 256  # the L-field and what it counts
_WITH_PAYLOAD = np.isin(np.arange(256), list(cis.WITH_PAYLOAD))


@dataclass(frozen=True, slots=True)
class Group:
    """Telegrams of one length and one route: `data` (n, length), row numbers, key of each row.

    `key_index` points into the key table, -1 for rows without a key.
    """

    route: Route
    rows: Rows
    data: Bytes
    key_index: Rows

    def take(self, chosen: Mask) -> Group:
        """The group of the chosen rows alone."""
        if chosen.all():
            return self
        return replace(self, rows=self.rows[chosen], data=self.data[chosen], key_index=self.key_index[chosen])


@dataclass(slots=True)
class Opener:
    """Sorts a batch into groups and deciphers them; keeps routes and key contexts between batches."""

    bank: AesBank
    smallest: int = 1
    outer: dict[int, PatternBook[Route]] = field(default_factory=dict)
    inner: dict[int, PatternBook[Route]] = field(default_factory=dict)

    def open_batch(
        self, batch: TelegramBatch, keys: Sequence[bytes], find_keys: KeyFinder
    ) -> Iterator[tuple[Group | None, Rows]]:
        """Yield groups whose payload is in clear, and (None, rows) for rows left to the scalar stack."""
        for length, rows in batch.by_length():
            if length <= FIRST_BLOCK or length > LONGEST or len(rows) < self.smallest:
                yield None, rows
                continue
            data = batch.matrix(rows)
            whole = data[:, 0] == length - 1
            if not whole.all():
                yield None, rows[~whole]
                rows, data = rows[whole], data[whole]
            yield from self._open_length(length, rows, data, keys, find_keys)

    def _open_length(
        self, length: int, rows: Rows, data: Bytes, keys: Sequence[bytes], find_keys: KeyFinder
    ) -> Iterator[tuple[Group | None, Rows]]:
        book = self.outer.setdefault(length, PatternBook())
        for route, chosen in book.split(data, read_route, smallest=self.smallest):
            if route is None or route.kind == "scalar":
                yield None, rows[chosen]
                continue
            own, part = rows[chosen], data[chosen]
            if may_end_in_crc(route, length):
                checked = is_format_b(part)
                if checked.any():
                    yield None, own[checked]
                    own, part = own[~checked], part[~checked]
            yield from self._open_group(Group(route, own, part, find_keys(own, part, route)), keys, find_keys)

    def _open_group(
        self, group: Group, keys: Sequence[bytes], find_keys: KeyFinder
    ) -> Iterator[tuple[Group | None, Rows]]:
        opened, failed = self._decipher(group, keys)
        if len(failed):
            yield None, failed
        if not len(opened.rows):
            return
        if opened.route.kind != "ell-ctr" or opened.route.ell is None:
            yield opened, opened.rows
            return
        ell: Ell = opened.route.ell
        book = self.inner.setdefault(opened.data.shape[1], PatternBook())
        read = partial(read_inner_route, ell=ell)
        for route, chosen in book.split(opened.data, read, smallest=self.smallest):
            inner = replace(
                opened, rows=opened.rows[chosen], data=opened.data[chosen], key_index=opened.key_index[chosen]
            )
            if route is None or route.kind in ("scalar", "ell-ctr"):
                yield None, inner.rows
            else:
                yield from self._open_group(replace(inner, route=route), keys, find_keys)

    def _decipher(self, group: Group, keys: Sequence[bytes]) -> tuple[Group, Rows]:
        """The rows that could be opened, and the numbers of those that could not."""
        kind = group.route.kind
        if kind == "plain":
            return group, group.rows[:0]
        if not len(group.rows):
            return group, group.rows
        open_rows = {"ell-ctr": self._open_ell, "mode5": self._open_mode5, "mode7": self._open_mode7}[kind]
        data, opened = open_rows(group, keys)
        return replace(group, data=data).take(opened), group.rows[~opened]

    def _open_ell(self, group: Group, keys: Sequence[bytes]) -> tuple[Bytes, Mask]:
        ell = group.route.ell
        assert ell is not None and ell.session_number is not None
        at = ell.crc_offset
        data = group.data
        if data.shape[1] <= at + CRC_LENGTH:
            return data, np.zeros(len(data), np.bool_)
        opened = has_payload_crc_rows(data[:, at:]) & _WITH_PAYLOAD[data[:, at + CRC_LENGTH]]
        locked = np.flatnonzero(group.key_index >= 0)
        if not len(locked):
            return data, opened
        start = np.zeros((len(locked), BLOCK), np.uint8)
        start[:, :8] = data[locked, 2:10]
        start[:, 8] = data[locked, ell.offset + 1]
        start[:, 9:13] = data[locked, at - 4 : at]
        clear = self.bank.apply_ctr(data[locked, at:], start, keys, group.key_index[locked])
        right = has_payload_crc_rows(clear)
        result = data.copy()
        result[locked[right], at:] = clear[right]
        opened[locked[right]] = True
        return result, opened

    def _open_mode5(self, group: Group, keys: Sequence[bytes]) -> tuple[Bytes, Mask]:
        start, end = encrypted_span(group.route)
        data = group.data
        opened = is_marked(data[:, start:end])
        locked = np.flatnonzero(group.key_index >= 0)
        if not len(locked):
            return data, opened
        iv = np.empty((len(locked), BLOCK), np.uint8)
        iv[:, :8] = link_ordered_address(data[locked], group.route)
        iv[:, 8:] = data[locked, access_number_at(group.route)][:, None]
        clear = self.bank.decrypt_cbc(data[locked, start:end], iv, keys, group.key_index[locked])
        right = is_marked(clear)
        result = data.copy()
        result[locked[right], start:end] = clear[right]
        opened[locked[right]] = True
        return result, opened

    def _open_mode7(self, group: Group, keys: Sequence[bytes]) -> tuple[Bytes, Mask]:
        start, end = encrypted_span(group.route)
        data = group.data
        opened = is_marked(data[:, start:end])
        locked = np.flatnonzero(group.key_index >= 0)
        if not len(locked):
            return data, opened
        part = group.take(group.key_index >= 0)
        afl = group.route.afl
        assert afl is not None
        counters = part.data[:, afl.counter_offset : afl.counter_offset + 4]
        identities = part.data[:, group.route.identity_at : group.route.identity_at + 4]
        encryption, authentication = (
            derive_session_keys(counters, identities, keys, part.key_index, self.bank, constant=constant)
            for constant in (METER_ENCRYPTION, METER_AUTHENTICATION)
        )
        clear, right = open_mode7_rows(part, encryption, authentication)
        result = data.copy()
        result[locked[right], start:end] = clear[right]
        opened[locked[right]] = True
        return result, opened


def open_mode7_rows(group: Group, encryption: Bytes, authentication: Bytes) -> tuple[Bytes, Mask]:
    """Decipher and authenticate rows whose session keys are known; each row has its own."""
    route = group.route
    assert route.afl is not None and route.transport is not None
    start, end = encrypted_span(route)
    afl, data = route.afl, group.data
    messages = np.hstack((data[:, afl.authenticated_positions], data[:, route.transport.offset :]))
    macs = compute_cmac_rows(messages, authentication)
    sent = data[:, afl.mac_offset : afl.mac_offset + len(afl.mac)]
    authentic: Mask = (macs[:, : len(afl.mac)] == sent).all(axis=1)
    clear = decrypt_ecb_rows(data[:, start:end], encryption)
    clear[:, BLOCK:] ^= data[:, start : end - BLOCK]
    return clear, authentic & is_marked(clear)


def may_end_in_crc(route: Route, length: int) -> bool:
    """Whether the last two bytes could be the CRC of frame format B and the telegram still open.

    Where they are part of a cipher text that proves itself (marker, payload CRC), they are not.
    """
    if route.kind in ("mode5", "mode7"):
        return encrypted_span(route)[1] <= length - CRC_LENGTH
    return route.kind != "ell-ctr"


def encrypted_span(route: Route) -> tuple[int, int]:
    """The bytes that the configuration word declares encrypted."""
    assert route.transport is not None
    return route.payload_at, route.payload_at + route.transport.encrypted_length


def access_number_at(route: Route) -> int:
    """Where the transport header's access number stands."""
    assert route.transport is not None
    return route.transport.offset + (9 if route.transport.address is not None else 1)


def status_at(route: Route) -> int | None:
    """Where the transport header's status byte stands; None without such a header."""
    if route.transport is None or route.transport.status is None:
        return None
    return access_number_at(route) + 1


def link_ordered_address(data: Bytes, route: Route) -> Bytes:
    """The identifying address of each row as manufacturer, identity, version, type; (n, 8)."""
    at = route.address_at
    order = [4, 5, 0, 1, 2, 3, 6, 7] if route.long_header else list(range(8))
    return data[:, [at + place for place in order]]


def is_marked(data: Bytes) -> Mask:
    """Which rows begin with the two fillers of a deciphered block."""
    marked: Mask = (data[:, 0] == IDLE_FILLER) & (data[:, 1] == IDLE_FILLER)
    return marked


def has_payload_crc_rows(body: Bytes) -> Mask:
    """Which rows (payload CRC, low byte first, then payload) are consistent."""
    if body.shape[1] <= CRC_LENGTH:
        return np.zeros(len(body), np.bool_)
    sent = body[:, 0].astype(np.uint16) | body[:, 1].astype(np.uint16) << np.uint16(8)
    right: Mask = sent == compute_crc_rows(body[:, CRC_LENGTH:])
    return right


def is_format_b(data: Bytes) -> Mask:
    """Which frames still have the CRCs of frame format B."""
    if data.shape[1] <= FIRST_BLOCK + CRC_LENGTH:
        return np.zeros(len(data), np.bool_)
    split = BLOCKS_1_2_B + CRC_LENGTH
    found = _has_trailing_crc(data[:, :split])
    if data.shape[1] > split and found.any():
        found &= _has_trailing_crc(data[:, split:])
    return found


def _has_trailing_crc(data: Bytes) -> Mask:
    if data.shape[1] <= CRC_LENGTH:
        return np.zeros(len(data), np.bool_)
    sent = data[:, -2].astype(np.uint16) << np.uint16(8) | data[:, -1].astype(np.uint16)
    right: Mask = sent == compute_crc_rows(data[:, :-CRC_LENGTH])
    return right


__all__ = ["Group", "KeyFinder", "Opener", "status_at"]
