# SPDX-License-Identifier: Apache-2.0
"""Real frames of public test suites give the values they are known to give."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from avlest.telegrams.encode.han import encode_han
from avlest.telegrams.han import MeterClock, decode_han, decode_payload, summarise_values
from avlest.telegrams.outcomes import Outcome, TelegramError


@pytest.fixture(scope="module")
def rows(shared_vectors: Path) -> list[dict[str, Any]]:
    lines = (shared_vectors / "han.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def _as_decimals(fields: dict[str, Any]) -> dict[str, Any]:
    """Numbers as exact decimals of their shortest writing, so that 0.1 is a tenth."""
    return {
        code: {**field, "value": Fraction(repr(float(field["value"])))} if "value" in field else field
        for code, field in ((code, field) for code, field in fields.items())
        if isinstance(field, dict)
    } | {code: field for code, field in fields.items() if not isinstance(field, dict)}


def test_every_row_gives_its_expected_values(rows):
    for row in rows:
        han_list = decode_han(bytes.fromhex(row["hex"]))
        assert _as_decimals(summarise_values(han_list)) == _as_decimals(row["expected"]), row["source"]
        assert (han_list.maker.lower(), han_list.list_id) == (row["meter"], row["list"])
        assert han_list.warnings == ()


def test_values_are_exact_not_floats(rows):
    for row in rows:
        for value in decode_han(bytes.fromhex(row["hex"])).values:
            wanted = row["expected"][value.obis]
            if isinstance(wanted, dict):
                assert value.value == Fraction(repr(float(wanted["value"])))
                assert value.unit == wanted["unit"].lower()


def test_the_message_clock_is_the_one_sent(rows):
    for row in rows:
        clock = decode_han(bytes.fromhex(row["hex"])).message_clock
        assert _describe(clock) == row["apdu_datetime"], row["source"]


def _describe(clock: MeterClock | None) -> dict[str, object] | None:
    if clock is None:
        return None
    return {"local": clock.local, "deviation": clock.deviation, "status": clock.status}


def test_encoding_a_decoded_frame_gives_the_same_bytes(rows):
    """All but one made-up Kamstrup list, which leaves out the nulls that real ones send."""
    same = 0
    for row in rows:
        sent, made = bytes.fromhex(row["hex"]), encode_han(decode_han(bytes.fromhex(row["hex"])))
        assert decode_han(made) == decode_han(sent)
        same += made == sent if row["kind"] == "hdlc_frame" else sent in made
    assert same == len(rows) - 1


def test_debug_text_on_the_adapters_topic_is_no_data(shared_vectors):
    lines = (shared_vectors / "gateways.jsonl").read_text("utf-8").splitlines()
    noise = [row for row in map(json.loads, lines) if row["gateway"].startswith("Tibber Pulse text")]
    assert noise
    for row in noise:
        with pytest.raises(TelegramError) as caught:
            decode_payload(bytes.fromhex(row["payload_hex"]))
        assert caught.value.outcome is Outcome.NO_DATA


def test_the_cut_off_envelope_of_a_real_adapter_is_an_outcome(shared_vectors):
    lines = (shared_vectors / "gateways.jsonl").read_text("utf-8").splitlines()
    cut = [row for row in map(json.loads, lines) if "payload_hex_prefix" in row and "Tibber" in row["gateway"]]
    assert cut
    for row in cut:
        with pytest.raises(TelegramError) as caught:
            decode_payload(bytes.fromhex(row["payload_hex_prefix"]))
        assert caught.value.outcome is Outcome.BAD_PAYLOAD
