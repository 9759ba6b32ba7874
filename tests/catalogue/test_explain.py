# SPDX-License-Identifier: Apache-2.0
"""A telegram taken apart: every byte once, also where the values break off."""

from __future__ import annotations

import pytest

from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.explain import explain_telegram
from avlest.telegrams.outcomes import Outcome, TelegramError
from tests.collect.senders import Sender


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder(build_catalogue())


@pytest.mark.parametrize("is_open", [True, False])
def test_every_byte_belongs_to_one_part(decoder: Decoder, is_open: bool) -> None:
    sender = Sender(1)
    found = explain_telegram(decoder, sender.send(12345, flow=7, is_open=is_open), keys=(sender.key,))
    covered = [number for part in found.parts for number in range(part.start, part.end)]
    assert covered == list(range(len(found.clear)))
    assert found.error is None
    assert found.values["id"] == sender.serial


def test_a_meter_nobody_knows_gets_a_draft(decoder: Decoder) -> None:
    telegram = bytearray(Sender(1).send(5, is_open=True))
    telegram[8] = 0xEE  # a version that no file claims
    found = explain_telegram(decoder, bytes(telegram))
    assert found.family == ""
    assert found.draft.count("[[field]]") == 2


def test_the_layers_are_told_where_the_payload_cannot_be_read(decoder: Decoder) -> None:
    """Its bytes are one part without a meaning, and the reason stands beside."""
    telegram = bytearray(Sender(1).send(5, is_open=True))
    body = bytes(telegram[1:15]) + b"\xdf\xff\xff\xff"
    found = explain_telegram(decoder, bytes([len(body)]) + body)
    assert found.error is not None
    assert found.error.outcome == Outcome.BAD_RECORDS
    assert found.parts[-1].layer == "payload"
    assert found.values == {}
    assert any("manufacturer" in part.text for part in found.parts)


def test_what_has_no_layers_is_an_error(decoder: Decoder) -> None:
    with pytest.raises(TelegramError):
        explain_telegram(decoder, b"\x2e\x44")
