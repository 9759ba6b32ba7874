# SPDX-License-Identifier: Apache-2.0
"""The demonstration and its generated capture."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import typer

from avlest.catalogue.batch_decoder import BatchDecoder, build_keys
from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.frames import build_objects
from avlest.catalogue.model import Value
from avlest.cli.demo import demo
from avlest.cli.keys import parse_key_file
from avlest.cli.lines import read_chunks
from avlest.cli.sample import write_sample
from avlest.cli.sample_meters import KINDS
from avlest.telegrams.keyring import build_keyring


def _write(folder: Path, *, seed: int, count: int = 400, meters: int = 52) -> tuple[Path, Path]:
    telegrams, keys = folder / f"{seed}.txt", folder / f"{seed}.csv"
    write_sample(telegrams, keys, count=count, meters=meters, seed=seed)
    return telegrams, keys


def _decode(telegrams: Path, keys: Path) -> list[dict[str, Value]]:
    decoder = BatchDecoder(Decoder(build_catalogue()))
    ring = build_keyring(parse_key_file(keys.read_text(), name=keys.name))
    objects: dict[int, dict[str, Value]] = {}
    with telegrams.open("rb") as file:
        (lines,) = read_chunks(file)
    result = decoder.decode(lines.batch, build_keys(ring))
    assert result.errors == {}
    for group in result.groups:
        objects |= dict(zip(group.rows.tolist(), build_objects(group), strict=True))
    objects |= result.objects
    return [objects[row] for row in range(len(lines.batch))]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """A capture can be made again; another seed makes another one."""
    (tmp_path / "again").mkdir()
    first, second, other = _write(tmp_path, seed=3), _write(tmp_path / "again", seed=3), _write(tmp_path, seed=4)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert first[0].read_bytes() != other[0].read_bytes()


def test_a_capture_is_the_same_however_long_it_is(tmp_path: Path) -> None:
    """A longer capture of the same meters begins with the shorter one."""
    (tmp_path / "long").mkdir()
    short, long = _write(tmp_path, seed=3, count=130), _write(tmp_path / "long", seed=3, count=260)
    assert long[0].read_bytes().startswith(short[0].read_bytes())
    assert long[1].read_bytes() == short[1].read_bytes()


def test_every_telegram_of_the_sample_is_decoded_by_its_family(tmp_path: Path) -> None:
    """All kinds of meter occur, with all ways of security, and no telegram stands twice."""
    telegrams, keys = _write(tmp_path, seed=1)
    lines = telegrams.read_text().split()
    assert len(set(lines)) == len(lines) == 400
    objects = _decode(telegrams, keys)
    assert {str(item["meter"]) for item in objects} == {kind.family for kind in KINDS}
    assert len(KINDS) >= 8
    assert {kind.mode for kind in KINDS} == {"ell-ctr", "mode5", "mode7"}
    with keys.open() as file:
        assert {row["address"] for row in csv.DictReader(file, delimiter=";")} == {item["id"] for item in objects}


def test_counters_grow_from_telegram_to_telegram(tmp_path: Path) -> None:
    """The volume of every meter rises, and its target value of last year stays."""
    totals: dict[object, list[float]] = {}
    targets: dict[object, set[object]] = {}
    for item in _decode(*_write(tmp_path, seed=1)):
        if item["meter"] == "kamwater":
            totals.setdefault(item["id"], []).append(float(str(item["total_m3"])))
            targets.setdefault(item["id"], set()).add(item["target_m3"])
    assert totals
    for values in totals.values():
        assert len(values) >= 7
        assert all(before < after for before, after in pairwise(values))
    assert all(len(values) == 1 for values in targets.values())


def test_the_demonstration_shows_every_family(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table, a line of sums and two commands that can be tried on the files it left."""
    with pytest.raises(typer.Exit) as ended:
        demo(data=tmp_path)
    assert ended.value.exit_code == 0
    printed = capsys.readouterr().out
    assert all(re.search(rf"^{kind.family} ", printed, re.MULTILINE) for kind in KINDS)
    assert "600 of 600 telegrams decoded: 12 families, 60 meters" in printed
    assert re.search(r"[\d,]+ telegrams/s", printed)
    assert f"avlest decode {tmp_path / 'telegrams.txt'} --keys {tmp_path / 'keys.csv'} --format table" in printed
    assert "avlest explain " in printed


def test_a_few_different_meters_of_each_family_are_shown(tmp_path: Path) -> None:
    """Two telegrams of one meter do not make two rows."""
    command = [sys.executable, "-m", "avlest", "demo", "--data", str(tmp_path / "new" / "folder")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert run.returncode == 0, run.stderr
    table = run.stdout.split("\n\n")[0].splitlines()[1:]
    identities = re.findall(r"  (\d{8})  ", "\n".join(table))
    assert len(identities) == len(set(identities)) == 2 * len(KINDS)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the place of the folder ends the command with status 2 and a sentence."""
    (tmp_path / "file").write_text("")
    command = [sys.executable, "-m", "avlest", "demo", "--data", str(tmp_path / "file")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert run.returncode == 2
    assert str(tmp_path / "file") in run.stderr
