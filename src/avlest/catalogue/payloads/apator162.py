# SPDX-License-Identifier: Apache-2.0
"""Apator 16-2 water meters: tagged fields behind a leading byte and seven of status.

Each field is a tag and a number of data bytes that the tag fixes; idle bytes FF and two
of checksum end the payload.  Only the register (tag 10) is understood; the lengths of the
others are known so that it can be found.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import Span, build_payload, build_record, skip_fillers
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Coding, Payload

_HEADER = 8  # a leading byte (0F or 80) and the status
_CHECKSUM = 2
_TOTAL = 0x10
_IDLE = 0xFF
_HISTORY = range(0x71, 0x7D)  # 71 holds two values of four bytes behind one byte, 7C thirteen

_LENGTHS: dict[int, int] = {
    0x00: 4,  # date
    0x01: 3,  # faults
    _TOTAL: 4,
    0x11: 2,  # flow
    0x40: 6,  # detectors
    0x41: 2,  # voltage
    0x42: 4,  # energy
    0x43: 2,  # days
    0x44: 3,
    **{tag: 1 + 4 * (tag - 0x6F) for tag in _HISTORY},
    **dict.fromkeys((0x80, 0x81, 0x82, 0x83, 0x84, 0x86, 0x87), 10),
    **dict.fromkeys((0x85, 0x88, 0x8F), 11),
    0x8A: 9,
    0x8B: 6,
    0x8C: 6,
    0x8E: 7,
    0xA0: 4,
    0xA1: 4,
    0xA2: 1,
    0xA3: 7,
    0xA4: 4,
    0xA5: 1,
    0xA6: 3,
    0xA9: 1,
    0xAF: 1,
    **dict.fromkeys((0xA7, 0xA8, 0xAA, 0xAB, 0xAC, 0xAD), 2),
    0xB0: 5,
    0xB1: 8,
    0xB2: 16,
    0xB3: 8,
    0xB4: 2,
    0xB5: 16,
    **dict.fromkeys(range(0xB6, 0xC8), 3),
    0xD0: 3,
    0xD3: 3,
    0xF0: 4,
}


def parse_payload(clear: Clear) -> Payload:
    """The register in litres; the tags in front of it and the byte that ends the fillers are the structure.

    Raises BAD_PAYLOAD where a tag is unknown or the fields end without a register.
    """
    payload = clear.payload
    structure: list[Span] = []
    for tag, span in iterate_fields(payload):
        structure.append((span[0] - 1, span[0]))
        if tag == _TOTAL:
            total = build_record(
                payload, span, key="0413", coding=Coding.INT, quantity="volume", unit="m3", scale=Fraction(1, 1000)
            )
            return build_payload([total], structure=[(0, skip_fillers(payload) + 1), *structure])
    raise TelegramError(Outcome.BAD_PAYLOAD, "apator162: the fields hold no register (tag 10)")


def iterate_fields(payload: bytes) -> Iterator[tuple[int, Span]]:
    """The fields in order: tag and span of its data."""
    at = skip_fillers(payload) + _HEADER
    end = len(payload) - _CHECKSUM
    while at < end and payload[at] != _IDLE:
        tag = payload[at]
        length = _LENGTHS.get(tag)
        if length is None:
            raise TelegramError(Outcome.BAD_PAYLOAD, f"apator162: tag {tag:02X} is not known", offset=at)
        at += 1
        if at + length > end:
            raise TelegramError(
                Outcome.BAD_PAYLOAD,
                f"apator162: tag {tag:02X} is followed by {length} bytes, {max(end - at, 0)} are there",
                offset=at,
            )
        yield tag, (at, at + length)
        at += length
