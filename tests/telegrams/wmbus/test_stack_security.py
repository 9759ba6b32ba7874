# SPDX-License-Identifier: Apache-2.0
"""Every security mode there and back, and every way a key can fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus.afl import build_afl
from avlest.telegrams.wmbus.build import Envelope, Mode, Sealing, build_telegram
from avlest.telegrams.wmbus.ell import build_ell
from avlest.telegrams.wmbus.frame import build_frame, parse_frame
from avlest.telegrams.wmbus.stack import decode_stack
from avlest.telegrams.wmbus.transport import build_transport
from tests.telegrams.wmbus.sealed import (
    ADAPTER,
    DES_KEY,
    KEY,
    METER,
    OTHER_KEY,
    RECORDS,
    fail,
    seal,
    stored_plain,
    strip,
)

envelopes = st.builds(
    Envelope,
    link=st.sampled_from((METER, ADAPTER)),
    ci=st.just(0x7A),
    access_number=st.integers(0, 255),
    status=st.integers(0, 255),
) | st.builds(
    Envelope,
    link=st.just(ADAPTER),
    ci=st.just(0x72),
    header=st.just(METER),
    access_number=st.integers(0, 255),
)
payloads = st.binary(max_size=170)
keys = st.binary(min_size=16, max_size=16)


@given(envelope=envelopes, payload=payloads, key=keys, mode=st.sampled_from(("mode5", "mode7", "ell-ctr")))
@settings(max_examples=60)
def test_what_is_sealed_with_a_key_opens_with_it(envelope: Envelope, payload: bytes, key: bytes, mode: Mode) -> None:
    """Modes 5 and 7 and the ELL's counter mode give the payload back, whatever the headers."""
    sealing = Sealing(mode, key, counter=envelope.access_number * 1000, session_number=envelope.status)
    stack = decode_stack(build_telegram(payload, envelope, sealing=sealing), keys=[OTHER_KEY, key])
    assert stack.address == envelope.meter
    assert (stack.security, stack.state) == (mode, "decrypted")
    assert stack.mac == ("verified" if mode == "mode7" else "none")
    marked = stack.payload if mode == "ell-ctr" else stack.payload.removeprefix(b"\x2f\x2f")
    assert marked[: len(payload)] == payload
    assert set(marked[len(payload) :]) <= {0x2F}
    assert stack.access_number == envelope.access_number


@given(payload=payloads, key=st.binary(min_size=8, max_size=8))
@settings(max_examples=30)
def test_des_opens_with_its_eight_byte_key(payload: bytes, key: bytes) -> None:
    """Keys of 16 bytes among the candidates do not disturb."""
    telegram = build_telegram(payload, Envelope(METER), sealing=Sealing("des", key))
    stack = decode_stack(telegram, keys=[KEY, key])
    assert (stack.security, stack.state) == ("des", "decrypted")
    assert stack.payload[2 : 2 + len(payload)] == payload


@pytest.mark.parametrize("mode", ["mode5", "mode7", "ell-ctr", "des"])
def test_without_a_key_the_outcome_says_so(mode: Mode) -> None:
    """No candidate at all is another outcome than wrong ones."""
    assert fail(seal(mode, DES_KEY if mode == "des" else KEY)).outcome is Outcome.KEY_MISSING


@pytest.mark.parametrize("mode", ["mode5", "mode7", "ell-ctr"])
def test_with_wrong_keys_the_outcome_says_so_and_shows_none(mode: Mode) -> None:
    """No key stands in an error."""
    error = fail(seal(mode), OTHER_KEY, bytes(16))
    assert error.outcome is Outcome.KEY_WRONG
    assert OTHER_KEY.hex() not in str(error).lower()


def test_a_key_of_another_length_is_refused() -> None:
    """16 bytes, or 8 for DES; a key cut in half is a mistake to hear about."""
    assert fail(seal("mode5"), KEY[:15]).outcome is Outcome.BAD_KEY


def test_a_changed_mac_is_told_from_a_wrong_key() -> None:
    """The key fits, but somebody or something changed the message on its way."""
    telegram = seal("mode7")
    at = telegram.index(0x90, 10) + 9  # the first byte of the MAC
    forged = telegram[:at] + bytes((telegram[at] ^ 1,)) + telegram[at + 1 :]
    assert fail(forged, KEY).outcome is Outcome.MAC_WRONG
    assert fail(forged, OTHER_KEY).outcome is Outcome.KEY_WRONG


def test_the_mac_covers_status_and_payload() -> None:
    """Any byte changed from the transport layer on is noticed."""
    telegram = seal("mode7")
    start = telegram.index(0x7A, 29)
    for at in range(start + 1, len(telegram)):
        if at in (start + 3, start + 4):
            continue  # another mode or length is another telegram, tested elsewhere
        forged = telegram[:at] + bytes((telegram[at] ^ 0x80,)) + telegram[at + 1 :]
        assert fail(forged, KEY).outcome in (
            Outcome.MAC_WRONG,
            Outcome.KEY_WRONG,
            Outcome.UNSUPPORTED_SECURITY,
        )


@pytest.mark.parametrize("mode", [1, 3, 4, 5, 10])
@pytest.mark.parametrize("candidates", [(), (KEY,)])
def test_a_payload_stored_in_clear_needs_no_key(mode: int, candidates: tuple[bytes, ...]) -> None:
    """Some tools keep telegrams deciphered with the header as it was; the mark gives it away."""
    body = (b"\x2f\x2f" + RECORDS).ljust(16, b"\x2f")
    stack = decode_stack(stored_plain(mode, body), keys=candidates)
    assert stack.state == "stored plain"
    assert stack.payload == body


def test_a_mode_7_payload_stored_in_clear_is_taken_whatever_the_key() -> None:
    """Its MAC was made over the ciphertext and fits no more; that is reported, not refused."""
    telegram = seal("mode7")
    start = len(telegram) - 16
    stored = telegram[:start] + (b"\x2f\x2f" + RECORDS).ljust(16, b"\x2f")
    for candidates in ((), (KEY,), (OTHER_KEY,)):
        stack = decode_stack(stored, keys=candidates)
        assert (stack.state, stack.mac, strip(stack)) == ("stored plain", "not checked", RECORDS)


def test_an_ell_stored_in_clear_needs_no_key() -> None:
    """Its payload CRC fits as it stands."""
    body = build_ell(b"\x78" + RECORDS, communication_control=0x20, access_number=1, session_number=1 << 29 | 5)
    stack = decode_stack(build_frame(c_field=0x44, address=METER, body=body))
    assert (stack.security, stack.state, stack.payload) == ("ell-ctr", "stored plain", RECORDS)


@pytest.mark.parametrize("mode", [1, 3, 6, 8, 9, 10, 15])
def test_modes_that_nobody_reads_are_unsupported(mode: int) -> None:
    """A reserved or exotic mode whose payload is not in clear is an outcome of its own."""
    assert fail(stored_plain(mode, bytes(range(16))), KEY).outcome is Outcome.UNSUPPORTED_SECURITY


@pytest.mark.parametrize("mode", [16, 24, 29])
def test_mode_bits_outside_the_standard_are_ignored_with_a_warning(mode: int) -> None:
    """Old meters used the configuration word for something else."""
    stack = decode_stack(stored_plain(mode, RECORDS))
    assert (stack.payload, stack.state) == (RECORDS, "plain")
    assert f"mode{mode}" in stack.warnings[0]


def test_only_the_declared_blocks_are_deciphered() -> None:
    """What follows the encrypted blocks is in clear and stays as it is."""
    telegram = bytearray(seal("mode5", payload=RECORDS[:8]))
    tail = bytes.fromhex("0F0102030405")
    telegram[0] += len(tail)
    stack = decode_stack(bytes(telegram) + tail, keys=[KEY])
    assert stack.payload.endswith(tail)
    assert strip(stack).startswith(RECORDS[:8])


def test_more_blocks_declared_than_sent_are_cut_with_a_warning() -> None:
    """Whole blocks that are there can be read."""
    telegram = bytearray(seal("mode5"))
    telegram[13] = 0x20 | telegram[13] & 0x0F
    stack = decode_stack(bytes(telegram), keys=[KEY])
    assert strip(stack) == RECORDS
    assert "declared encrypted" in stack.warnings[0]


def test_a_telegram_cut_off_is_not_blamed_on_the_key() -> None:
    """A wrong length explains why a right key does not fit."""
    for mode in ("ell-ctr", "mode7"):
        assert fail(seal(mode)[:-4], KEY).outcome is Outcome.BAD_LENGTH


def test_bytes_appended_by_a_receiver_do_not_spoil_deciphering() -> None:
    """The length field is believed where that makes the CRC or the MAC right."""
    for mode in ("ell-ctr", "mode7"):
        stack = decode_stack(seal(mode) + b"\x55\x66", keys=[KEY])
        assert stack.state == "decrypted"
        assert "left out" in stack.warnings[-1]


@pytest.mark.parametrize(
    ("mode", "records", "access_number", "status", "last"),
    [("mode5", RECORDS, 24, 169, 2), ("mode5", RECORDS * 2, 6, 34, 3), ("ell-ctr", RECORDS, 141, 171, 0)],
)
def test_a_crc_by_chance_does_not_spoil_deciphering(
    mode: Mode, records: bytes, access_number: int, status: int, last: int
) -> None:
    """Two last bytes that look like format B are given back when nothing fits without them.

    The numbers were searched for: these telegrams end in the CRC of all that is before.
    """
    envelope = Envelope(METER, access_number=access_number, status=status)
    sealing = Sealing(mode, KEY, session_number=last * 256 + status)
    telegram = build_telegram(records + bytes((last,)), envelope, sealing=sealing)
    assert parse_frame(telegram).format == "B"
    stack = decode_stack(telegram, keys=[KEY])
    assert strip(stack)[: len(records)] == records
    assert (stack.frame.format, stack.clear[-2:]) == ("none", stack.payload[-2:])


@pytest.mark.parametrize("present", [0, 7, 15])
def test_less_than_one_encrypted_block_is_a_wrong_length(present: int) -> None:
    """Nothing can be deciphered, with or without a key; in clear it can be read."""
    telegram = seal("mode5")
    short = telegram[: len(telegram) - 16 + present]
    assert fail(short, KEY).outcome is Outcome.BAD_LENGTH
    plain = short[:15] + (b"\x2f\x2f" + RECORDS)[:present]
    if present:
        assert decode_stack(plain).state == "stored plain"


def test_a_mac_over_an_open_payload_is_checked_when_a_key_is_there() -> None:
    """Without key the payload is read all the same and the MAC reported as not checked."""
    afl = build_afl(message_control=0x25, counter=5, mac=bytes(8))
    telegram = build_frame(c_field=0x44, address=METER, body=afl + build_transport(0x7A) + RECORDS)
    assert decode_stack(telegram).mac == "not checked"
    assert fail(telegram, KEY).outcome is Outcome.MAC_WRONG


def test_mode_4_is_mode_5_with_a_zero_iv() -> None:
    """An older mode that some meters still send."""
    secret = security.encrypt_mode5(KEY, bytes(16), security.pad_plaintext(RECORDS))
    stack = decode_stack(stored_plain(4, secret), keys=[KEY])
    assert (stack.security, stack.state, strip(stack)) == ("mode4", "decrypted", RECORDS)


def test_mode_7_opens_without_a_mac() -> None:
    """The counter alone gives the key; that nothing authenticates the message is reported."""
    sealed = seal("mode7")
    start = sealed.index(0x7A, 29)
    body = build_afl(message_control=0x20, key_information=1, counter=77) + sealed[start:]
    stack = decode_stack(build_frame(c_field=0x44, address=METER, body=body), keys=[OTHER_KEY, KEY])
    assert (stack.state, stack.mac, strip(stack)) == ("decrypted", "none", RECORDS)
    text = " | ".join(piece.text for layer in stack.layers for piece in layer.pieces)
    assert "key information 0001" in text
    assert "message counter 77" in text


@pytest.mark.parametrize("change", ["no counter", "other derivation"])
def test_mode_7_without_its_derivation_is_unsupported(change: str) -> None:
    """Without counter, or with a derivation we do not know, there is no key to try."""
    sealed = bytearray(seal("mode7"))
    start = sealed.index(0x7A, 29)
    if change == "other derivation":
        sealed[start + 5] = 0x20
    body = bytes(sealed[10 if change == "other derivation" else start :])
    error = fail(build_frame(c_field=0x44, address=METER, body=body), KEY)
    assert error.outcome is Outcome.UNSUPPORTED_SECURITY


def test_nothing_declared_encrypted_is_nothing_to_open() -> None:
    """Mode 5 with zero blocks is in clear and needs no key."""
    stack = decode_stack(stored_plain(5, RECORDS))
    assert (stack.security, stack.state, stack.payload) == ("mode5", "plain", RECORDS)


def test_a_wrong_payload_crc_without_encryption_is_a_warning() -> None:
    """The session number says "not encrypted": the records are read, the doubt is told."""
    body = bytearray(build_ell(b"\x78" + RECORDS, communication_control=0, access_number=1, session_number=5))
    assert decode_stack(build_frame(c_field=0x44, address=METER, body=bytes(body))).warnings == ()
    body[7] ^= 1
    stack = decode_stack(build_frame(c_field=0x44, address=METER, body=bytes(body)))
    assert stack.payload == RECORDS
    assert "payload CRC" in stack.warnings[0]


def test_a_sealed_telegram_needs_a_header_to_say_so() -> None:
    """CI 78 has no configuration word."""
    with pytest.raises(TelegramError) as caught:
        seal("mode5", ci=0x78)
    assert caught.value.outcome is Outcome.UNSUPPORTED_SECURITY
