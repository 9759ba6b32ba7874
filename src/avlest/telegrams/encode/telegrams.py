# SPDX-License-Identifier: Apache-2.0
"""Whole telegrams from records: wireless with or without link-layer CRCs, wired, and in fragments.

A thin layer over `wmbus.build`, which puts payload, transport header and security together.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from avlest.telegrams import mbus
from avlest.telegrams.encode.records import RecordSpec, encode_records
from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus import transport as transports
from avlest.telegrams.wmbus.afl import build_afl
from avlest.telegrams.wmbus.build import CMAC_8_BYTES, MAC_LENGTH, OPEN, Envelope, Sealing, build_telegram
from avlest.telegrams.wmbus.frame import CI_OFFSET, build_format_a, build_format_b, build_frame
from avlest.telegrams.wmbus.transport import build_config, build_transport

FrameKind = Literal["none", "A", "B", "wired"]
WIRED_RESPONSE = 0x08  # RSP_UD
LONGEST_BODY = 246  # bytes after the address of one wireless frame


def encode_telegram(
    records: Iterable[RecordSpec],
    envelope: Envelope,
    *,
    sealing: Sealing = OPEN,
    frame: FrameKind = "none",
    primary_address: int = 0,
) -> bytes:
    """A telegram that carries `records` as a full frame."""
    payload = encode_records(records)
    return frame_telegram(build_telegram(payload, envelope, sealing=sealing), frame, primary_address=primary_address)


def frame_telegram(telegram: bytes, frame: FrameKind, *, primary_address: int = 0) -> bytes:
    """A CRC-free wireless telegram as it goes on the air ("A", "B"), or its body in a wired long frame."""
    if frame == "A":
        return build_format_a(telegram)
    if frame == "B":
        return build_format_b(telegram)
    if frame == "wired":
        body = telegram[CI_OFFSET:]
        return mbus.build_long_frame(c_field=WIRED_RESPONSE, primary_address=primary_address, body=body)
    return telegram


def encode_fragments(payload: bytes, envelope: Envelope, *, sealing: Sealing, count: int) -> tuple[bytes, ...]:
    """One message of security mode 7 in `count` telegrams (AFL fragments, EN 13757-7, 6.3).

    The first fragment carries message control, counter and message length, the last one
    the MAC.  Raises ValueError where a piece does not fit a frame.
    """
    message = _seal_message(payload, envelope, sealing)
    size = -(-len(message) // count)
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    prefix = bytes((CMAC_8_BYTES | _LENGTH_SENT,)) + sealing.counter.to_bytes(4, "little")
    mac = security.compute_mac(
        sealing.key,
        prefix + len(message).to_bytes(2, "little") + message,
        counter=sealing.counter,
        identity=envelope.meter.identity,
        length=MAC_LENGTH,
    )
    return tuple(
        _build_fragment(piece, number, len(pieces), mac, len(message), envelope, sealing)
        for number, piece in enumerate(pieces, start=1)
    )


_LENGTH_SENT = 0x40  # message control field: the message length is sent (EN 13757-7, table 8)


def _seal_message(payload: bytes, envelope: Envelope, sealing: Sealing) -> bytes:
    """Transport header (mode 7) and payload; whole blocks, all of them encrypted."""
    secret = security.pad_plaintext(payload)
    if len(secret) > 15 * security.BLOCK:
        raise ValueError(f"payload: {len(payload)} bytes; 15 blocks hold {15 * security.BLOCK - 2}")
    header = build_transport(
        envelope.ci,
        access_number=envelope.access_number,
        status=envelope.status,
        config=build_config(mode=transports.AES_CBC_DERIVED_KEY, encrypted_length=len(secret)),
        address=envelope.header,
        extension=transports.DERIVED_BY_COUNTER,
    )
    return header + security.encrypt_mode7(
        sealing.key, secret, counter=sealing.counter, identity=envelope.meter.identity
    )


def _build_fragment(
    piece: bytes, number: int, count: int, mac: bytes, total: int, envelope: Envelope, sealing: Sealing
) -> bytes:
    first, last = number == 1, number == count
    afl = build_afl(
        message_control=CMAC_8_BYTES | _LENGTH_SENT if first else None,
        counter=sealing.counter if first else None,
        mac=mac if last else b"",
        message_length=total if first else None,
        fragment_id=number,
        more_fragments=not last,
    )
    if len(afl) + len(piece) > LONGEST_BODY:
        raise ValueError(f"count: {len(piece)} bytes in a fragment do not fit a frame; use more fragments")
    return build_frame(c_field=envelope.c_field, address=envelope.link, body=afl + piece)
