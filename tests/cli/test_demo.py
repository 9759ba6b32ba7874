# SPDX-License-Identifier: Apache-2.0
"""The demonstration, and the generated capture that decoding is shown with."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from avlest.catalogue.batch_decoder import BatchDecoder, build_keys
from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.frames import build_objects
from avlest.catalogue.model import Value
from avlest.cli.demo_service import PageReader
from avlest.cli.keys import parse_key_file
from avlest.cli.lines import read_chunks
from avlest.cli.sample import write_sample
from avlest.cli.sample_meters import KINDS
from avlest.simulate.demo.plan import FILE_NAME, make_plan, read_plan, write_plan
from avlest.simulate.errors import PlanError
from avlest.simulate.filling.logins import Login
from avlest.telegrams.keyring import build_keyring
from tests.support.services import find_free_port

NOW = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)


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


def _run(*arguments: str, timeout: float = 500) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "avlest", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)


def _count(text: str, word: str) -> int:
    """The number before a word of the summary."""
    before = text.partition(f" {word}")[0].split()[-1]
    return int(before.replace(",", ""))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demonstration_stands_and_goes_on(tmp_path: Path) -> None:
    """From nothing to pages that each log-in sees; started again it goes on from where it was, without doing twice."""
    folder = str(tmp_path / "demo")
    first = _run("--data", folder, "--homes", "60", "--days", "8", "--check", "--port", str(find_free_port()))
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout.rstrip().endswith("everything held")
    plan = read_plan(tmp_path / "demo")
    assert plan is not None
    assert plan.done == ("database", "registry", "intake", "late_keys", "series", "alarms", "zones", "cases")
    assert {login.username for login in plan.logins} >= {"beboer", "abonnent", "drift", "avregning", "admin"}
    for login in plan.logins:
        assert f"  {login.username} " in first.stdout
        assert login.password not in first.stdout + first.stderr
    assert plan.tally["sent"] > plan.tally["lost"] > 0
    assert _count(first.stdout, "stored") > plan.tally["sent"] - plan.tally["lost"] - plan.tally["damaged"]
    again = _run("--data", folder, "--no-serve")
    assert again.returncode == 0, again.stdout + again.stderr
    later = read_plan(tmp_path / "demo")
    assert later is not None
    assert (later.start, later.stop, later.logins) == (plan.start, plan.stop, plan.logins)
    assert later.tally["sent"] - plan.tally["sent"] < plan.tally["sent"] / 20  # an hour at most, not eight days
    assert _count(again.stdout, "stored") >= _count(first.stdout, "stored")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    """Neither a new demonstration nor --fresh touches a folder that is none."""
    (tmp_path / "letter.txt").write_text("dear")
    for more in ((), ("--fresh",)):
        run = _run("--data", str(tmp_path), *more)
        assert run.returncode in (1, 2)
        assert "no demonstration" in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file in the place of the folder ends the command with a sentence."""
    (tmp_path / "file").write_text("")
    run = _run("--data", str(tmp_path / "file"))
    assert run.returncode in (1, 2)
    assert str(tmp_path / "file") in run.stderr
    assert "Traceback" not in run.stderr


def test_a_plan_is_what_was_written(tmp_path: Path) -> None:
    """Passwords are in it: only the owner may read the file."""
    plan = make_plan(homes=50, seed=3, days=10, now=NOW).with_done("registry", logins=(Login("t", "u", "p", "n"),))
    plan = plan.with_figures(settlement={"ore": 5})
    write_plan(tmp_path, plan)
    assert read_plan(tmp_path) == plan
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    assert plan.with_done("registry").done == ("registry",)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 1}', '{"version": 99}', '{"version": 1, "begin": "yesterday"}']
)
def test_a_plan_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    """The file and what to do about it."""
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(PlanError, match=r"demo\.json .*--fresh"):
        read_plan(tmp_path)


def test_a_demonstration_of_a_year_begins_with_the_year_before() -> None:
    """Meters hang from 1 January (civil time) of last year, so that it can be settled; a short one settles nothing."""
    long, short = make_plan(homes=50, seed=1, days=395, now=NOW), make_plan(homes=50, seed=1, days=30, now=NOW)
    assert long.begin == datetime(2024, 12, 31, 23, tzinfo=UTC)
    assert long.stop == NOW.replace(minute=0, second=0)
    assert long.start == long.played_until == long.stop - timedelta(days=395)
    assert (long.settled_year, short.settled_year) == (2025, None)
    assert short.begin == short.start
    assert json.dumps(long.tally) == "{}"


def _read_page(parts: Sequence[str]) -> PageReader:
    page = PageReader()
    page.feed("".join(parts))
    return page


def test_a_log_in_form_is_known_by_its_password() -> None:
    """Other forms on the page, and what stands in the navigation, are told apart."""
    page = _read_page(
        (
            '<title>Logg inn</title><nav><a href="/a/">A</a><a href="https://x/">X</a></nav><a href="/b/">B</a>',
            '<form action="/sprak/"><input type="hidden" name="t" value="1"></form>',
            '<form action="/in/"><input type="hidden" name="t" value="2"><input type="text" name="login">',
            '<input type="password" name="password"></form>',
        )
    )
    form = page.login_form
    assert form is not None
    assert form["form"]["action"] == "/in/"
    assert form["t"]["value"] == "2"
    assert page.links == ["/a/"]
    assert page.title == "Logg inn"
    assert _read_page(["<form><input name=q></form>"]).login_form is None
