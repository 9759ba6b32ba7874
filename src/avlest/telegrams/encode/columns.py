# SPDX-License-Identifier: Apache-2.0
"""Many telegrams of one layout at once: the twin of `wmbus.build.build_telegram`.

A layout is made from one example with the scalar encoder, which thereby decides where
everything stands; what differs from telegram to telegram is laid into copies of it, and
security is applied to whole columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avlest.telegrams.encode.records import RecordSpec, encode_compact, encode_records
from avlest.telegrams.encode.sealing import seal_ell, seal_mode5, seal_mode7
from avlest.telegrams.encode.slots import Values, encode_bcd_column, encode_column
from avlest.telegrams.layouts.aes import AesBank
from avlest.telegrams.layouts.batch import Bytes, Rows, TelegramBatch
from avlest.telegrams.layouts.crc import compute_crc_rows
from avlest.telegrams.layouts.route import Route, read_inner_route, read_route
from avlest.telegrams.records.compact import HEADER_LENGTH, SIGNATURE_LENGTH
from avlest.telegrams.records.model import Record
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus.build import AES_CTR_SESSION, OPEN, Envelope, Mode, Sealing, build_telegram
from avlest.telegrams.wmbus.ell import CRC_LENGTH
from avlest.telegrams.wmbus.frame import CI_OFFSET

Numbers = npt.NDArray[np.integer]
SESSION_BITS = AES_CTR_SESSION - 1


@dataclass(frozen=True, slots=True)
class TelegramLayout:
    """What telegrams of one kind share.

    `full` is the example's application data as a full frame, `records` where its values
    stand; `picked` are the bytes of it that a compact frame carries (None: all).
    `template` is the example in clear from the L-field on, `route` the way through it.
    """

    mode: Mode
    full: bytes
    records: tuple[Record, ...]
    picked: Rows | None
    template: bytes
    route: Route

    @property
    def payload_at(self) -> int:
        """Where the first byte of the application data stands, after any 2F 2F."""
        return self.route.payload_at + (2 if self.mode in ("mode5", "mode7") else 0)


@dataclass(frozen=True, slots=True)
class Senders:
    """Who sends each of n telegrams, and with which numbers.

    `identities` (n, 4) as sent; `access_numbers`, `counters` (message counter of mode 7,
    session number of the ELL) and `status` (n,); `keys[key_index[i]]` is telegram i's key.
    """

    identities: Bytes
    access_numbers: Numbers
    counters: Numbers
    status: Numbers
    keys: Sequence[bytes] = ()
    key_index: Rows | None = None

    def __len__(self) -> int:
        return len(self.identities)


def build_layout(specs: Sequence[RecordSpec], envelope: Envelope, *, mode: Mode = "none") -> TelegramLayout:
    """The layout of telegrams like this one; compact frames where the CI says so.

    The values of `specs` are sent wherever `encode_columns` is given none.
    Raises ValueError for modes without a columnar way and what the scalar encoder refuses.
    """
    if mode not in ("none", "mode5", "mode7", "ell-ctr"):
        raise ValueError(f"mode: telegrams of mode {mode!r} are built one by one")
    full = encode_records(specs)
    records = parse_records(full).records
    picked = _pick_compact(records, len(full)) if envelope.ci in cis.COMPACT_FRAMES else None
    payload = full if picked is None else encode_compact(specs)
    template, route = _build_template(payload, envelope, mode)
    return TelegramLayout(mode, full, records, picked, template, route)


def _pick_compact(records: Sequence[Record], length: int) -> Rows:
    """The places of a full frame that are no headers: LVAR bytes and data."""
    headers = {place for record in records for place in range(record.offset, record.offset + len(record.key))}
    return np.array([place for place in range(length) if place not in headers], np.int64)


def _build_template(payload: bytes, envelope: Envelope, mode: Mode) -> tuple[bytes, Route]:
    sealed = build_telegram(payload, envelope, sealing=Sealing(mode, bytes(16)))
    route = read_route(sealed)[0]
    if route.kind == "ell-ctr" and route.ell is not None:
        inner = build_telegram(payload, envelope, sealing=OPEN)[CI_OFFSET:]
        clear = sealed[: route.ell.crc_offset + CRC_LENGTH] + inner
        return clear, read_inner_route(clear, route.ell)[0]
    if mode in ("mode5", "mode7"):
        return sealed[: route.payload_at] + security.pad_plaintext(payload), route
    return sealed, route


def encode_columns(
    layout: TelegramLayout, senders: Senders, values: Mapping[int, Values], *, bank: AesBank | None = None
) -> Bytes:
    """N telegrams without link-layer CRCs, one a row.

    `values[i]` is the column for record i of the layout, in the form that
    `slots.encode_column` takes; records without one keep the layout's value.
    Raises ValueError naming the record whose values do not fit.
    """
    data = np.tile(np.frombuffer(layout.template, np.uint8), (len(senders), 1))
    _lay_payload(layout, data, values)
    _lay_headers(layout, data, senders)
    if layout.mode == "none":
        return data
    if senders.key_index is None:
        raise ValueError(f"key_index: telegrams of mode {layout.mode} need a key each")
    seal = {"mode5": seal_mode5, "mode7": seal_mode7, "ell-ctr": seal_ell}[layout.mode]
    seal(data, layout.route, senders.keys, senders.key_index, bank or AesBank())
    return data


def _lay_payload(layout: TelegramLayout, data: Bytes, values: Mapping[int, Values]) -> None:
    start = layout.payload_at
    if layout.picked is None:
        _lay_values(layout, data[:, start : start + len(layout.full)], values)
        return
    full = np.tile(np.frombuffer(layout.full, np.uint8), (len(data), 1))
    _lay_values(layout, full, values)
    crc = compute_crc_rows(full)
    data[:, start + SIGNATURE_LENGTH] = crc & 0xFF
    data[:, start + SIGNATURE_LENGTH + 1] = crc >> 8
    body = start + HEADER_LENGTH
    data[:, body : body + len(layout.picked)] = full[:, layout.picked]


def _lay_values(layout: TelegramLayout, payload: Bytes, values: Mapping[int, Values]) -> None:
    for index, column in values.items():
        record = layout.records[index]
        try:
            part = encode_column(record.coding, column, record.data_length)
        except ValueError as error:
            raise ValueError(f"record {record.key.hex().upper()}: {error}") from None
        payload[:, record.data_offset : record.data_offset + record.data_length] = part


def _lay_headers(layout: TelegramLayout, data: Bytes, senders: Senders) -> None:
    route = layout.route
    data[:, route.identity_at : route.identity_at + 4] = senders.identities
    access = senders.access_numbers.astype(np.uint8)
    header = route.transport
    if header is not None and header.status is not None:
        at = header.offset + (9 if header.address is not None else 1)
        data[:, at] = access
        data[:, at + 1] = senders.status
    if route.ell is not None:
        data[:, route.ell.offset + 2] = access
    if route.ell is not None and route.ell.session_number is not None:
        session = senders.counters.astype(np.int64) & SESSION_BITS | AES_CTR_SESSION
        data[:, route.ell.crc_offset - 4 : route.ell.crc_offset] = _four_bytes(session)
    if route.afl is not None:
        at = route.afl.counter_offset
        data[:, at : at + 4] = _four_bytes(senders.counters)


def _four_bytes(numbers: Numbers) -> Bytes:
    return np.ascontiguousarray(numbers.astype("<u4")).view(np.uint8).reshape(-1, 4)


def build_identities(numbers: Numbers) -> Bytes:
    """Serial numbers (up to eight decimal digits) as the identities meters send; shape (n, 4)."""
    return encode_bcd_column(numbers, 4)


def join_rows(matrices: Sequence[Bytes]) -> TelegramBatch:
    """Telegrams of several layouts as one batch, in this order."""
    lengths = np.concatenate([np.full(len(matrix), matrix.shape[1]) for matrix in matrices] or [np.empty(0, np.int64)])
    data = np.concatenate([matrix.reshape(-1) for matrix in matrices] or [np.empty(0, np.uint8)])
    return TelegramBatch(data, np.cumsum(lengths) - lengths, lengths)
