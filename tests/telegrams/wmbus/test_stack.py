# SPDX-License-Identifier: Apache-2.0
"""Whole telegrams, built by us: every security mode there and back, and every way to fail."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avlest.telegrams import mbus
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus.address import NO_ADDRESS, Address
from avlest.telegrams.wmbus.afl import FragmentAssembler, build_afl
from avlest.telegrams.wmbus.build import Envelope, Mode, Sealing, build_telegram
from avlest.telegrams.wmbus.ell import build_ell
from avlest.telegrams.wmbus.frame import build_format_a, build_format_b, build_frame, parse_frame
from avlest.telegrams.wmbus.stack import Stack, decode_application, decode_stack
from avlest.telegrams.wmbus.transport import build_config, build_transport

METER = Address(0x2C2D, bytes.fromhex("78563412"), 0x1B, 0x16)
ADAPTER = Address(0x4CB0, bytes.fromhex("11223344"), 0x01, 0x37)
RECORDS = bytes.fromhex("0413E803000002FD170000")
KEY, OTHER_KEY = bytes(range(16)), bytes(range(16, 32))
DES_KEY = bytes(range(8))

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


def _seal(mode: Mode, key: bytes = KEY, payload: bytes = RECORDS, **headers: Any) -> bytes:
    envelope = Envelope(**{"link": METER, "access_number": 42, **headers})
    return build_telegram(payload, envelope, sealing=Sealing(mode, key, counter=77, session_number=4711))


def _fail(telegram: bytes, *candidates: bytes) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        decode_stack(telegram, keys=candidates)
    return caught.value


def _strip(stack: Stack) -> bytes:
    """The records without the mark and the fillers around them."""
    return stack.payload.removeprefix(b"\x2f\x2f").rstrip(b"\x2f")


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
    assert _fail(_seal(mode, DES_KEY if mode == "des" else KEY)).outcome is Outcome.KEY_MISSING


@pytest.mark.parametrize("mode", ["mode5", "mode7", "ell-ctr"])
def test_with_wrong_keys_the_outcome_says_so_and_shows_none(mode: Mode) -> None:
    """No key stands in an error."""
    error = _fail(_seal(mode), OTHER_KEY, bytes(16))
    assert error.outcome is Outcome.KEY_WRONG
    assert OTHER_KEY.hex() not in str(error).lower()


@pytest.mark.parametrize("mode", ["none", "mode5", "mode7", "ell-ctr"])
@pytest.mark.parametrize("build", [build_format_a, build_format_b])
def test_link_crcs_do_not_matter_to_the_layers_above(mode: Mode, build: Any) -> None:
    """The same telegram with the CRCs of format A or B opens to the same payload."""
    plain = decode_stack(_seal(mode), keys=[KEY])
    framed = decode_stack(build(_seal(mode)), keys=[KEY])
    assert framed.payload == plain.payload
    assert framed.frame.format in ("A", "B")


def test_a_key_of_another_length_is_refused() -> None:
    """16 bytes, or 8 for DES; a key cut in half is a mistake to hear about."""
    assert _fail(_seal("mode5"), KEY[:15]).outcome is Outcome.BAD_KEY


def test_a_changed_mac_is_told_from_a_wrong_key() -> None:
    """The key fits, but somebody or something changed the message on its way."""
    telegram = _seal("mode7")
    at = telegram.index(0x90, 10) + 9  # the first byte of the MAC
    forged = telegram[:at] + bytes((telegram[at] ^ 1,)) + telegram[at + 1 :]
    assert _fail(forged, KEY).outcome is Outcome.MAC_WRONG
    assert _fail(forged, OTHER_KEY).outcome is Outcome.KEY_WRONG


def test_the_mac_covers_status_and_payload() -> None:
    """Any byte changed from the transport layer on is noticed."""
    telegram = _seal("mode7")
    start = telegram.index(0x7A, 29)
    for at in range(start + 1, len(telegram)):
        if at in (start + 3, start + 4):
            continue  # another mode or length is another telegram, tested elsewhere
        forged = telegram[:at] + bytes((telegram[at] ^ 0x80,)) + telegram[at + 1 :]
        assert _fail(forged, KEY).outcome in (
            Outcome.MAC_WRONG,
            Outcome.KEY_WRONG,
            Outcome.UNSUPPORTED_SECURITY,
        )


def _stored_plain(mode: int, body: bytes, extension: int | None = None) -> bytes:
    length = len(body) // 16 * 16
    config = build_config(mode=mode, encrypted_length=length)
    header = build_transport(0x7A, access_number=1, config=config, extension=extension)
    return build_frame(c_field=0x44, address=METER, body=header + body)


@pytest.mark.parametrize("mode", [1, 3, 4, 5, 10])
@pytest.mark.parametrize("candidates", [(), (KEY,)])
def test_a_payload_stored_in_clear_needs_no_key(mode: int, candidates: tuple[bytes, ...]) -> None:
    """Some tools keep telegrams deciphered with the header as it was; the mark gives it away."""
    body = (b"\x2f\x2f" + RECORDS).ljust(16, b"\x2f")
    stack = decode_stack(_stored_plain(mode, body), keys=candidates)
    assert stack.state == "stored plain"
    assert stack.payload == body


def test_a_mode_7_payload_stored_in_clear_is_taken_whatever_the_key() -> None:
    """Its MAC was made over the ciphertext and fits no more; that is reported, not refused."""
    telegram = _seal("mode7")
    start = len(telegram) - 16
    stored = telegram[:start] + (b"\x2f\x2f" + RECORDS).ljust(16, b"\x2f")
    for candidates in ((), (KEY,), (OTHER_KEY,)):
        stack = decode_stack(stored, keys=candidates)
        assert (stack.state, stack.mac, _strip(stack)) == ("stored plain", "not checked", RECORDS)


def test_an_ell_stored_in_clear_needs_no_key() -> None:
    """Its payload CRC fits as it stands."""
    body = build_ell(b"\x78" + RECORDS, communication_control=0x20, access_number=1, session_number=1 << 29 | 5)
    stack = decode_stack(build_frame(c_field=0x44, address=METER, body=body))
    assert (stack.security, stack.state, stack.payload) == ("ell-ctr", "stored plain", RECORDS)


@pytest.mark.parametrize("mode", [1, 3, 6, 8, 9, 10, 15])
def test_modes_that_nobody_reads_are_unsupported(mode: int) -> None:
    """A reserved or exotic mode whose payload is not in clear is an outcome of its own."""
    assert _fail(_stored_plain(mode, bytes(range(16))), KEY).outcome is Outcome.UNSUPPORTED_SECURITY


@pytest.mark.parametrize("mode", [16, 24, 29])
def test_mode_bits_outside_the_standard_are_ignored_with_a_warning(mode: int) -> None:
    """Old meters used the configuration word for something else."""
    stack = decode_stack(_stored_plain(mode, RECORDS))
    assert (stack.payload, stack.state) == (RECORDS, "plain")
    assert f"mode{mode}" in stack.warnings[0]


def test_only_the_declared_blocks_are_deciphered() -> None:
    """What follows the encrypted blocks is in clear and stays as it is."""
    telegram = bytearray(_seal("mode5", payload=RECORDS[:8]))
    tail = bytes.fromhex("0F0102030405")
    telegram[0] += len(tail)
    stack = decode_stack(bytes(telegram) + tail, keys=[KEY])
    assert stack.payload.endswith(tail)
    assert _strip(stack).startswith(RECORDS[:8])


def test_more_blocks_declared_than_sent_are_cut_with_a_warning() -> None:
    """Whole blocks that are there can be read."""
    telegram = bytearray(_seal("mode5"))
    telegram[13] = 0x20 | telegram[13] & 0x0F
    stack = decode_stack(bytes(telegram), keys=[KEY])
    assert _strip(stack) == RECORDS
    assert "declared encrypted" in stack.warnings[0]


def test_the_long_header_names_the_meter_behind_an_adapter() -> None:
    """The transport address identifies, and is the one in the IV."""
    stack = decode_stack(_seal("mode5", link=ADAPTER, ci=0x72, header=METER), keys=[KEY])
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
    assert decode_stack(_seal("mode5", ci=0x7B, payload=compact), keys=[KEY]).payload.startswith(compact)
    assert decode_stack(_seal("none", ci=0x7B, payload=compact)).payload == compact
    assert decode_stack(_seal("ell-ctr", ci=0x79, payload=compact), keys=[KEY]).payload == compact


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
    error = _fail(build_frame(c_field=0x44, address=METER, body=bytes.fromhex(body)))
    assert error.outcome is outcome
    assert error.detail


def test_a_telegram_cut_off_is_not_blamed_on_the_key() -> None:
    """A wrong length explains why a right key does not fit."""
    for mode in ("ell-ctr", "mode7"):
        assert _fail(_seal(mode)[:-4], KEY).outcome is Outcome.BAD_LENGTH


def test_bytes_appended_by_a_receiver_do_not_spoil_deciphering() -> None:
    """The length field is believed where that makes the CRC or the MAC right."""
    for mode in ("ell-ctr", "mode7"):
        stack = decode_stack(_seal(mode) + b"\x55\x66", keys=[KEY])
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
    assert _strip(stack)[: len(records)] == records
    assert (stack.frame.format, stack.clear[-2:]) == ("none", stack.payload[-2:])


@pytest.mark.parametrize("present", [0, 7, 15])
def test_less_than_one_encrypted_block_is_a_wrong_length(present: int) -> None:
    """Nothing can be deciphered, with or without a key; in clear it can be read."""
    telegram = _seal("mode5")
    short = telegram[: len(telegram) - 16 + present]
    assert _fail(short, KEY).outcome is Outcome.BAD_LENGTH
    plain = short[:15] + (b"\x2f\x2f" + RECORDS)[:present]
    if present:
        assert decode_stack(plain).state == "stored plain"


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
        assert _fail(telegram).outcome is Outcome.FRAGMENT_MISSING


def test_a_mac_over_an_open_payload_is_checked_when_a_key_is_there() -> None:
    """Without key the payload is read all the same and the MAC reported as not checked."""
    afl = build_afl(message_control=0x25, counter=5, mac=bytes(8))
    telegram = build_frame(c_field=0x44, address=METER, body=afl + build_transport(0x7A) + RECORDS)
    assert decode_stack(telegram).mac == "not checked"
    assert _fail(telegram, KEY).outcome is Outcome.MAC_WRONG


def test_mode_4_is_mode_5_with_a_zero_iv() -> None:
    """An older mode that some meters still send."""
    secret = security.encrypt_mode5(KEY, bytes(16), security.pad_plaintext(RECORDS))
    stack = decode_stack(_stored_plain(4, secret), keys=[KEY])
    assert (stack.security, stack.state, _strip(stack)) == ("mode4", "decrypted", RECORDS)


def test_mode_7_opens_without_a_mac() -> None:
    """The counter alone gives the key; that nothing authenticates the message is reported."""
    sealed = _seal("mode7")
    start = sealed.index(0x7A, 29)
    body = build_afl(message_control=0x20, key_information=1, counter=77) + sealed[start:]
    stack = decode_stack(build_frame(c_field=0x44, address=METER, body=body), keys=[OTHER_KEY, KEY])
    assert (stack.state, stack.mac, _strip(stack)) == ("decrypted", "none", RECORDS)
    text = " | ".join(piece.text for layer in stack.layers for piece in layer.pieces)
    assert "key information 0001" in text
    assert "message counter 77" in text


@pytest.mark.parametrize("change", ["no counter", "other derivation"])
def test_mode_7_without_its_derivation_is_unsupported(change: str) -> None:
    """Without counter, or with a derivation we do not know, there is no key to try."""
    sealed = bytearray(_seal("mode7"))
    start = sealed.index(0x7A, 29)
    if change == "other derivation":
        sealed[start + 5] = 0x20
    body = bytes(sealed[10 if change == "other derivation" else start :])
    error = _fail(build_frame(c_field=0x44, address=METER, body=body), KEY)
    assert error.outcome is Outcome.UNSUPPORTED_SECURITY


def test_nothing_declared_encrypted_is_nothing_to_open() -> None:
    """Mode 5 with zero blocks is in clear and needs no key."""
    stack = decode_stack(_stored_plain(5, RECORDS))
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
        _seal("mode5", ci=0x78)
    assert caught.value.outcome is Outcome.UNSUPPORTED_SECURITY


def test_a_wired_frame_goes_through_the_same_layers() -> None:
    """The long header names the meter; deciphering by its address works as on the radio."""
    wireless = _seal("mode5", link=ADAPTER, ci=0x72, header=METER)
    telegram = mbus.build_long_frame(c_field=8, primary_address=3, body=wireless[10:])
    stack = decode_stack(telegram, keys=[KEY])
    assert (stack.address, stack.wire_address) == (METER, NO_ADDRESS)
    assert _strip(stack) == RECORDS
    assert stack.payload_end == len(telegram) - 2
    assert [layer.name for layer in stack.layers] == ["link", "transport", "payload", "link end"]
    assert stack.layers[-1].end == len(telegram)
    assert stack.status == 0


def test_a_wired_payload_without_address_cannot_be_deciphered() -> None:
    """The short header leaves the IV unknown; that is said, and no key is blamed."""
    for mode in ("mode5", "mode7", "ell-ctr"):
        telegram = mbus.build_long_frame(c_field=8, primary_address=3, body=_seal(mode)[10:])
        assert _fail(telegram, KEY).outcome is Outcome.UNSUPPORTED_SECURITY


def test_the_old_fixed_data_structure_is_not_taken_for_a_compact_frame() -> None:
    """On the wire CI 73 with 16 bytes is the structure of 1997."""
    telegram = mbus.build_long_frame(c_field=8, primary_address=3, body=b"\x73" + bytes(16))
    assert "fixed data structure" in _fail(telegram).detail


def test_a_bare_application_layer_can_be_read_too() -> None:
    """What LoRaWAN carries begins with the CI field; the address comes from elsewhere."""
    telegram = _seal("mode5")
    stack = decode_application(telegram[10:], address=METER, keys=[KEY])
    assert _strip(stack) == RECORDS
    assert stack.layers[0].start == 0
    with pytest.raises(TelegramError) as caught:
        decode_application(b"")
    assert caught.value.outcome is Outcome.EMPTY


@pytest.mark.parametrize("mode", ["none", "mode5", "mode7", "ell-ctr"])
@pytest.mark.parametrize("build", [bytes, build_format_a, build_format_b])
def test_every_byte_is_explained_once(mode: Mode, build: Any) -> None:
    """Layers and their pieces follow one another from the first byte to the last."""
    stack = decode_stack(build(_seal(mode)), keys=[KEY])
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
    stack = decode_stack(_seal("mode5", status=0x16), keys=[KEY])
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
    telegram = bytearray(_seal(mode, DES_KEY if mode == "des" else KEY))
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
