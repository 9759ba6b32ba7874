# SPDX-License-Identifier: Apache-2.0
"""`avlest decode` prints one object a telegram, in order, whatever stands in the input."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from avlest.cli.app import build_app
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Sealing, build_telegram
from avlest.telegrams.wmbus.manufacturer import encode_manufacturer

KEY = bytes(range(16))
OTHER_KEY = bytes(16)


def water(number: int, litres: int, *, key: bytes | None = KEY) -> str:
    """A water meter's telegram as hex: `number` is its serial, `litres` its register."""
    address = Address(encode_manufacturer("XYZ"), number.to_bytes(4, "little"), 1, 7)
    payload = b"\x04\x13" + litres.to_bytes(4, "little")
    envelope = Envelope(address, 0x7A, access_number=litres & 0xFF)
    return build_telegram(payload, envelope, sealing=Sealing("mode5", key) if key else Sealing()).hex()


def run(*arguments: str, text: str | bytes | None = None) -> Result:
    return CliRunner().invoke(build_app(arguments), list(arguments), input=text)


def objects(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_telegram_on_the_command_line_gives_one_object() -> None:
    result = run("decode", "--hex", water(0x12345678, 103145), "--key", KEY.hex())
    assert result.exit_code == 0
    assert objects(result) == [
        {"media": "water", "meter": "unknown", "id": "12345678", "manufacturer": "XYZ", "total_m3": 103.145}
    ]


def test_every_line_gives_an_object_in_order_and_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    lines = [water(number, 1000 * number) for number in range(1, 41)]
    lines[10:10] = ["zz", "123", "# a comment", "", '{"telegram": 5}', "11", "AA" * 11]
    path = tmp_path / "telegrams.txt"
    path.write_text("\n".join(lines))
    result = run("decode", str(path), "--key", KEY.hex())
    found = objects(result)
    assert result.exit_code == 1
    assert [item.get("error") for item in found[9:16]] == [
        None, "not_hex", "not_hex", "bad_json", "too_short", "bad_records", None,
    ]  # fmt: skip
    assert [item["line"] for item in found if "error" in item] == [11, 12, 15, 16, 17]
    assert [item["total_m3"] for item in found if "total_m3" in item] == [float(number) for number in range(1, 41)]
    assert "40 of 45 telegrams decoded; 5 not: 2 not_hex" in result.stderr


def test_standard_input_takes_hex_rtl_wmbus_rtl_433_and_json_with_keys_mixed() -> None:
    lines = [
        water(1, 1000, key=None),
        f"T1;1;1;2026-11-23 08:00:00.000;97;148;00000002;0x{water(2, 2000, key=None)}",
        json.dumps({"time": "2026-11-23 08:00:01", "model": "Wireless-MBus", "data": water(3, 3000, key=None)}),
        json.dumps({"telegram": water(4, 4000), "key": KEY.hex(), "received_at": "2026-11-23T08:00:02Z"}),
        json.dumps({"telegram": water(5, 5000), "key": OTHER_KEY.hex()}),
        "|" + water(6, 6000, key=None).upper() + "|",
    ]
    found = objects(run("decode", "-", text="\n".join(lines)))
    assert [item.get("total_m3", item.get("error")) for item in found] == [1, 2, 3, 4, "key_wrong", 6]
    assert [item.get("received_at") for item in found[1:4]] == [
        "2026-11-23 08:00:00.000", "2026-11-23 08:00:01", "2026-11-23T08:00:02Z",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("keys.csv", "address;key\n00000007;{key}\n"),
        ("keys.csv", "\ufeffSerienummer,Nøkkel\r\n00000007,{key}\r\n"),
        ("keys.toml", '[keys]\n00000007 = "{key}"\n'),
        ("keys.json", '{{"00000007": "{key}"}}'),
        ("keys.json", '[{{"address": "00000007", "key": "{key}"}}]'),
    ],
)
def test_keys_are_read_from_csv_toml_and_json(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text.format(key=KEY.hex()), encoding="utf-8")
    found = objects(run("decode", "--hex", water(7, 7000), "--keys", str(path)))
    assert found[0]["total_m3"] == 7


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("serial;secret\n1;2\n", "line 1: expected a header with the columns address and key"),
        ("address;key\n00000007;xyz\n", "line 2: a key is hexadecimal"),
        ("address;key\n7;000102030405060708090a0b0c0d0e0f\n", "line 2: an address has eight hexadecimal digits"),
        ("address;key\n00000007\n", "line 2: 1 columns, the header has 2"),
    ],
)
def test_a_key_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "keys.csv"
    path.write_text(text)
    result = run("decode", "--hex", water(7, 7000), "--keys", str(path))
    assert result.exit_code == 2
    assert f"{path}: {problem}" in result.stderr
    assert "000102030405" not in result.stderr


@pytest.mark.parametrize(
    "arguments", [["nowhere.txt"], ["-", "--keys", "nowhere.csv"], ["-", "--catalogue", "nowhere"], []]
)
def test_input_that_cannot_be_read_ends_with_status_two(arguments: list[str]) -> None:
    result = run("decode", *arguments, text="")
    assert result.exit_code == 2
    assert result.stderr.startswith("avlest: ")


def mixed_file(folder: Path, count: int = 60) -> Path:
    lines = [water(number, 1000 * number) for number in range(1, count + 1)]
    lines[5] = "no hex"
    path = folder / "telegrams.txt.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def test_a_parquet_file_has_a_column_for_every_field_and_a_row_for_every_line(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    path = mixed_file(tmp_path)
    result = run("decode", str(path), "--key", KEY.hex(), "--format", "parquet", "-o", str(output))
    frame = pl.read_parquet(output).sort("line")
    assert result.exit_code == 1
    assert frame["line"].to_list() == list(range(1, 61))
    assert frame["total_m3"].to_list() == [None if line == 6 else float(line) for line in range(1, 61)]
    assert frame["error"].drop_nulls().to_list() == ["not_hex"]
    assert frame["id"][0] == "00000001"


def test_csv_holds_the_same_rows_in_the_order_of_the_input(tmp_path: Path) -> None:
    result = run("decode", str(mixed_file(tmp_path)), "--key", KEY.hex(), "--format", "csv")
    frame = pl.read_csv(result.stdout.encode())
    assert frame["line"].to_list() == list(range(1, 61))
    assert frame["total_m3"][59] == 60.0


def test_a_table_shows_errors_and_readings(tmp_path: Path) -> None:
    text = run("decode", str(mixed_file(tmp_path)), "--key", KEY.hex(), "--format", "table").stdout
    assert "not_hex" in text
    assert "total_m3=60" in text


def test_a_field_that_turns_up_late_does_not_break_a_parquet_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avlest.cli.decode.CHUNK_BYTES", 2000)
    lines = [water(number, 1000 * number, key=None) for number in range(1, 200)] + ["no hex"]
    path, output = tmp_path / "in.txt", tmp_path / "out.parquet"
    path.write_text("\n".join(lines))
    run("decode", str(path), "--format", "parquet", "-o", str(output))
    frame = pl.read_parquet(output).sort("line")
    assert frame["total_m3"].drop_nulls().to_list() == [float(number) for number in range(1, 200)]
    assert frame["error"].to_list()[-1] == "not_hex"


def test_raw_adds_every_record_as_sent() -> None:
    found = objects(run("decode", "--raw", "--hex", water(9, 9, key=None)))
    assert found[0]["records"] == [
        {
            "key": "0413", "data": "09000000", "function": "instant", "storage": 0, "tariff": 0, "subunit": 0,
            "quantity": "volume", "unit": "m3", "scale": "1/1000", "modifiers": [], "value": 9,
        }
    ]  # fmt: skip


def test_a_users_own_catalogue_file_names_the_fields(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'family = "mine"\ntitle = "M"\nsource = "s"\nmeters = ["XYZ:01:07"]\n'
        '[[field]]\nname = "tank_l"\nfrom = { vif = "volume" }\n'
    )
    found = objects(run("decode", "--hex", water(9, 9, key=None), "--catalogue", str(tmp_path)))
    assert found[0]["meter"] == "mine"
    assert found[0]["tank_l"] == 9


def test_a_broken_catalogue_file_of_a_user_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('family = "mine"\nmeters = []\n')
    result = run("decode", "--hex", water(9, 9, key=None), "--catalogue", str(tmp_path))
    assert result.exit_code == 2
    assert "mine.toml: file: title must be text" in result.stderr


def test_explain_accounts_for_every_byte_and_drafts_a_file_for_an_unknown_meter() -> None:
    telegram = water(9, 9)
    result = run("explain", telegram, "--key", KEY.hex())
    assert result.exit_code == 0
    assert 'meters = ["XYZ:01:07"]' in result.stdout
    assert 'from = { vif = "volume" }' in result.stdout
    assert "total_m3" in result.stdout


def test_the_catalogue_lists_shows_and_tests_its_families() -> None:
    assert "kamwater" in run("catalogue", "list").stdout
    assert 'family = "kamwater"' in run("catalogue", "show", "kamwater").stdout
    assert run("catalogue", "show", "no_such").exit_code == 2
    assert run("catalogue", "test", "kamwater").exit_code == 0


def test_a_line_without_end_is_one_error_and_the_next_line_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avlest.cli.decode.CHUNK_BYTES", 1 << 18)
    path = tmp_path / "long.txt"
    path.write_text("a" * (5 << 20) + "\n" + water(2, 2000, key=None) + "\n")
    found = objects(run("decode", str(path)))
    assert [item.get("error") for item in found] == ["too_long", None]
    assert found[0]["line"] == 1


def test_a_parquet_file_in_a_folder_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    output = tmp_path / "nowhere" / "out.parquet"
    result = run("decode", "-", "--format", "parquet", "-o", str(output), text=water(1, 1000, key=None))
    assert result.exit_code == 2
    assert result.stderr.startswith("avlest: ")
    assert str(output) in result.stderr


@pytest.mark.parametrize("more", [["--raw"], ["--format", "table"]])
def test_a_meters_own_error_field_is_no_failure_to_decode(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "mine.toml").write_text(
        'family = "mine"\ntitle = "M"\nsource = "s"\nmeters = ["XYZ:01:07"]\n'
        '[[field]]\nname = "error"\nfrom = { vif = "volume" }\n'
        '[[field.lookup]]\nname = "E"\nnames = { 0x1 = "OVERFLOW" }\n'
    )
    result = run("decode", "-", "--catalogue", str(tmp_path), *more, text=water(1, 1, key=None))
    assert result.exit_code == 0
    assert "OVERFLOW" in result.stdout
    assert "1 of 1 telegrams decoded" in result.stderr
    assert "error=OVERFLOW" in result.stdout or '"error": "OVERFLOW"' in result.stdout
