# SPDX-License-Identifier: Apache-2.0
"""The shared collection of public telegrams: every one is taken apart and opened."""

from __future__ import annotations

from typing import Any

from avlest.telegrams.wmbus.stack import Stack, decode_stack

Rows = list[dict[str, Any]]


def _decode(row: dict[str, Any]) -> Stack:
    keys = [bytes.fromhex(row["key"])] if row["key"] else []
    return decode_stack(bytes.fromhex(row["telegram"]), keys=keys)


def test_every_telegram_opens_and_names_its_meter(wmbus_vectors: Rows) -> None:
    """The identity is the printed one, through adapters, long headers and swapped fields."""
    wrong = [
        (row["meter"], stack.address.id, row["expected"]["id"])
        for row in wmbus_vectors
        if (stack := _decode(row)).address.id != row["expected"]["id"]
    ]
    assert not wrong


def test_what_was_encrypted_opens_to_its_plain_twin(wmbus_vectors: Rows) -> None:
    """Modes 5, 7 and the ELL's counter mode give the payload of the telegram before encryption."""
    twins = [row for row in wmbus_vectors if "plain_telegram" in row]
    assert twins
    for row in twins:
        stack = _decode(row)
        assert stack.state == "decrypted", row["meter"]
        assert stack.payload == decode_stack(bytes.fromhex(row["plain_telegram"])).payload, row["meter"]
        assert stack.mac == ("verified" if row["encrypted"] == "tpl-7" else "none")


def test_the_state_agrees_with_what_is_known_of_each_telegram(wmbus_vectors: Rows) -> None:
    """Deciphered where it is encrypted, recognised where it is stored in clear."""
    for row in wmbus_vectors:
        state = _decode(row).state
        if row["encrypted"] == "predecrypted":
            assert state == "stored plain", row["meter"]
        elif row["encrypted"] != "no":
            assert state == "decrypted", row["meter"]


def test_every_byte_of_every_telegram_is_explained_once(wmbus_vectors: Rows) -> None:
    """No gap, no overlap, to the last byte."""
    for row in wmbus_vectors:
        stack = _decode(row)
        pieces = [piece for layer in stack.layers for piece in layer.pieces]
        assert [piece.end for piece in pieces[:-1]] == [piece.start for piece in pieces[1:]], row["meter"]
        assert (pieces[0].start, pieces[-1].end) == (0, len(stack.clear))


def test_the_device_type_is_printed_with_the_expected_word(wmbus_vectors: Rows) -> None:
    """The medium follows from transport or link type; only a family may say otherwise."""
    forced = {row["meter"] for row in wmbus_vectors if _decode(row).address.medium != row["expected"]["media"]}
    assert forced <= {"apator172"}
