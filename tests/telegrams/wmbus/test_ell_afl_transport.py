# SPDX-License-Identifier: Apache-2.0
"""The three layers between link and payload: parsing and building them."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.afl import Fragment, FragmentAssembler, build_afl, join_fragments, parse_afl
from avlest.telegrams.wmbus.ell import build_ell, has_payload_crc, parse_ell
from avlest.telegrams.wmbus.transport import build_config, build_transport, parse_transport

METER = Address(0x2C2D, bytes.fromhex("78563412"), 0x1B, 0x16)
OTHER = Address(0x2C2D, bytes.fromhex("79563412"), 0x1B, 0x16)
PAYLOAD = bytes.fromhex("780413E8030000")
bytes_or_none = st.none() | st.integers(0, 255)


@given(
    payload=st.binary(min_size=1, max_size=60),
    session=st.none() | st.integers(0, 2**32 - 1),
    address=st.sampled_from((None, METER)),
)
def test_an_ell_reads_back_as_it_was_built(payload: bytes, session: int | None, address: Address | None) -> None:
    """All four forms, 8C to 8F, keep their fields and a valid payload CRC."""
    data = build_ell(payload, communication_control=0x20, access_number=7, session_number=session, address=address)
    ell = parse_ell(data, 0, len(data))
    assert (
        ell.ci
        == {(False, False): 0x8C, (True, False): 0x8D, (False, True): 0x8E, (True, True): 0x8F}[
            session is not None, address is not None
        ]
    )
    assert (ell.communication_control, ell.access_number) == (0x20, 7)
    assert (ell.session_number, ell.address) == (session, address)
    assert data[ell.length :] == payload
    assert session is None or has_payload_crc(data[ell.crc_offset :])


@pytest.mark.parametrize("session", [None, 1])
def test_an_ell_that_breaks_off_is_too_short(session: int | None) -> None:
    """No field is read beyond the end."""
    data = build_ell(b"", communication_control=0, access_number=0, session_number=session, address=METER)
    for end in range(1, len(data)):
        with pytest.raises(TelegramError) as caught:
            parse_ell(data[:end], 0, end)
        assert caught.value.outcome is Outcome.TOO_SHORT


@given(
    keys=st.none() | st.integers(0, 0xFFFF),
    counter=st.none() | st.integers(0, 2**32 - 1),
    length=st.none() | st.integers(0, 0xFFFF),
    kind=st.sampled_from(((3, 2), (4, 4), (5, 8), (6, 12), (7, 16))),
)
def test_an_afl_reads_back_as_it_was_built(
    keys: int | None, counter: int | None, length: int | None, kind: tuple[int, int]
) -> None:
    """Every optional field is announced by its bit and read in its place."""
    mac = bytes(range(1, kind[1] + 1))
    data = build_afl(
        message_control=0x20 | kind[0], key_information=keys, counter=counter, mac=mac, message_length=length
    )
    afl = parse_afl(data + PAYLOAD, 0, len(data) + len(PAYLOAD))
    assert (afl.key_information, afl.counter, afl.message_length, afl.mac) == (keys, counter, length, mac)
    assert (afl.length, afl.authentication, afl.is_fragment) == (len(data), kind[0], False)


def test_the_authenticated_prefix_is_control_counter_and_length() -> None:
    """The MAC covers these fields before the message, low bytes first."""
    data = build_afl(message_control=0x65, counter=0x01020304, message_length=0x0506)
    assert parse_afl(data, 0, len(data)).authenticated_prefix.hex() == "65" + "04030201" + "0605"


def test_an_unknown_authentication_type_is_unsupported() -> None:
    """Type 8 is a GMAC, which no meter here sends; its length must not be guessed."""
    data = build_afl(message_control=0x28, counter=1, mac=bytes(12))
    with pytest.raises(TelegramError) as caught:
        parse_afl(data, 0, len(data))
    assert caught.value.outcome is Outcome.UNSUPPORTED_SECURITY


def test_an_afl_that_breaks_off_is_too_short() -> None:
    """Neither the layer nor a field of it may reach beyond the end."""
    data = build_afl(message_control=0x25, counter=1, mac=bytes(8))
    for end in range(1, len(data)):
        with pytest.raises(TelegramError) as caught:
            parse_afl(data[:end], 0, end)
        assert caught.value.outcome is Outcome.TOO_SHORT
    lying = data[:1] + bytes((4,)) + data[2:]
    with pytest.raises(TelegramError) as caught:
        parse_afl(lying, 0, len(lying))
    assert caught.value.outcome is Outcome.TOO_SHORT


def _fragments(message: bytes, count: int) -> list[Fragment]:
    size = -(-len(message) // count)
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    layers = []
    for number, piece in enumerate(pieces, start=1):
        first, last = number == 1, number == len(pieces)
        data = build_afl(
            message_control=0x65 if first else None,
            counter=9 if first else None,
            message_length=len(message) if first else None,
            mac=bytes(range(8)) if last else b"",
            fragment_id=number,
            more_fragments=not last,
        )
        layers.append(Fragment(parse_afl(data, 0, len(data)), piece))
    return layers


def test_fragments_join_in_any_order() -> None:
    """Control, counter and length come from the first, the MAC from the last."""
    message = bytes(range(100))
    for order in permutations(_fragments(message, 3)):
        whole = join_fragments(order)
        assert whole is not None
        assert whole.body == message
        assert (whole.afl.counter, whole.afl.message_length, whole.afl.mac) == (9, 100, bytes(range(8)))


def test_a_missing_fragment_keeps_the_message_open() -> None:
    """First, middle or last: without any of them there is no message."""
    parts = _fragments(bytes(range(100)), 3)
    for missing in range(3):
        assert join_fragments(parts[:missing] + parts[missing + 1 :]) is None
    assert join_fragments([]) is None


def test_fragments_of_a_wrong_total_are_refused() -> None:
    """The announced length guards against mixing two messages."""
    first, second = _fragments(bytes(range(50)), 2)
    with pytest.raises(TelegramError) as caught:
        join_fragments([first, Fragment(second.afl, second.body + b"\0")])
    assert caught.value.outcome is Outcome.BAD_LENGTH


def test_the_assembler_keeps_meters_apart() -> None:
    """Fragments of two meters, interleaved, make two messages."""
    one, two = _fragments(bytes(range(40)), 2), _fragments(bytes(range(100, 140)), 2)
    assembler = FragmentAssembler()
    assert assembler.add(METER, one[0]) is None
    assert assembler.add(OTHER, two[0]) is None
    whole = assembler.add(METER, one[1])
    assert whole is not None
    assert whole.body == bytes(range(40))
    whole = assembler.add(OTHER, two[1])
    assert whole is not None
    assert whole.body == bytes(range(100, 140))


def test_a_new_first_fragment_starts_the_message_anew() -> None:
    """What was left of an older message is not mixed into the next."""
    old, new = _fragments(bytes(range(60)), 3), _fragments(bytes(range(100, 160)), 3)
    assembler = FragmentAssembler()
    assembler.add(METER, old[0])
    assembler.add(METER, old[1])
    assert assembler.add(METER, new[0]) is None
    assert assembler.add(METER, new[1]) is None
    whole = assembler.add(METER, new[2])
    assert whole is not None
    assert whole.body == bytes(range(100, 160))


def test_the_assembler_forgets_the_oldest_beyond_its_capacity() -> None:
    """Noise that looks like fragments cannot fill the memory."""
    parts = _fragments(bytes(range(40)), 2)
    assembler = FragmentAssembler(capacity=1)
    assembler.add(METER, parts[0])
    assembler.add(OTHER, parts[0])
    assert assembler.add(METER, parts[1]) is None


@given(
    ci=st.sampled_from(sorted(cis.TRANSPORT)),
    access=st.integers(0, 255),
    status=st.integers(0, 255),
    mode=st.sampled_from((0, 2, 4, 5, 7)),
    length=st.integers(0, 15).map(lambda blocks: blocks * 16),
)
def test_a_transport_header_reads_back_as_it_was_built(
    ci: int, access: int, status: int, mode: int, length: int
) -> None:
    """Long, short and absent headers keep access number, status, mode and encrypted length."""
    address = METER if ci in cis.LONG_HEADER else None
    config = build_config(mode=mode, encrypted_length=length if mode else 0)
    data = build_transport(
        ci,
        access_number=access,
        status=status,
        config=config,
        address=address,
        extension=0x10 if mode == 7 else None,
    )
    header = parse_transport(data + PAYLOAD, 0, len(data) + len(PAYLOAD))
    assert (header.ci, header.payload_offset, header.address) == (ci, len(data), address)
    if ci in cis.NO_HEADER:
        assert (header.access_number, header.status, header.mode, header.encrypted_length) == (None, None, 0, 0)
    else:
        assert (header.access_number, header.status) == (access, status)
        assert (header.mode, header.encrypted_length) == (mode, length if mode else 0)
        assert header.extension == (0x10 if mode == 7 else None)


def test_a_header_that_breaks_off_is_too_short() -> None:
    """No field is read beyond the end."""
    data = build_transport(0x72, address=METER)
    for end in range(1, len(data)):
        with pytest.raises(TelegramError) as caught:
            parse_transport(data[:end], 0, end)
        assert caught.value.outcome is Outcome.TOO_SHORT


@pytest.mark.parametrize(("ci", "address"), [(0x72, None), (0x7A, METER)])
def test_only_a_long_header_has_an_address(ci: int, address: Address | None) -> None:
    """Building one without, or a short one with, is refused."""
    with pytest.raises(TelegramError):
        build_transport(ci, address=address)
