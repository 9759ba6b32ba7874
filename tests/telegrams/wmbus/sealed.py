# SPDX-License-Identifier: Apache-2.0
"""Telegrams the tests of the stack build: invented meters, keys and records."""

from __future__ import annotations

from typing import Any

import pytest

from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Mode, Sealing, build_telegram
from avlest.telegrams.wmbus.frame import build_frame
from avlest.telegrams.wmbus.stack import Stack, decode_stack
from avlest.telegrams.wmbus.transport import build_config, build_transport

METER = Address(0x2C2D, bytes.fromhex("78563412"), 0x1B, 0x16)
ADAPTER = Address(0x4CB0, bytes.fromhex("11223344"), 0x01, 0x37)
RECORDS = bytes.fromhex("0413E803000002FD170000")
KEY, OTHER_KEY = bytes(range(16)), bytes(range(16, 32))
DES_KEY = bytes(range(8))


def seal(mode: Mode, key: bytes = KEY, payload: bytes = RECORDS, **headers: Any) -> bytes:
    envelope = Envelope(**{"link": METER, "access_number": 42, **headers})
    return build_telegram(payload, envelope, sealing=Sealing(mode, key, counter=77, session_number=4711))


def fail(telegram: bytes, *candidates: bytes) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        decode_stack(telegram, keys=candidates)
    return caught.value


def strip(stack: Stack) -> bytes:
    """The records without the mark and the fillers around them."""
    return stack.payload.removeprefix(b"\x2f\x2f").rstrip(b"\x2f")


def stored_plain(mode: int, body: bytes, extension: int | None = None) -> bytes:
    length = len(body) // 16 * 16
    config = build_config(mode=mode, encrypted_length=length)
    header = build_transport(0x7A, access_number=1, config=config, extension=extension)
    return build_frame(c_field=0x44, address=METER, body=header + body)
