# SPDX-License-Identifier: Apache-2.0
"""Real telegrams: standard payloads parse, and their records say what meters are known to say.

They are read from the shared vectors, and the tests are skipped where those are absent.
"""

from __future__ import annotations

from typing import Any

import pytest

from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.records.compact import has_full_frame_crc, parse_compact
from avlest.telegrams.records.describe import describe_payload
from avlest.telegrams.records.formats import FormatStore
from avlest.telegrams.records.model import Payload
from avlest.telegrams.records.parse import parse_records
from avlest.telegrams.wmbus.stack import Stack, decode_stack

FULL_FRAMES = (0x72, 0x78, 0x7A)
COMPACT_FRAMES = (0x73, 0x79, 0x7B)

# Families whose payload is a maker's own layout behind a standard header.
PROPRIETARY = {"apator162", "bfw240radio", "rfmtx1", "zenner0b"}

# Telegrams stored with a tail of a few bytes that is no record: what is before is whole.
WITH_TAIL = {"qcaloric", "qwater", "unismart"}


def open_stack(row: dict[str, Any]) -> Stack | None:
    keys = [bytes.fromhex(row["key"])] if row["key"] else []
    try:
        return decode_stack(bytes.fromhex(row["telegram"]), keys=keys)
    except TelegramError:
        return None


@pytest.fixture(scope="module")
def stacks(wmbus_vectors: list[dict[str, Any]]) -> list[tuple[str, Stack]]:
    opened = ((row["meter"], open_stack(row)) for row in wmbus_vectors)
    return [(meter, stack) for meter, stack in opened if stack is not None]


def parse(stack: Stack) -> Payload | None:
    if stack.payload_ci in FULL_FRAMES:
        return parse_records(stack.payload)
    if stack.payload_ci in COMPACT_FRAMES:
        return parse_compact(stack.payload, FormatStore())
    return None


def test_payloads_of_standard_records_parse_to_the_end(stacks: list[tuple[str, Stack]]) -> None:
    parsed = [(meter, payload) for meter, stack in stacks if (payload := parse(stack)) is not None]
    assert len(parsed) > 200
    failed = {meter for meter, payload in parsed if payload.error is not None}
    assert failed <= PROPRIETARY | WITH_TAIL


def test_tails_that_are_no_record_cost_no_record(stacks: list[tuple[str, Stack]]) -> None:
    for meter, stack in stacks:
        payload = parse(stack)
        if meter in WITH_TAIL and payload is not None and payload.error is not None:
            assert len(payload.records) >= 5
            assert payload.error.offset is not None
            assert payload.error.offset >= len(stack.payload) - 2


def test_no_code_of_a_standard_payload_is_unknown(stacks: list[tuple[str, Stack]]) -> None:
    unknown = {
        (meter, record.key.hex())
        for meter, stack in stacks
        if meter not in PROPRIETARY
        for payload in (parse(stack),)
        for record in (() if payload is None else payload.records)
        if record.meaning.quantity == "unknown" or any("vife_" in name for name in record.meaning.modifiers)
    }
    assert unknown == set()


def test_compact_frames_agree_with_the_crc_of_their_full_frame(stacks: list[tuple[str, Stack]]) -> None:
    """All but one meter's, whose stored telegram carries the CRC of another frame."""
    compact = [stack for _, stack in stacks if stack.payload_ci in COMPACT_FRAMES]
    disagreeing = {
        stack.address.id
        for stack in compact
        if not has_full_frame_crc(stack.payload, parse_compact(stack.payload, FormatStore()))
    }
    assert len(compact) > 4
    assert len(disagreeing) <= 1


def test_every_byte_of_a_real_payload_is_told(stacks: list[tuple[str, Stack]]) -> None:
    for _, stack in stacks:
        payload = parse(stack)
        if payload is None:
            continue
        pieces = describe_payload(stack.payload, payload)
        covered = [at for start, end, _ in pieces for at in range(start, end)]
        assert covered == list(range(len(stack.payload)))
