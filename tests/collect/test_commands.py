# SPDX-License-Identifier: Apache-2.0
"""The commands of collection as a person calls them, in a data directory of their own."""

from __future__ import annotations

import json
import os
from pathlib import Path

import polars as pl
import pytest
from openpyxl import load_workbook

from tests.collect.commands import run_command
from tests.collect.senders import MAKER, Sender

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AVLEST_", "DJANGO_"))}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]) -> Path:
    """A service with two meters that has worked on one file of telegrams."""
    folder = tmp_path_factory.mktemp("service") / "data"
    run_command("init", str(folder), environ=environ)
    senders = [Sender(1), Sender(2)]
    keys = folder / "keys.csv"
    rows = [f"{MAKER};{sender.serial};{sender.key.hex()}\n" for sender in senders]
    keys.write_text("manufacturer;serial;key\n" + "".join(rows), encoding="utf-8")
    run_command("import", "keys", str(keys), "--data", str(folder), environ=environ)
    fill = folder / "fill.py"
    fill.write_text(
        "import django; django.setup()\n"
        "from datetime import UTC, datetime\n"
        "from avlest.collect.heard import Heard\n"
        "from avlest.collect.inbox import Inbox\n"
        "from tests.collect.senders import Sender\n"
        "at = datetime(2026, 3, 1, 12, tzinfo=UTC)\n"
        "Inbox().put([Heard(at, 'roof', 'wmbus', Sender(n).send(1000 + n)) for n in (1, 2, 3)])\n",
        encoding="utf-8",
    )
    run_python(fill, folder, environ)
    run_command("work", "--once", "--data", str(folder), environ=environ)
    return folder


def run_python(script: Path, folder: Path, environ: dict[str, str]) -> None:
    import subprocess
    import sys

    root = str(Path(__file__).resolve().parents[2])
    more = {"AVLEST_DATA": str(folder), "DJANGO_SETTINGS_MODULE": "avlest.project.settings", "PYTHONPATH": root}
    subprocess.run([sys.executable, str(script)], env={**environ, **more}, check=True, timeout=120)


def test_readings_are_shown_with_meter_quantity_and_unit(data: Path, environ: dict[str, str]) -> None:
    text = run_command("readings", "show", "--data", str(data), "--meter", Sender(1).serial, environ=environ)
    assert f"2026-03-01T12:00:00Z  {MAKER} {Sender(1).serial}  volume  1001.000 l  OK  measured" in text
    assert Sender(2).serial not in text


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_readings_are_exported_exactly(data: Path, environ: dict[str, str], form: str) -> None:
    file = data / f"out.{form}"
    run_command("readings", "export", str(file), "--data", str(data), "--from", "2026-03-01", environ=environ)
    if form == "xlsx":
        rows = list(load_workbook(file, read_only=True).active.values)
        values = {(row[1], row[2]): float(row[10]) for row in rows[1:]}
    else:
        frame = pl.read_csv(file, schema_overrides={"serial": pl.String}) if form == "csv" else pl.read_parquet(file)
        values = {(row["serial"], row["quantity"]): float(row["value"]) for row in frame.iter_rows(named=True)}
    assert values == {
        (Sender(1).serial, "volume"): 1001.0, (Sender(1).serial, "volume_flow"): 0.0,
        (Sender(2).serial, "volume"): 1002.0, (Sender(2).serial, "volume_flow"): 0.0,
    }  # fmt: skip


def test_the_status_says_what_came_in_and_what_waits(data: Path, environ: dict[str, str]) -> None:
    found = json.loads(run_command("status", "--json", "--data", str(data), "--days", "100000", environ=environ))
    assert found["inbox_messages"] == 0
    assert [(kept["outcome"], kept["telegrams"]) for kept in found["kept"]] == [("key_missing", 1)]
    assert {item["outcome"]: item["messages"] for item in found["outcomes"]} == {"ok": 2, "key_missing": 1}
    text = run_command("status", "--data", str(data), environ=environ)
    assert "key_missing: 1 telegrams" in text


def test_what_waits_can_be_tried_again(data: Path, environ: dict[str, str]) -> None:
    text = run_command("replay", "--data", str(data), "--outcome", "key_missing", environ=environ)
    assert text.startswith("1 kept telegrams")
    run_command("work", "--once", "--data", str(data), environ=environ)
    found = json.loads(run_command("status", "--json", "--data", str(data), environ=environ))
    assert [(kept["outcome"], kept["telegrams"]) for kept in found["kept"]] == [("key_missing", 1)]


def test_compaction_keeps_every_reading(data: Path, environ: dict[str, str]) -> None:
    before = run_command("readings", "show", "--data", str(data), environ=environ)
    assert "readings: " in run_command("compact", "--data", str(data), environ=environ)
    assert run_command("readings", "show", "--data", str(data), environ=environ) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("readings", "export", "out.doc"), ".csv"),
        (("readings", "show", "--from", "yesterday"), "expected a time"),
        (("compact", "--table", "reading"), "the tables are"),
    ],
)
def test_a_mistake_is_named_with_what_is_expected(
    data: Path, environ: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(RuntimeError, match=words):
        run_command(*arguments, "--data", str(data), environ={**environ, "COLUMNS": "300"})


def test_a_wrong_setting_is_named_with_its_line(tmp_path: Path, environ: dict[str, str]) -> None:
    run_command("init", str(tmp_path / "d"), environ=environ)
    with (tmp_path / "d" / "avlest.toml").open("a", encoding="utf-8") as file:
        file.write("\n[collect]\ninterval_minutes = -1\n")
    with pytest.raises(RuntimeError, match=r"line \d+ \[collect\].*interval_minutes.*at least 0"):
        run_command("work", "--once", "--data", str(tmp_path / "d"), environ=environ)


def test_keys_that_are_imported_late_turn_what_waited_into_readings(
    data: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    late = Sender(3)
    keys = tmp_path / "late.csv"
    keys.write_text(f"manufacturer;serial;key\n{MAKER};{late.serial};{late.key.hex()}\n", encoding="utf-8")
    run_command("import", "keys", str(keys), "--data", str(data), environ=environ)
    run_command("work", "--once", "--data", str(data), environ=environ)
    text = run_command("readings", "show", "--data", str(data), "--meter", late.serial, environ=environ)
    assert f"2026-03-01T12:00:00Z  {MAKER} {late.serial}  volume  1003.000 l  OK  measured" in text
