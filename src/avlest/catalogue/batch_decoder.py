# SPDX-License-Identifier: Apache-2.0
"""From a batch of telegrams to columns: the fast twin of `decoder.Decoder`.

Telegrams of one skeleton are decoded together; whatever is rare or wrong goes through
the scalar decoder, one by one, so that both roads give the same for every telegram.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from avlest.catalogue.bind import Binding
from avlest.catalogue.clear import EMPTY_PAYLOAD, Clear
from avlest.catalogue.columns import Column, evaluate_columns
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.derivation import Derivation, Derived, add_derived, derive_rows, find_derivation
from avlest.catalogue.model import Value
from avlest.catalogue.payload_reader import get_reader
from avlest.telegrams.keyring import KeyRing
from avlest.telegrams.layouts.aes import AesBank
from avlest.telegrams.layouts.batch import Bytes, Mask, Rows, TelegramBatch
from avlest.telegrams.layouts.keytable import NO_KEY, KeyTable
from avlest.telegrams.layouts.opening import Group, Opener, is_marked, status_at
from avlest.telegrams.layouts.partition import Deciding, PatternBook, decide_by_spans
from avlest.telegrams.layouts.route import LINK_ADDRESS, Route
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.records.model import Record
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.address import Address, parse_link_address
from avlest.telegrams.wmbus.identities import find_identities
from avlest.telegrams.wmbus.stack import ENHANCED_IDENTIFICATION

_MOST_LAYOUTS = 20_000
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)


@dataclass(frozen=True, slots=True)
class Layout:
    """One skeleton: how every telegram that has it is read."""

    binding: Binding
    records: tuple[Record, ...]
    media: str
    derive: Derivation | None = None


@dataclass(frozen=True, slots=True)
class DecodedGroup:
    """Telegrams of one skeleton as columns; row i of each column is telegram `rows[i]` of the batch.

    `ids` (n, 8) are the identities as ASCII codes; media, meter and manufacturer hold for all.
    """

    rows: Rows
    media: str
    meter: str
    manufacturer: str
    ids: Bytes
    columns: tuple[Column, ...]
    layout: Layout


@dataclass(slots=True)
class BatchResult:
    """What became of every telegram: in a group, an object of its own, or an error."""

    groups: list[DecodedGroup] = field(default_factory=list)
    objects: dict[int, dict[str, Value]] = field(default_factory=dict)
    errors: dict[int, TelegramError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of one batch: those of the ring, and those that came with single telegrams.

    `own[i]` points into `table` for the key that telegram i brought along, -1 for none.
    """

    meters: KeyTable
    table: tuple[bytes, ...]
    own: Rows | None
    usable: Mask = field(init=False)

    def __post_init__(self) -> None:
        # The last entry answers for "no key", which is -1; a DES key is for the scalar stack.
        usable = np.array([len(key) == 16 for key in self.table] + [False])
        object.__setattr__(self, "usable", usable)

    def find(self, rows: Rows, data: Bytes, route: Route) -> Rows:
        """The key to try for each row: its own, else that of the meter, else that of the radio."""
        found = self.meters.find(_identities(data, route.identity_at))
        if route.identity_at != 4:
            found = np.where(found == NO_KEY, self.meters.find(_identities(data, 4)), found)
        if self.own is not None:
            own = self.own[rows]
            found = np.where(own == NO_KEY, found, own)
        usable: Rows = np.where(self.usable[found], found, NO_KEY)
        return usable

    def candidates(self, row: int, telegram: bytes) -> tuple[bytes, ...]:
        """Every key to try for one telegram, in order."""
        brought = NO_KEY if self.own is None else int(self.own[row])
        own = None if brought == NO_KEY else self.table[brought]
        return self.meters.ring.candidates(find_identities(telegram), own)


def build_keys(meters: KeyTable | KeyRing, own_keys: Sequence[bytes] = (), own_index: Rows | None = None) -> Keys:
    """The keys of a batch whose telegram i brought `own_keys[own_index[i]]` along (-1: none).

    Give a `KeyTable` where there are many batches: making one of a ring sorts its meters.
    """
    table = meters if isinstance(meters, KeyTable) else KeyTable(meters)
    if own_index is None or not own_keys:
        return Keys(table, table.keys, None)
    shifted = np.where(own_index == NO_KEY, NO_KEY, own_index + len(table.keys))
    return Keys(table, (*table.keys, *own_keys), shifted)


@dataclass(slots=True)
class BatchDecoder:
    """Decodes batches; remembers routes, layouts and key contexts from one batch to the next.

    Fewer than `smallest` telegrams of a kind are decoded one by one: that is quicker, and
    noise leaves no patterns behind.
    """

    decoder: Decoder
    smallest: int = 8
    opener: Opener = field(default_factory=lambda: Opener(AesBank()))
    layouts: dict[tuple[int, ...], PatternBook[Layout | None]] = field(default_factory=dict)

    def decode(self, batch: TelegramBatch, keys: Keys) -> BatchResult:
        """All telegrams of a batch.  Raises nothing for bad telegrams: they are in `errors`."""
        result = BatchResult()
        self.opener.smallest = self.smallest
        if len(self.layouts) > _MOST_LAYOUTS:
            self.layouts.clear()
        compact: list[Group] = []
        scalar: list[Rows] = []
        for group, rows in self.opener.open_batch(batch, keys.table, keys.find):
            if group is None:
                scalar.append(rows)
            elif group.route.payload_ci in cis.COMPACT_FRAMES:
                compact.append(group)
            else:
                scalar += self._decode_group(group, result)
        for group in compact:  # after the full frames, which may teach their formats
            scalar += self._decode_group(group, result)
        rest = np.sort(np.concatenate(scalar)) if scalar else np.empty(0, np.int64)
        for row in rest.tolist():
            self._decode_one(batch, row, keys, result)
        return result

    def _decode_one(self, batch: TelegramBatch, row: int, keys: Keys, result: BatchResult) -> None:
        telegram = batch.telegram(row)
        try:
            result.objects[row] = self.decoder.decode(telegram, keys=keys.candidates(row, telegram))
        except TelegramError as error:
            result.errors[row] = error

    def _decode_group(self, group: Group, result: BatchResult) -> Iterator[Rows]:
        """Add the group's columns to `result`; yields row numbers left to the scalar decoder."""
        route = group.route
        payload = group.data[:, route.payload_at :]
        odd = _has_odd_start(route, payload)
        if odd.any():
            yield group.rows[odd]
            group = group.take(~odd)
            payload = group.data[:, route.payload_at :]
        if len(group.rows) < self.smallest:
            yield group.rows
            return
        link = parse_link_address(group.data[0].tobytes(), LINK_ADDRESS)
        kind = (*_model(route.address), *_model(link), payload.shape[1], route.payload_ci)
        book = self.layouts.setdefault(kind, PatternBook())
        read = partial(self._read_layout, route, link)
        for layout, chosen in book.split(payload, read, smallest=self.smallest):
            if layout is None:
                yield group.rows[chosen]
            else:
                part = group if len(chosen) == len(group.rows) else _take_rows(group, chosen)
                yield from self._decode_columns(layout, part, payload[chosen], result)

    def _read_layout(self, route: Route, link: Address, payload: bytes) -> tuple[Layout | None, Deciding]:
        """Read one example with the scalar decoder; None where only that can read it."""
        status = 0 if status_at(route) is not None else None
        clear = Clear(route.address, link, route.payload_ci, payload, status, EMPTY_PAYLOAD)
        everything = decide_by_spans(((0, len(payload)),))
        try:
            family, clear = self.decoder.read_clear(clear)
            binding = self.decoder.bind(family, clear)
        except TelegramError:
            return None, everything
        records = clear.records
        if records.error is not None or not _is_columnar(binding.family.payload):
            return None, decide_by_spans(records.structure) if records.records else everything
        media = binding.family.media or route.address.medium
        layout = Layout(binding, records.records, media, find_derivation(binding.family.payload, clear))
        return layout, decide_by_spans(records.structure)

    def _decode_columns(self, layout: Layout, group: Group, payload: Bytes, result: BatchResult) -> Iterator[Rows]:
        derived = None if layout.derive is None else derive_rows(layout.derive, payload)
        if derived is not None and not derived.alike.all():
            yield group.rows[~derived.alike]
            group, payload = group.take(derived.alike), payload[derived.alike]
            derived = Derived(derived.codes[derived.alike], derived.values)
        at = status_at(group.route)
        status = None if at is None else group.data[:, at]
        columns = evaluate_columns(layout.binding, layout.records, payload, status)
        result.groups.append(
            DecodedGroup(
                rows=group.rows,
                media=layout.media,
                meter=layout.binding.family.name,
                manufacturer=group.route.address.mfct,
                ids=format_identities(group.data, group.route.identity_at),
                columns=columns if derived is None else add_derived(columns, derived),
                layout=layout,
            )
        )


def _has_odd_start(route: Route, payload: Bytes) -> Mask:
    """Rows whose first payload bytes move the payload or name another meter: for the scalar stack."""
    if payload.shape[1] < 2:
        return np.zeros(len(payload), np.bool_)
    if route.payload_ci in cis.WITH_SIGNATURE:
        return is_marked(payload)
    adapter: Mask = (payload[:, 0] == ENHANCED_IDENTIFICATION[0]) & (payload[:, 1] == ENHANCED_IDENTIFICATION[1])
    return adapter & (not route.long_header)


def _is_columnar(payload: str) -> bool:
    if not payload:
        return True
    reader = get_reader(payload)
    return reader.columnar and (reader.derive_values is None or reader.find_deciding_spans is not None)


def _model(address: Address) -> tuple[int, int, int]:
    return address.manufacturer, address.version, address.device_type


def _take_rows(group: Group, chosen: Rows) -> Group:
    return Group(group.route, group.rows[chosen], group.data[chosen], group.key_index[chosen])


def _identities(data: Bytes, at: int) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """The four identity bytes of each row as one number."""
    numbers: np.ndarray[tuple[int], np.dtype[np.uint32]] = (
        np.ascontiguousarray(data[:, at : at + 4]).view("<u4").reshape(-1)
    )
    return numbers


def format_identities(data: Bytes, at: int) -> Bytes:
    """The identities as printed, most significant digit first: ASCII codes (n, 8)."""
    identity = data[:, at : at + 4][:, ::-1]
    text = np.empty((len(data), 8), np.uint8)
    text[:, 0::2] = _HEX[identity >> 4]
    text[:, 1::2] = _HEX[identity & 0x0F]
    return text
