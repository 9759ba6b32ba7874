# SPDX-License-Identifier: Apache-2.0
"""Whole telegrams, built by us: layers, addresses, fragments, and what cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.telegrams import mbus
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.address import NO_ADDRESS, Address
from avlest.telegrams.wmbus.afl import FragmentAssembler, build_afl
from avlest.telegrams.wmbus.build import Mode
from avlest.telegrams.wmbus.ell import build_ell
from avlest.telegrams.wmbus.frame import build_format_a, build_format_b, build_frame
from avlest.telegrams.wmbus.stack import decode_application, decode_stack
from avlest.telegrams.wmbus.transport import build_transport
from tests.telegrams.wmbus.sealed import (
    ADAPTER,
    DES_KEY,
    KEY,
    METER,
    RECORDS,
    fail,
    seal,
    strip,
)


@pytest.mark.parametrize("mode", ["none", "mode5", "mode7", "ell-ctr"])
@pytest.mark.parametrize("build", [build_format_a, build_format_b])
def test_link_crcs_do_not_matter_to_the_layers_above(mode: Mode, build: Any) -> None:
    """The same telegram with the CRCs of format A or B opens to the same payload."""
    plain = decode_stack(seal(mode), keys=[KEY])
    framed = decode_stack(build(seal(mode)), keys=[KEY])
    assert framed.payload == plain.payload
    assert framed.frame.format in ("A", "B")


def test_the_long_header_names_the_meter_behind_an_adapter() -> None:
    """The transport address identifies, and is the one in the IV."""
    stack = decode_stack(seal("mode5", link=ADAPTER, ci=0x72, header=METER), keys=[KEY])
    assert (stack.address, stack.wire_address) == (METER, ADAPTER)


def test_the_ells_address_is_the_receivers() -> None:
    """In what a meter sends it is the gateway's; in what a gateway sends it is the meter's."""
    body = build_ell(b"\x78" + RECORDS, communication_control=0, access_number=1, address=ADAPTER)
    assert decode_stack(build_frame(c_field=0x44, address=METER, body=body)).address == METER
    assert decode_stack(build_frame(c_field=0x73, address=METER, body=body)).address == ADAPTER


def test_an_adapter_may_name_its_meter_in_the_first_record() -> None:
    """Enhanced identification (07 79) of another meter identifies; of itself it does not."""
    for named, expected in ((METER, METER), (ADAPTER, ADAPTER)):
        body = b"\x78\x07\x79" + named.header_bytes + RECORDS
        assert decode_stack(build_frame(c_field=0x44, address=ADAPTER, body=body)).address == expected
    own = Address(METER.manufacturer, ADAPTER.identity, 9, 4)
    body = b"\x78\x07\x79" + own.header_bytes
    assert decode_stack(build_frame(c_field=0x44, address=ADAPTER, body=body)).address == ADAPTER


def test_the_mark_is_taken_off_a_compact_frame() -> None:
    """Its payload begins with the signature, encrypted or not."""
    compact = bytes.fromhex("ABCD1234") + bytes(10)
    assert decode_stack(seal("mode5", ci=0x7B, payload=compact), keys=[KEY]).payload.startswith(compact)
    assert decode_stack(seal("none", ci=0x7B, payload=compact)).payload == compact
    assert decode_stack(seal("ell-ctr", ci=0x79, payload=compact), keys=[KEY]).payload == compact


@pytest.mark.parametrize("ci", [0xA0, 0xA2, 0xB7])
def test_a_manufacturers_own_payload_is_handed_on_raw(ci: int) -> None:
    """Everything behind the CI field, undivided."""
    stack = decode_stack(build_frame(c_field=0x44, address=METER, body=bytes((ci,)) + bytes(range(20))))
    assert (stack.payload_ci, stack.payload, stack.transport) == (ci, bytes(range(20)), None)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("", Outcome.NO_DATA),
        ("70", Outcome.NO_DATA),
        ("7100", Outcome.NO_DATA),
        ("8A01000000", Outcome.NO_DATA),
        ("50", Outcome.NO_DATA),
        ("33", Outcome.UNKNOWN_CI),
        ("7C00", Outcome.UNKNOWN_CI),
        ("8600", Outcome.UNKNOWN_CI),
        ("7A01", Outcome.TOO_SHORT),
        ("8C2001", Outcome.TOO_SHORT),
        ("8C20018C200178", Outcome.UNKNOWN_CI),
        ("9002000090020000", Outcome.UNKNOWN_CI),
        ("90020000" + "8C200178", Outcome.UNKNOWN_CI),
        ("8D2001" + "00000040" + "0000" + "78", Outcome.UNSUPPORTED_SECURITY),
    ],
)
def test_what_cannot_be_read_says_why(body: str, outcome: Outcome) -> None:
    """Commands, errors, unknown and misplaced layers: each with its own outcome."""
    error = fail(build_frame(c_field=0x44, address=METER, body=bytes.fromhex(body)))
    assert error.outcome is outcome
    assert error.detail


def _fragmented(message: bytes) -> list[bytes]:
    half = len(message) // 2
    first = build_afl(message_control=0x40, message_length=len(message), fragment_id=1, more_fragments=True)
    last = build_afl(fragment_id=2)
    pieces = (first + message[:half], last + message[half:])
    return [build_frame(c_field=0x44, address=METER, body=piece) for piece in pieces]


def test_a_message_in_two_telegrams_is_put_together() -> None:
    """The first waits as FRAGMENT_MISSING, the second brings the whole."""
    message = build_transport(0x7A, access_number=3) + RECORDS * 20
    first, second = _fragmented(message)
    assembler = FragmentAssembler()
    with pytest.raises(TelegramError) as caught:
        decode_stack(first, fragments=assembler)
    assert caught.value.outcome is Outcome.FRAGMENT_MISSING
    stack = decode_stack(second, fragments=assembler)
    assert stack.payload == RECORDS * 20
    assert stack.afl is not None
    assert stack.afl.message_length == len(message)
    assert stack.layers[-1].end == len(stack.clear)


def test_fragments_at_odds_are_still_explained_byte_by_byte() -> None:
    """Two MACs of different lengths cannot both be right; the explanation stays whole."""
    message = build_transport(0x7A) + RECORDS
    first = build_afl(message_control=0x40, fragment_id=1, more_fragments=True) + message[:5]
    second = build_afl(mac=bytes(2), fragment_id=2, more_fragments=True) + message[5:9]
    third = build_afl(mac=bytes(16), fragment_id=3) + message[9:]
    assembler = FragmentAssembler()
    for piece in (first, third):
        with pytest.raises(TelegramError):
            decode_stack(build_frame(c_field=0x44, address=METER, body=piece), fragments=assembler)
    stack = decode_stack(build_frame(c_field=0x44, address=METER, body=second), fragments=assembler)
    assert stack.payload == RECORDS
    assert stack.layers[-1].end == len(stack.clear)
    assert all(piece.end > piece.start for layer in stack.layers for piece in layer.pieces)


def test_a_lone_fragment_without_an_assembler_is_missing_the_rest() -> None:
    """Nothing is read from a part of a message."""
    for telegram in _fragmented(build_transport(0x7A) + RECORDS):
        assert fail(telegram).outcome is Outcome.FRAGMENT_MISSING


def test_a_wired_frame_goes_through_the_same_layers() -> None:
    """The long header names the meter; deciphering by its address works as on the radio."""
    wireless = seal("mode5", link=ADAPTER, ci=0x72, header=METER)
    telegram = mbus.build_long_frame(c_field=8, primary_address=3, body=wireless[10:])
    stack = decode_stack(telegram, keys=[KEY])
    assert (stack.address, stack.wire_address) == (METER, NO_ADDRESS)
    assert strip(stack) == RECORDS
    assert stack.payload_end == len(telegram) - 2
    assert [layer.name for layer in stack.layers] == ["link", "transport", "payload", "link end"]
    assert stack.layers[-1].end == len(telegram)
    assert stack.status == 0


def test_a_wired_payload_without_address_cannot_be_deciphered() -> None:
    """The short header leaves the IV unknown; that is said, and no key is blamed."""
    for mode in ("mode5", "mode7", "ell-ctr"):
        telegram = mbus.build_long_frame(c_field=8, primary_address=3, body=seal(mode)[10:])
        assert fail(telegram, KEY).outcome is Outcome.UNSUPPORTED_SECURITY


def test_the_old_fixed_data_structure_is_not_taken_for_a_compact_frame() -> None:
    """On the wire CI 73 with 16 bytes is the structure of 1997."""
    telegram = mbus.build_long_frame(c_field=8, primary_address=3, body=b"\x73" + bytes(16))
    assert "fixed data structure" in fail(telegram).detail


def test_a_bare_application_layer_can_be_read_too() -> None:
    """What LoRaWAN carries begins with the CI field; the address comes from elsewhere."""
    telegram = seal("mode5")
    stack = decode_application(telegram[10:], address=METER, keys=[KEY])
    assert strip(stack) == RECORDS
    assert stack.layers[0].start == 0
    with pytest.raises(TelegramError) as caught:
        decode_application(b"")
    assert caught.value.outcome is Outcome.EMPTY


@pytest.mark.parametrize("mode", ["none", "mode5", "mode7", "ell-ctr"])
@pytest.mark.parametrize("build", [bytes, build_format_a, build_format_b])
def test_every_byte_is_explained_once(mode: Mode, build: Any) -> None:
    """Layers and their pieces follow one another from the first byte to the last."""
    stack = decode_stack(build(seal(mode)), keys=[KEY])
    at = 0
    for layer in stack.layers:
        assert layer.start == at
        for piece in layer.pieces:
            assert piece.start == at < piece.end
            assert piece.text
            at = piece.end
        assert layer.end == at
    assert at == len(stack.clear)


def test_the_explanation_names_what_matters() -> None:
    """Manufacturer, identity, medium, status, mode and state stand in words."""
    stack = decode_stack(seal("mode5", status=0x16), keys=[KEY])
    text = " | ".join(piece.text for layer in stack.layers for piece in layer.pieces)
    for part in ("KAM", "12345678", "cold water", "application error", "power low", "security mode 5", "deciphered"):
        assert part in text


@given(noise=st.binary(max_size=120))
@settings(max_examples=300)
def test_noise_raises_nothing_but_a_telegram_error(noise: bytes) -> None:
    """Random bytes, also behind a good link header, end in a stack or an outcome."""
    for telegram in (noise, build_frame(c_field=0x44, address=METER, body=noise)):
        _decode_or_outcome(telegram)


@given(
    mode=st.sampled_from(("none", "mode5", "mode7", "ell-ctr", "des")),
    at=st.integers(0, 10_000),
    value=st.integers(0, 255),
    cut=st.integers(0, 40),
)
@settings(max_examples=300)
def test_damaged_telegrams_raise_nothing_but_a_telegram_error(mode: Mode, at: int, value: int, cut: int) -> None:
    """One byte changed, some cut off, wireless and wired."""
    telegram = bytearray(seal(mode, DES_KEY if mode == "des" else KEY))
    telegram[at % len(telegram)] = value
    short = bytes(telegram[: len(telegram) - cut])
    _decode_or_outcome(short)
    _decode_or_outcome(mbus.build_long_frame(c_field=8, primary_address=1, body=short))


def _decode_or_outcome(telegram: bytes) -> None:
    for candidates in ((), (KEY, DES_KEY)):
        try:
            stack = decode_stack(telegram, keys=candidates, fragments=FragmentAssembler())
        except TelegramError as error:
            assert error.detail
        else:
            assert stack.clear[stack.payload_offset : stack.payload_end] == stack.payload
            assert stack.layers[-1].end == len(stack.clear)
