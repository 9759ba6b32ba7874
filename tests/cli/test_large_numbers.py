# SPDX-License-Identifier: Apache-2.0
"""Counters of eight bytes, beyond what a double or a signed number holds, come out of whole files."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from avlest.catalogue.catalogue import build_catalogue
from avlest.cli.decode import Format, decode_files
from avlest.telegrams.encode.records import RecordSpec
from avlest.telegrams.encode.telegrams import encode_telegram
from avlest.telegrams.keyring import build_keyring
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope

_UNKNOWN_METER = Address(0x1234, b"\x01\x02\x03\x04", 0x77, 0x07)
_NUMBERS = (1, 2**53 + 1, 2**63 - 1, 2**63 + 12345, 2**64 - 1)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """A file with every number in ten telegrams, so that they are decoded in columns."""
    telegrams = [
        encode_telegram(
            [RecordSpec(bytes.fromhex("07fd60"), number), RecordSpec(bytes.fromhex("0713"), number % 2**62)],
            Envelope(_UNKNOWN_METER, access_number=count),
        )
        for count in range(10)
        for number in _NUMBERS
    ]
    path = tmp_path / "telegrams.txt"
    path.write_text("\n".join(telegram.hex() for telegram in telegrams))
    return path


def test_json_holds_them_exactly(capture: Path, tmp_path: Path) -> None:
    """Whole numbers up to 2**64 are printed digit by digit."""
    output = tmp_path / "out.json"
    tally = decode_files([str(capture)], [], build_catalogue(), build_keyring([]), Format.JSON, output)
    assert tally.failed == {}
    objects = [json.loads(line) for line in output.read_text().splitlines()]
    (name,) = (name for name in objects[0] if "reset_counter" in name)
    assert [item[name] for item in objects] == list(_NUMBERS) * 10


def test_parquet_holds_them_as_doubles(capture: Path, tmp_path: Path) -> None:
    """A column of doubles takes the nearest one, without an error."""
    output = tmp_path / "out.parquet"
    tally = decode_files([str(capture)], [], build_catalogue(), build_keyring([]), Format.PARQUET, output)
    assert tally.failed == {}
    frame = pl.read_parquet(output).sort("line")
    (name,) = (name for name in frame.columns if "reset_counter" in name)
    assert frame[name].to_list() == [float(number) for number in _NUMBERS] * 10
