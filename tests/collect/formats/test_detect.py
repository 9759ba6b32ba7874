# SPDX-License-Identifier: Apache-2.0
"""Formats are told apart, read in batches, and whatever comes is an outcome."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.collect.formats.detect import PARSERS, detect_format, parse_message
from avlest.collect.formats.files import read_file_pieces
from avlest.collect.formats.model import FormatError, Message
from avlest.collect.formats.times import parse_gateway_time
from avlest.telegrams.encode.han import encode_han
from tests.collect.sources.support import make_long_frame, make_telegram
from tests.telegrams.han.samples import make_list

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OSLO = ZoneInfo("Europe/Oslo")
TELEGRAM = make_telegram(1)
HAN = encode_han(make_list())
RTL = f"T1;1;1;2026-01-31 12:00:00.000;97;148;00000001;0x{TELEGRAM.hex()}".encode()


def read(payload: bytes, topic: str = "", name: str = "auto") -> Any:
    return parse_message(Message(payload, NOW, "s", topic), name=name)


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("", TELEGRAM, "frame"),
        ("", make_long_frame(1), "frame"),
        ("", TELEGRAM.hex().encode(), "hex"),
        ("", b"0x" + TELEGRAM.hex().upper().encode() + b"\r\n", "hex"),
        ("", HAN, "han"),
        ("", HAN.hex().encode(), "han"),
        ("", b"\xe6\xe7\x00\x0f\x40\x00\x00\x00", "han"),
        ("", RTL, "rtl_wmbus"),
        ("", b'{"avlest": 1}', "avlest"),
        ("", b'{"telegram": "44"}', "telegram_json"),
        ("", b' {"data": "44", "x": 1}', "telegram_json"),
        ("", b'{"model": "Wireless-MBus", "time": "x"}', "rtl_433"),
        ("", b'{"model": "Acurite", "mod": "ASK"}', "rtl_433"),
        ("", b'{"_": "telegram"}', "wmbusmeters"),
        ("", b'{"deviceInfo": {}}', "chirpstack"),
        ("", b'{"end_device_ids": {}}', "tts"),
        ("", b"[{}]", "json_list"),
        ("x/application/1/device/2/event/up", b"", ""),
        ("application/1/device/2/event/join", b"x", "chirpstack"),
        ("v3/app@tenant/devices/d/up", b"x", "tts"),
        ("base/ecmXv1.0/CMe3100/4001/0016123456/50855417", b"x", "elvaco"),
        ("", b"Fra;Til;KWH 60 Forbruk\n", "elhub_csv"),
        ("", "\ufeffMålepunkt;Dato;Målerstand\n".encode(), "readings_csv"),
        ("", "Målernr\tDato\tStand\n".encode("utf-16"), "readings_csv"),
    ],
)
def test_formats_are_told_apart(topic: str, payload: bytes, expected: str) -> None:
    """By the topic first, then by the shape."""
    if not expected:
        with pytest.raises(FormatError):
            detect_format(topic, payload)
    else:
        assert detect_format(topic, payload) == expected


@pytest.mark.parametrize("name", ["auto", *PARSERS])
@given(payload=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_comes_is_an_outcome(name: str, payload: bytes) -> None:
    """Any bytes, read as any format: telegrams, problems or notes, never an exception."""
    parsed = read(payload, name=name)
    assert len(parsed.heard) + len(parsed.problems) + len(parsed.notes) >= (name == "auto" and bool(payload.strip()))


_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_json = st.recursive(
    _values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["avlest", "telegrams", "telegram", "data", "time", "rssi", "key", "gateway", "road", "readings", "model",
             "deviceInfo", "fPort", "end_device_ids", "uplink_message", "port", "address", "counter", "value", "meter"]
        ),
        _json | st.just(1) | st.just(TELEGRAM.hex()),
    )
)  # fmt: skip
def test_any_object_is_an_outcome(values: dict[str, Any]) -> None:
    """Known fields with anything in them: one outcome at least, and nothing raised."""
    parsed = read(json.dumps(values).encode())
    assert parsed.heard or parsed.problems or parsed.notes


def test_lines_of_one_payload_are_read_one_by_one() -> None:
    """Several telegrams in one message; a bad line is told with its number."""
    parsed = read(b"\n".join([TELEGRAM.hex().encode(), b"4g", RTL, make_telegram(2).hex().encode()]))
    assert [one.payload for one in parsed.heard] == [TELEGRAM, TELEGRAM, make_telegram(2)]
    assert len(parsed.problems) + len(parsed.notes) == 1


def test_a_list_is_read_element_by_element() -> None:
    """Each element is a message of its own; a bad one is named by its place."""
    parsed = read(json.dumps([{"telegram": TELEGRAM.hex()}, {"telegram": "4"}, 3]).encode())
    assert [one.payload for one in parsed.heard] == [TELEGRAM]
    assert [str(problem) for problem in parsed.problems] == [
        "[1] telegram: 1 hexadecimal digits, expected an even number",
        "[2]: expected an object",
    ]


def test_a_pretty_printed_object_is_one_message() -> None:
    """Line ends inside an object do not make it a list of lines."""
    parsed = read(json.dumps({"telegram": TELEGRAM.hex(), "rssi": -70}, indent=2).encode())
    assert [(one.payload, one.rssi) for one in parsed.heard] == [(TELEGRAM, -70)]


def test_a_key_is_taken_along_and_never_shown() -> None:
    """The key goes with the telegram; an error in it does not print it."""
    good = read(json.dumps({"telegram": TELEGRAM.hex(), "key": "00" * 16}).encode())
    assert good.heard[0].key == bytes(16)
    bad = read(json.dumps({"telegram": TELEGRAM.hex(), "key": "5EC4E7" * 5}).encode())
    assert "5EC4" not in str(bad.problems[0])
    assert "16 bytes" in str(bad.problems[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T11:00:00Z", "2026-03-01T11:00:00+00:00"),
        ("2026-03-01T12:00:00.123456789+01:00", "2026-03-01T11:00:00.123456+00:00"),
        ("2026-03-01 12:00:00", "2026-03-01T11:00:00+00:00"),
        ("1772362800", "2026-03-01T11:00:00+00:00"),
        ("", "2026-03-01T12:00:00+00:00"),
        ("@0.037s", "2026-03-01T12:00:00+00:00"),
        ("1970-01-01T00:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2027-01-01T00:00:00Z", "2026-03-01T12:00:00+00:00"),
    ],
)
def test_the_gateways_time_is_taken_where_it_can_be_right(text: str, expected: str) -> None:
    """With or without zone; our own where its clock was never set or runs ahead."""
    assert parse_gateway_time(text, arrival=NOW, zone=OSLO).isoformat() == expected


@pytest.mark.parametrize(("arrival", "expected"), [(0, "00:30"), (1, "01:30")])
def test_the_repeated_hour_is_the_one_nearer_to_the_arrival(arrival: int, expected: str) -> None:
    """02:30 on the night in autumn is twice: the message has just arrived."""
    at = datetime(2025, 10, 26, arrival, 31, tzinfo=UTC)
    assert f"{parse_gateway_time('2025-10-26 02:30:00', arrival=at, zone=OSLO):%H:%M}" == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("meter;dato;stand (m3)\n!?;2026-01-01;5\n", "line 2, meter"),
        ("meter;dato;stand (m3)\n12345678;2026-01-01;1.234,5,6\n", "line 2, stand (m3): is '1.234,5,6'"),
        ("meter;dato;stand (m3)\n12345678;2026-01-01;-5\n", "expected a number from 0"),
        ("meter;dato;stand (m3)\n12345678;2027-01-01;5\n", "expected a time that is not ahead"),
        ("meter;dato;stand (m3)\n12345678;;5\n", "line 2, dato: a value is required"),
        ("meter;dato;stand;enhet\n12345678;2026-01-01;5;fot\n", "line 2, enhet: is 'fot': expected a unit"),
        ("meter;dato;stand (m3)\n;2026-01-01;5\n", "a meter or a point is required"),
        ("meter;dato;kl;stand (m3)\n12345678;2026-01-01;25:00;5\n", "expected a time of day"),
    ],
)
def test_a_bad_row_is_told_with_line_column_and_what_is_expected(text: str, words: str) -> None:
    """And the good row below it is taken in."""
    good = {"meter": "87654321", "dato": "2026-01-02", "kl": "14:30", "enhet": "m3"}
    extra = ";".join(good.get(column, "7") for column in text.splitlines()[0].split(";"))
    parsed = read((text + extra + "\n").encode())
    assert len(parsed.heard) == 1
    assert words in str(parsed.problems[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Fra;Til;KWH 60 Forbruk\n31.02.2026 00:00;;1\n", "line 2, Fra: is '31.02.2026 00:00'"),
        ("Fra;Til;KWH 60 Forbruk\n29.03.2026 02:30;;1\n", "clocks skip that time"),
        ("Fra;Til;KWH 60 Forbruk\n01.01.2026 00:00;;x\n", "line 2, KWH: is 'x': expected a number"),
        ("Fra;Til;KWH 60 Forbruk\n01.01.2026 00:00;;\n", "no amount in this hour"),
        ("Fra;Til;KWH 60 Forbruk;Kvalitet\n01.01.2026 00:00;;1;Gjettet\n", "expected Målt, Beregnet or Estimert"),
    ],
)
def test_a_bad_hour_of_elhub_is_told(text: str, words: str) -> None:
    """With its line; the other hours are taken in."""
    good = "02.01.2026 00:00;;2" + ";Målt" * ("Kvalitet" in text) + "\n"
    message = Message((text + good).encode(), datetime(2026, 6, 1, tzinfo=UTC), "s", "707057500000000018.csv")
    (parsed,) = read_file_pieces(message)
    assert len(parsed.heard) == 1
    assert words in str(parsed.problems[0])


def test_elhub_needs_the_metering_point() -> None:
    """The error says where the point is looked for."""
    message = Message(b"Fra;Til;KWH 60 Forbruk\n01.01.2026 00:00;;1\n", NOW, "s", "x.csv")
    with pytest.raises(FormatError, match="the metering point is not known"):
        list(read_file_pieces(message))


def test_newer_files_of_elhub_have_offsets_and_quarters() -> None:
    """Comma between, decimal point, ISO times, production."""
    text = "Fra,Til,KWH 15 Produksjon,Kvalitet\n2026-01-01T00:00:00+01:00,2026-01-01T00:15:00+01:00,0.125,Beregnet\n"
    (parsed,) = read_file_pieces(Message(text.encode(), NOW, "s", "707057500000000018.csv"))
    (row,) = json.loads(parsed.heard[0].payload)["readings"]
    assert (row["since"], row["at"]) == ("2025-12-31T23:00:00+00:00", "2025-12-31T23:15:00+00:00")
    assert (row["value"], row["direction"], row["quality"]) == ("0.125", "export", "estimated")


@pytest.mark.parametrize(
    "payload",
    [
        b'{"avlest": 1, "telegrams": []}',
        b"[]",
        b"serial-number;device-identification;created;value-data-count;mbus-raw-value\n",
        b"meter;dato;stand (m3)\n",
    ],
)
def test_a_message_with_nothing_in_it_is_an_outcome(payload: bytes) -> None:
    """No telegram, nothing wrong: it is told all the same."""
    parsed = read(payload)
    assert (parsed.heard, parsed.problems, parsed.notes) == ((), (), ("nothing in it",))


def test_a_file_with_headings_only_is_told() -> None:
    """The report beside the file must say why it went to failed."""
    for text in ("meter;dato;stand (m3)\n", "Fra;Til;KWH 60 Forbruk\n"):
        (parsed,) = read_file_pieces(Message(text.encode(), NOW, "s", "707057500000000018.csv"))
        assert parsed.notes == ("nothing in it",)


def test_damaged_csv_of_rtl_433_is_told() -> None:
    """A line end inside a line is no reason to stop."""
    assert "not a line of CSV" in str(read(b"2026,Wireless-MBus\r1,x", name="rtl_433_csv").problems[0])


def test_a_formula_in_a_file_of_elhub_is_told() -> None:
    """One cell that is no value costs its row."""
    text = "Fra;Til;KWH 60 Forbruk;Kvalitet\n01.01.2026 00:00;;1;=1+1\n01.01.2026 01:00;;2;Målt\n"
    (parsed,) = read_file_pieces(Message(text.encode(), NOW, "s", "707057500000000018.csv"))
    assert len(parsed.heard) == 1
    assert str(parsed.problems[0]) == "line 2: expected a value, not a formula: paste the column as values"


GOOD = (
    RTL,
    HAN,
    TELEGRAM.hex().encode(),
    b'{"avlest":1,"telegrams":[{"data":"2E44"}]}',
    b"meter;dato;stand (m3)\n1;31.01.2026;1,5\n",
    b"Fra;Til;KWH 60 Forbruk\n1;2;3\n",
)


@given(st.data())
def test_messages_with_damage_are_outcomes(data: st.DataObject) -> None:
    """Bytes of good messages turned over, cut out and repeated: never an exception."""
    good = data.draw(st.sampled_from(GOOD))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(good)), st.integers(0, len(good)))))
    payload = good[:start] + data.draw(st.binary(max_size=12)) + good[end:] * data.draw(st.integers(1, 2))
    parsed = read(payload)
    assert parsed.heard or parsed.problems or parsed.notes
    try:
        list(read_file_pieces(Message(payload, NOW, "s", "707057500000000018.csv")))
    except FormatError as error:
        assert error.detail
