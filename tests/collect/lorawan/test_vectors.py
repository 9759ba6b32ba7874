# SPDX-License-Identifier: Apache-2.0
"""Public LoRaWAN uplinks with the values that the makers' codecs and other parsers give for them.

Uplinks of M-Bus records are always checked.  The others need their codecs, which are not
ours to hand out: set `AVLEST_TEST_CODECS` to a folder that holds them under the paths of the vector
file (`vendor/…`, a copy of the device repository of The Things Network).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.lorawan.decode import UplinkReader, decode_lorawan
from avlest.catalogue.lorawan.model import Device, LorawanReading
from avlest.catalogue.lorawan.profiles import build_profiles
from avlest.collect.lorawan.runner import CodecRunner
from avlest.telegrams.lorawan.calls import CodecCall
from avlest.telegrams.outcomes import Outcome, TelegramError
from tests.conftest import read_vectors

NOW = datetime(2026, 11, 23, tzinfo=UTC)
READER = UplinkReader(build_catalogue(), build_profiles())
NATIVE = {"kamstrup": "", "elvaco": "elvaco", "sontex": "sontex"}
"""Vendors whose uplinks are records, and a word for their kind of device."""

# Names in the parsers' objects, ours, and how many of theirs are one of ours.
NUMBERS = {
    "energy": ("total_kwh", 1),
    "volume": ("total_m3", 1),
    "flow": ("volume_flow_m3h", 1),
    "flow_temperature": ("flow_temperature_c", 1),
    "supply_temperature": ("flow_temperature_c", 1),
    "return_temperature": ("return_temperature_c", 1),
    "temperature": ("external_temperature_c", 1),
    "humidity": ("relative_humidity_rh", 1),
    "0_0_0_energy_Wh": ("total_kwh", 1000),
    "0_0_0_volume_m³": ("total_m3", 1),
    "0_0_0_flow_m³/h": ("volume_flow_m3h", 1),
    "0_0_0_power_W": ("power_kw", 1000),
    "0_0_0_supply_temperature_°C": ("flow_temperature_c", 1),
    "0_0_0_return_temperature_°C": ("return_temperature_c", 1),
    "20_0_0_energy_Wh": ("history_storage_20_kwh", 1000),
    "20_0_0_volume_m³": ("history_storage_20_m3", 1),
}
PROFILES = {
    "Volume": ("total_m3", "instant"),
    "Min Volume flow": ("minimum_volume_flow_m3h", "minimum"),
    "Max Volume flow": ("maximum_volume_flow_m3h", "maximum"),
    "Min Flow temperature": ("minimum_flow_temperature_c", "minimum"),
    "Max Flow temperature": ("maximum_flow_temperature_c", "maximum"),
    "ALD last day": ("acoustic_noise_counter", "instant"),
}


@pytest.fixture(scope="module")
def rows(shared_vectors: Path) -> list[dict[str, Any]]:
    return read_vectors(shared_vectors / "lorawan.jsonl")


@pytest.fixture(scope="module")
def native(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The uplinks that are records: 5 of Kamstrup, 13 of Elvaco's modules, 2 of Sontex."""
    found = [row for row in rows if row["vendor"].lower() in NATIVE]
    assert len(found) == 20
    return found


def read(row: dict[str, Any]) -> LorawanReading:
    device = Device("0102030405060708", NATIVE[row["vendor"].lower()])
    payload = bytes.fromhex(row["bytes_hex"])
    return decode_lorawan(payload, port=row["fPort"] or 2, device=device, received_at=NOW, reader=READER)


def test_heat_meters_give_the_expected_values(native):
    """Energy, volume, power, flow, temperatures and serial number of every heat uplink."""
    heat = [row for row in native if row["vendor"] != "kamstrup"]
    assert sum(check_heat(row["expected"].get("data", row["expected"]), read(row)) for row in heat) > 80


def check_heat(expected: dict[str, Any], reading: LorawanReading) -> int:
    """Compare one object; returns how many members were held against ours."""
    found = {value.name: value.value for value in reading.values}
    invalid = " ".join(reading.warnings)
    compared = 0
    for name, (ours, many) in NUMBERS.items():
        if name not in expected:
            continue
        compared += 1
        if ours not in found:  # the other parser prints 0 where the meter says that it has no value
            assert (expected[name], f"error_{ours}" in invalid) == (0, True)
        else:
            assert found[ours] * many == read_number(expected[name]), name
    if "power" in expected and "power_kw" in found:
        many = 1000 if "power_unit" in expected else 1  # watts there, kilowatts in the makers' codecs
        assert found["power_kw"] * many == read_number(expected["power"])
        compared += 1
    return compared + check_serial(expected, reading.serial)


def check_serial(expected: dict[str, Any], serial: str) -> int:
    names = ("serial", "serial_from_message", "fabrication_block", "0_0_0_fabrication_block")
    (theirs,) = [expected[name] for name in names if name in expected] or [None]
    if theirs is None:
        return 0
    number = read_number(theirs)
    # One codec takes the packed decimal digits for a binary number.
    assert int(serial) == number or int(serial, 16) == number
    return 1


def read_number(found: object) -> Fraction:
    """The other parser's number; the flagged example writes "9818,"."""
    return Fraction(str(found).rstrip(","))


def test_error_flags_are_kept(native):
    """A status is there exactly where the codec's flags are not zero."""
    flagged = [row for row in native if "error_flag" in row["expected"].get("data", {})]
    assert len(flagged) == 6
    for row in flagged:
        assert bool(read(row).status) == bool(int(row["expected"]["data"]["error_flag"]))


def test_water_meters_give_every_hour(native):
    """All values of the maker's own codec with their times, hourly profiles too."""
    water = [row for row in native if row["vendor"] == "kamstrup" and not row["expected"].get("errors")]
    assert len(water) == 4
    for row in water:
        try:
            reading = read(row)
        except TelegramError as error:
            pytest.fail(f"{row['description']}: {error}")
        expected = row["expected"]["data"]["values"]
        wanted = sorted(
            (*PROFILES[item["Type"]], Fraction(str(item["Value"])), item["Timestamp"])
            for item in expected
            if item["Type"] in PROFILES and item["Value"] is not None
        )
        assert [item for item in sorted(map(show, reading.values)) if item[0] in dict(PROFILES.values())] == wanted
        raised = {re.sub(r"\W", "_", item["Type"]).upper() for item in expected if item["Value"] is True}
        assert set(reading.status) - {"TEMPORARY_ERROR"} == raised


def show(value: Any) -> tuple[str, str, Fraction, str]:
    """A value of ours as the maker's codec shows it: the meter's own clock, without its zone."""
    zone = READER.profiles.find(b"\x78", port=1, device=Device("0" * 16))[0].zone
    clock = value.at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return value.name, value.function, value.value, clock


def test_other_members_are_kept_as_text(native):
    """The configuration number of the frame that a module sends at its installation."""
    (row,) = [row for row in native if row["description"].startswith("Installation frame")]
    (number,) = [item["Value"] for item in row["expected"]["data"]["values"]]
    reading = read(row)
    assert str(number) in dict(reading.texts).values()
    assert reading.serial == "53885758"


def test_a_profile_without_base_is_refused_as_the_maker_refuses_it(native):
    """The example with a missing base value gives no reading and says so."""
    (row,) = [row for row in native if row["expected"].get("errors")]
    with pytest.raises(TelegramError, match="base value") as caught:
        read(row)
    assert caught.value.outcome is Outcome.BAD_RECORDS


def make_codec_rows(rows: list[dict[str, Any]], folder: Path) -> Iterator[tuple[dict[str, Any], str]]:
    for row in rows:
        path = folder / row["codec_path"]
        if path.suffix == ".js" and path.is_file():
            yield row, path.read_text("utf-8-sig")


def test_the_makers_codecs_give_the_expected_objects(rows):
    """Every example whose codec is at hand gives its object, but for those flagged as differing from their codec."""
    folder = os.environ.get("AVLEST_TEST_CODECS")
    if not folder:
        pytest.skip("the makers' codecs are not here: set AVLEST_TEST_CODECS to the folder that holds vendor/")
    found = list(make_codec_rows(rows, Path(folder)))
    assert found, f"no codec of the vector file lies under {folder}"
    with CodecRunner({row["codec_path"]: source for row, source in found}) as runner:
        for row, _ in found:
            if row.get("codec_run_in_quickjs_ng_matches_expected") is False:
                continue
            payload = bytes.fromhex(row["bytes_hex"])
            answer = json.loads(runner.run(CodecCall(row["codec_path"], payload, row["fPort"] or 1, NOW)))
            wanted = row["expected"]
            assert answer.get("data") == wanted.get("data"), (row["vendor"], row["description"])
            assert (answer.get("errors") or []) == (wanted.get("errors") or [])
