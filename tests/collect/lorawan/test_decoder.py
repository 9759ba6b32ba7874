# SPDX-License-Identifier: Apache-2.0
"""Uplinks as the inbox has them, through profiles, records and the codec of a device invented for tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.lorawan.model import LorawanReading
from avlest.catalogue.model import CatalogueError
from avlest.collect.heard import Heard
from avlest.collect.lorawan.decoder import LorawanDecoder, make_uplink, open_lorawan_decoder
from avlest.collect.lorawan.folder import read_codec_folder
from avlest.telegrams.encode.records import RecordSpec, encode_records
from avlest.telegrams.outcomes import DESCRIPTIONS, Outcome, TelegramError

CODECS = Path(__file__).parent / "codecs"
NOW = datetime(2026, 3, 2, 12, 17, tzinfo=UTC)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
METER = "F000000000000001"


def heard(payload: bytes, *, address: str = METER, port: int = 5, counter: int = 1) -> Heard:
    return Heard(NOW, "lns", "lorawan", payload, address=address, port=port, counter=counter)


def fjordvann(litres: int, *hours: int, state: int = 0, temperature: int = 78) -> bytes:
    """An uplink of the invented meter."""
    time = round(NOON.timestamp())
    head = bytes([state]) + temperature.to_bytes(2, "little", signed=True)
    return head + litres.to_bytes(4, "little") + time.to_bytes(4, "little") + bytes(hours)


@pytest.fixture(scope="module")
def decoder() -> Iterator[LorawanDecoder]:
    made, problems = open_lorawan_decoder(build_catalogue(), CODECS)
    assert problems == ()
    with made:
        yield made


def test_a_codecs_object_becomes_a_reading(decoder):
    """Register, hourly values before it, temperature, status and texts, exact and dated."""
    (reading,) = decoder.decode_batch([heard(fjordvann(123_456, 10, 0, 3, 255, 9, state=2, temperature=-5))])
    assert isinstance(reading, LorawanReading)
    volumes = [(value.value, value.at) for value in reading.values if value.name == "total_m3"]
    assert volumes == [
        (Fraction(litres, 1000), NOON - timedelta(hours=hours))
        for hours, litres in enumerate([123_456, 123_446, 123_446, 123_443])
    ]
    (temperature,) = [value for value in reading.values if value.quantity == "flow_temperature"]
    assert (temperature.value, temperature.at, temperature.unit) == (Fraction(-1, 2), None, "c")
    assert (reading.status, reading.texts) == (("LEAK",), (("firmware", "1.5"),))
    assert (reading.device.eui, reading.counter, reading.profile) == (METER, 1, "fjordvann_x1")


def test_what_one_device_said_is_not_in_the_next_ones_reading(decoder):
    """The test codec gathers warnings in a global list, as careless codecs do; each reading has its own alone."""
    strange, sound = decoder.decode_batch(
        [heard(fjordvann(1, state=7)), heard(fjordvann(2), address="F000000000000002")]
    )
    assert isinstance(strange, LorawanReading)
    assert isinstance(sound, LorawanReading)
    assert (strange.warnings, strange.status) == (("state 7",), ("STATE_7",))
    assert (sound.warnings, sound.status) == ((), ())


def test_records_and_codecs_mix_in_one_batch_in_order(decoder):
    """Each message has its own result, whichever way it is read, and no failure stops another."""
    records = b"\x00" + encode_records([RecordSpec(b"\x0c\x06", 4711)])
    batch = [
        heard(fjordvann(1000)),
        heard(records, address="94193A0000000001", port=2),
        heard(b"\x00\x01"),
        heard(b"\x01", port=9),
        heard(b"\xee", address="0102030405060708", port=77),
        heard(fjordvann(2000)),
    ]
    results = decoder.decode_batch(batch)
    shown = [
        item.outcome.value if isinstance(item, TelegramError) else (item.profile, item.values[0].value)
        for item in results
    ]
    assert shown == [
        ("fjordvann_x1", 1),
        ("elvaco_cmi", 4711),
        "bad_payload",
        "no_data",
        "codec_missing",
        ("fjordvann_x1", 2),
    ]
    assert isinstance(results[2], TelegramError)
    assert "expected at least 11 bytes, got 2" in results[2].detail


def test_the_kind_of_device_finds_the_profile_where_the_dev_eui_does_not(decoder):
    """A network server's name for the device is enough."""
    message = heard(fjordvann(1), address="0102030405060708")
    assert isinstance(decoder.decode_batch([message])[0], TelegramError)
    (reading,) = decoder.decode_batch([message], kinds={"0102030405060708": "my fjordvann x1 meters"})
    assert isinstance(reading, LorawanReading)


def test_a_message_of_another_road_is_a_mistake_of_the_caller():
    """Only uplinks come here."""
    with pytest.raises(ValueError, match="no uplink"):
        make_uplink(Heard(NOW, "x", "wmbus", b"\x01"))


def test_without_a_folder_the_built_in_profiles_are_there():
    """No setting is needed for what is M-Bus records."""
    decoder, problems = open_lorawan_decoder(build_catalogue(), None)
    with decoder:
        payload = b"\x78" + encode_records([RecordSpec(b"\x04\x13", 5)])
        (reading,) = decoder.decode_batch([heard(payload, address="0102030405060708", port=1)])
    assert isinstance(reading, LorawanReading)
    assert problems == ()


PROFILE = (CODECS / "fjordvann.toml").read_text("utf-8")


def test_files_that_cannot_be_used_are_told_and_the_others_are_used(tmp_path):
    """A wrong profile, a codec that is missing or outside, a name twice: one sentence each, naming the file."""
    (tmp_path / "a.toml").write_text(PROFILE, "utf-8")
    (tmp_path / "fjordvann.js").write_bytes(b"\xef\xbb\xbf" + (CODECS / "fjordvann.js").read_bytes())
    (tmp_path / "b.toml").write_text(PROFILE, "utf-8")
    (tmp_path / "c.toml").write_text(
        PROFILE.replace("fjordvann_x1", "c").replace("fjordvann.js", "missing.js"), "utf-8"
    )
    (tmp_path / "d.toml").write_text(PROFILE.replace("fjordvann_x1", "d").replace("fjordvann.js", "../x.js"), "utf-8")
    (tmp_path / "e.toml").write_text(PROFILE.replace("source", "sauce"), "utf-8")
    (tmp_path / "f.toml").write_bytes(b"\xff\xfe")
    found = read_codec_folder(tmp_path)
    assert [problem.split(":")[0] for problem in found.problems] == ["b.toml", "c.toml", "d.toml", "e.toml", "f.toml"]
    for problem, words in zip(
        found.problems,
        ["also in a.toml", "no file 'missing.js'", "outside the folder", "'sauce'", "UTF-8"],
        strict=True,
    ):
        assert words in problem
    assert set(found.sources) == {"fjordvann.js"}
    with LorawanDecoder(build_catalogue(), found) as decoder:
        assert isinstance(decoder.decode_batch([heard(fjordvann(1))])[0], LorawanReading)


def test_a_folder_that_is_none_is_named(tmp_path):
    """A wrong path in the settings is an error at the start, not silence."""
    with pytest.raises(CatalogueError, match="no such folder"):
        read_codec_folder(tmp_path / "nowhere")


def test_a_family_file_in_the_folder_names_records(tmp_path):
    """A user's own family gives an own device's records their names and status words."""
    (tmp_path / "family.toml").write_text(
        'family = "mine"\ntitle = "t"\nsource = "s"\nmeters = []\n'
        '[[field]]\nname = "garden_m3"\nfrom = { key = "0413" }\n', "utf-8")  # fmt: skip
    (tmp_path / "device.toml").write_text(
        'profile = "mine"\ntitle = "t"\nsource = "s"\ndev_eui = ["F0"]\n'
        '[[uplink]]\nlayout = "records"\nfamily = "mine"\n', "utf-8")  # fmt: skip
    with LorawanDecoder(build_catalogue(), read_codec_folder(tmp_path)) as decoder:
        (reading,) = decoder.decode_batch([heard(encode_records([RecordSpec(b"\x04\x13", 5)]))])
    assert isinstance(reading, LorawanReading)
    assert reading.values[0].name == "garden_m3"


def test_outcomes_of_the_road_are_described():
    """The codes that this room adds have a sentence each."""
    assert all(DESCRIPTIONS[code].endswith(".") for code in (Outcome.CODEC_FAILED, Outcome.CODEC_MISSING))
