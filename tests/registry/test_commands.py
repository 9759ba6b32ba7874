# SPDX-License-Identifier: Apache-2.0
"""`avlest init`, `avlest import` and `avlest keys` as a person runs them."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "import typer; from avlest.cli.registry_commands import register; app = typer.Typer(); register(app); app()"
KEY = "00112233445566778899aabbccddeeff"


def avlest(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with no variable of ours set."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AVLEST_", "DJANGO_"))}
    command = [sys.executable, "-W", "error", "-c", RUN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=clean, check=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with one organisation."""
    folder = tmp_path_factory.mktemp("avlest") / "d"
    done = avlest("init", folder, "--organisation", "vik", "--name", "Vik kommune")
    assert done.returncode == 0, done.stderr
    assert "made the organisation vik" in done.stdout
    return folder


def test_init_makes_everything_and_again_nothing(data):
    """Settings, secrets, ring and database are there, WAL is on; a second run only says it is ready."""
    names = {"avlest.toml", "secret-key", "meter-keys.ring", "avlest.sqlite3"}
    assert names <= {file.name for file in data.iterdir()}
    assert (data / "meter-keys.ring").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(data / "avlest.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    again = avlest("init", data)
    assert (again.returncode, again.stdout.splitlines()) == (0, [f"{data} is ready: avlest serve --data {data}"])


def test_a_list_is_previewed_imported_and_rotated(data, tmp_path):
    """Preview changes nothing, import makes meters and sealed keys, rotation reseals, check counts."""
    file = tmp_path / "målere.csv"
    file.write_text(f"Produsent;Målernummer;Nøkkel\nKAM;12345678;{KEY}\nKAM;?;\n", encoding="cp1252")
    preview = avlest("import", "meters", file, "--data", data, "--preview")
    assert (preview.returncode, "would be made: 1 meter" in preview.stdout) == (1, True)
    assert "line 3, Målernummer is '?': expected 8 hexadecimal digits" in preview.stderr
    refused = avlest("import", "meters", file, "--data", data)
    assert (refused.returncode, "nothing was taken in" in refused.stderr) == (1, True)
    done = avlest("import", "meters", file, "--data", data, "--skip-bad")
    assert (done.returncode, "made: 1 meter, 1 meterkey" in done.stdout) == (0, True)
    first = avlest("keys", "check", "--data", data)
    assert (first.returncode, "1 keys sealed with ring key" in first.stdout) == (0, True)
    rotated = avlest("keys", "rotate", "--data", data)
    assert (rotated.returncode, "resealed 1 keys" in rotated.stdout) == (0, True)
    assert "resealed 0 keys" in avlest("keys", "rotate", "--resume", "--data", data).stdout
    everything = "".join(r.stdout + r.stderr for r in (preview, refused, done, first, rotated))
    assert KEY not in everything.lower()
    assert KEY.encode() not in (data / "avlest.sqlite3").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "keys", "{list}", "--data", "{empty}"), "no avlest.toml here: run avlest init"),
        (
            ("import", "keys", "{list}", "--data", "{data}", "--organisation", "nes"),
            'no organisation "nes"; known: vik',
        ),
        (("import", "keys", "{list}", "--data", "{data}"), "no column serial"),
    ],
)
def test_what_cannot_be_done_is_one_line(data, tmp_path, arguments, message):
    """A missing directory, an unknown organisation and a wrong file end with a sentence, not a traceback."""
    file = tmp_path / "list.csv"
    file.write_text("a;b\n1;2\n", encoding="utf-8")
    names = {"list": str(file), "empty": str(tmp_path), "data": str(data)}
    done = avlest(*(argument.format(**names) for argument in arguments))
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
