# SPDX-License-Identifier: Apache-2.0
"""The wireless link layer: L, C, M and A field, frame formats A and B (EN 13757-4, clause 12).

A radio receiver normally removes the CRCs; some captures still have them.  Both are
read: the CRCs, where they are there, are checked and taken out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.address import Address, parse_link_address
from avlest.telegrams.wmbus.crc import compute_crc, has_crc

__all__ = [
    "Address",
    "Frame",
    "FrameFormat",
    "build_format_a",
    "build_format_b",
    "build_frame",
    "parse_frame",
    "trim_frame",
]

FrameFormat = Literal["A", "B", "none"]

CI_OFFSET = 10  # L, C, M (2), A (6), then the CI field
CRC_LENGTH = 2
FIRST_BLOCK = 10  # L to A, in both formats
BLOCK_A = 16
BLOCKS_1_2_B = 126  # block 1 and 2 of format B share one CRC after at most 126 bytes
LONGEST_A = 256 + CRC_LENGTH * 17
SLACK = 16  # signal strength or time stamps that receivers append


@dataclass(frozen=True, slots=True)
class Frame:
    """A wireless frame without its CRCs.

    `data` runs from the L-field on; `ci_offset` is where the first CI field stands in
    it.  `warnings` are sentences about what was accepted although it is not right.
    """

    c_field: int
    address: Address
    ci_offset: int
    data: bytes
    format: FrameFormat
    warnings: tuple[str, ...]

    @property
    def end(self) -> int:
        """Where the application data end in `data`."""
        return len(self.data)


def parse_frame(telegram: bytes, *, strip: bool = True) -> Frame:
    """The link layer of a wireless telegram.

    With `strip=False` a trailing CRC of format B is left alone: two bytes of ordinary
    data look like one in 65,536 frames, and the layer above can tell.
    Raises `TelegramError` EMPTY, TOO_SHORT, TOO_LONG, LINK_CRC.
    """
    if len(telegram) < FIRST_BLOCK:
        raise _too_short(telegram)
    if len(telegram) > LONGEST_A + SLACK:
        raise TelegramError(Outcome.TOO_LONG, f"{len(telegram)} bytes: a frame has {LONGEST_A} at most")
    length = telegram[0] + 1
    if length != len(telegram):
        return _parse_unexpected_length(telegram, length)
    if strip and _is_format_b(telegram):
        return _frame(_strip_format_b(telegram), "B")
    return _frame(telegram, "none")


def trim_frame(frame: Frame) -> Frame | None:
    """The frame cut where its L-field says; None when there is nothing beyond it."""
    length = frame.data[0] + 1
    if not CI_OFFSET < length < len(frame.data):
        return None
    excess = len(frame.data) - length
    note = f"the {excess} bytes beyond the length field were left out"
    return replace(frame, data=frame.data[:length], warnings=(*frame.warnings, note))


def _too_short(telegram: bytes) -> TelegramError:
    if not telegram:
        return TelegramError(Outcome.EMPTY, "no bytes")
    return TelegramError(
        Outcome.TOO_SHORT,
        f"{len(telegram)} bytes: the link header alone has {FIRST_BLOCK}",
        offset=len(telegram),
    )


def _frame(data: bytes, kind: FrameFormat, *warnings: str) -> Frame:
    address = parse_link_address(data, 2)
    return Frame(data[1], address, CI_OFFSET, data, kind, warnings)


def _parse_unexpected_length(telegram: bytes, length: int) -> Frame:
    if _is_format_a(telegram):
        return _frame(_strip_format_a(telegram), "A")
    note = f"the length field says {length} bytes, {len(telegram)} are there; all of them were read"
    return _frame(telegram, "none", note)


def _is_format_a(telegram: bytes) -> bool:
    """Whether the first block has its CRC, or the length fits and a later block has."""
    if has_crc(telegram[: FIRST_BLOCK + CRC_LENGTH]):
        return True
    if len(telegram) != _format_a_length(telegram[0] + 1):
        return False
    return any(has_crc(block) for block in _format_a_blocks(telegram)[1:])


def _format_a_length(length: int) -> int:
    blocks = 1 + -(-max(length - FIRST_BLOCK, 0) // BLOCK_A)
    return length + CRC_LENGTH * blocks


def _format_a_blocks(telegram: bytes) -> list[bytes]:
    """The blocks, CRC included, that the L-field announces."""
    end = min(_format_a_length(telegram[0] + 1), len(telegram))
    first = FIRST_BLOCK + CRC_LENGTH
    step = BLOCK_A + CRC_LENGTH
    return [
        telegram[:first],
        *(telegram[at : min(at + step, end)] for at in range(first, end, step)),
    ]


def _strip_format_a(telegram: bytes) -> bytes:
    expected = _format_a_length(telegram[0] + 1)
    if len(telegram) < expected:
        raise TelegramError(
            Outcome.TOO_SHORT,
            f"a frame of format A with this length field has {expected} bytes, {len(telegram)} are there",
            offset=len(telegram),
        )
    blocks = _format_a_blocks(telegram)
    for number, block in enumerate(blocks, start=1):
        if not has_crc(block):
            raise TelegramError(Outcome.LINK_CRC, f"block {number} of {len(blocks)} fails its CRC")
    return b"".join(block[:-CRC_LENGTH] for block in blocks)


def _split_format_b(telegram: bytes) -> tuple[bytes, bytes]:
    split = BLOCKS_1_2_B + CRC_LENGTH
    return telegram[:split], telegram[split:]


def _is_format_b(telegram: bytes) -> bool:
    if len(telegram) <= FIRST_BLOCK + CRC_LENGTH:
        return False
    head, tail = _split_format_b(telegram)
    return has_crc(head) and (not tail or has_crc(tail))


def _strip_format_b(telegram: bytes) -> bytes:
    """The frame without CRCs; its L-field, which counted them, is made to fit."""
    head, tail = _split_format_b(telegram)
    data = head[:-CRC_LENGTH] + tail[:-CRC_LENGTH]
    return bytes((len(data) - 1,)) + data[1:]


def build_frame(*, c_field: int, address: Address, body: bytes) -> bytes:
    """A frame without CRCs from its C-field, address and everything from the CI field on."""
    length = 1 + 2 + 6 + len(body)
    if length > 255:
        raise TelegramError(Outcome.TOO_LONG, f"{len(body)} bytes after the address: 246 at most")
    return bytes((length, c_field)) + address.link_bytes + body


def build_format_a(data: bytes) -> bytes:
    """Frame format A: a CRC after the first 10 bytes and after every further 16."""
    starts = range(FIRST_BLOCK, len(data), BLOCK_A)
    blocks = [data[:FIRST_BLOCK], *(data[at : at + BLOCK_A] for at in starts)]
    return b"".join(block + compute_crc(block).to_bytes(2, "big") for block in blocks)


def build_format_b(data: bytes) -> bytes:
    """Frame format B: one CRC after at most 126 bytes, one after the rest; L counts them."""
    head, tail = data[:BLOCKS_1_2_B], data[BLOCKS_1_2_B:]
    length = len(data) - 1 + CRC_LENGTH * (2 if tail else 1)
    if length > 255:
        raise TelegramError(Outcome.TOO_LONG, f"{len(data)} bytes do not fit frame format B")
    head = bytes((length,)) + head[1:]
    return b"".join(part + compute_crc(part).to_bytes(2, "big") for part in (head, tail) if part)
