# SPDX-License-Identifier: Apache-2.0
"""`avlest init d && avlest serve --data d`: the real command, with nothing else installed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from avlest.cli.sample import write_sample
from tests.service.running import (
    PATIENCE,
    Served,
    expect_success,
    is_alive,
    make_data_dir,
    read_readings,
    run_avlest,
    serve,
)
from tests.support.services import wait_until

pytestmark = [pytest.mark.timeout(400), pytest.mark.slow]

SETTINGS = """
[collect]
append_seconds = 0.2
interval_minutes = 0

[[sources]]
name = "files"
kind = "folder"
path = "in"
poll_seconds = 1

[[sources]]
name = "network"
kind = "http"
token = "a token of the tests"
"""
TOKEN = "a token of the tests"
METERS, TELEGRAMS = 4, 40


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder / "telegrams.txt", folder / "keys.csv", count=TELEGRAMS, meters=METERS, seed=7)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One service for all tests of this module: starting it is what takes the time."""
    folder = tmp_path_factory.mktemp("serve")
    data = make_data_dir(folder / "data", settings=SETTINGS)
    (data / "in").mkdir()
    with serve(data, log=folder / "log") as running:
        running.wait_until_healthy()
        yield running


def drop_file(served: Served, source: Path, name: str) -> None:
    """Put a file into the watched folder as a careful sender does: whole at once."""
    shutil.copyfile(source, served.data / f"{name}.new")
    (served.data / f"{name}.new").rename(served.data / "in" / name)


def test_serve_prints_its_address_and_one_line_an_event(served: Served) -> None:
    text = served.log.read_text()
    assert f"serve_started address=http://localhost:{served.port}/" in text
    for child in ("web", "collect", "work", "jobs"):
        assert f"child_started child={child} pid=" in text
    assert all(line[:4].isdigit() for line in text.splitlines())


def test_status_page_and_admin_log_in_answer(served: Served) -> None:
    status, page = served.get("/status")
    assert (status, "Tjenesten er i drift" in page, "Logg inn" in page) == (200, True, True)
    assert served.get("/admin/login/")[0] == 200
    assert served.get("/static/admin/css/base.css")[0] == 200
    assert served.get("/nowhere")[0] == 404


@pytest.fixture(scope="module")
def fed(served: Served, sample: Path) -> Served:
    """The same when a file has been dropped and, after it, the keys have come."""
    drop_file(served, sample / "telegrams.txt", "round.txt")
    wait_until(lambda: (served.data / "in" / "done").exists(), what="the watched folder", seconds=PATIENCE)
    expect_success_when_found(served, sample)
    wait_until(lambda: read_readings(served.data).height > 0, what="readings", seconds=PATIENCE)
    return served


def test_a_file_in_the_watched_folder_becomes_readings_also_when_keys_come_later(fed: Served, sample: Path) -> None:
    served = fed
    wait_until(lambda: '"undelivered": 0' in served.get("/health")[1], what="an empty queue", seconds=PATIENCE)
    assert read_readings(served.data)["register"].n_unique() >= METERS
    assert f"files: connected, {TELEGRAMS} taken in, 0 not readable" in expect_success("status", "--data", served.data)
    assert not holds_key(served, sample)


def expect_success_when_found(served: Served, sample: Path) -> None:
    """Give the keys once all meters are in the list of found ones."""
    wait_until(
        lambda: run_avlest("keys", "import", sample / "keys.csv", "--data", served.data).returncode == 0,
        what="the found meters",
        seconds=PATIENCE,
    )


def holds_key(served: Served, sample: Path) -> bool:
    keys = [line.partition(";")[2] for line in (sample / "keys.csv").read_text().split()[1:]]
    text = served.log.read_text().lower()
    return any(key in text for key in keys)


def post(served: Served, body: bytes, *, token: str) -> tuple[int, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{served.port}/push/network/", data=body, headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_gateway_posts_telegrams_with_its_token_only(served: Served, sample: Path) -> None:
    telegram = (sample / "telegrams.txt").read_text().split()[0].encode()
    assert post(served, telegram, token="another")[0] == 401
    status, text = post(served, telegram, token=TOKEN)
    assert (status, json.loads(text)["taken"]) == (200, 1)
    assert TOKEN not in served.log.read_text()


def test_a_second_serve_on_the_same_directory_names_the_first(served: Served) -> None:
    done = run_avlest("serve", "--data", served.data, "--port", served.port + 1)
    assert done.returncode == 1
    assert f"served already by process {served.process.pid} at http://localhost:{served.port}/" in done.stderr


def test_each_child_that_is_killed_is_started_again(served: Served) -> None:
    before = served.children()
    for child in before.values():
        os.kill(child["pid"], signal.SIGKILL)

    def all_are_new() -> bool:
        now = served.children()
        return all(now[name]["pid"] not in (None, before[name]["pid"]) for name in before)

    wait_until(all_are_new, what="new processes", seconds=PATIENCE)
    served.wait_until_healthy()
    assert {child["last_end"] for child in served.children().values()} == {"ended by SIGKILL"}
    assert "child_ended child=work" in served.log.read_text()


def test_a_backup_made_while_serving_is_restored_with_equal_readings(fed: Served, tmp_path: Path) -> None:
    served = fed
    text = expect_success("backup", tmp_path / "b.tar", "--data", served.data, "--with-keys")
    assert "b.tar.keys" in text
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "b.tar.keys").stat().st_mode & 0o777 == 0o600
    text = expect_success("restore", tmp_path / "b.tar", "--data", tmp_path / "new", "--keys", tmp_path / "b.tar.keys")
    assert "is back" in text
    assert "stay sealed" not in text
    assert read_readings(tmp_path / "new").equals(read_readings(served.data))
    assert f"{METERS} keys sealed" in expect_success("keys", "check", "--data", tmp_path / "new")


def test_a_child_ends_when_the_supervisor_is_killed_and_the_directory_can_be_served_again(served: Served) -> None:
    """Last of the module: the service is gone afterwards."""
    pids = [child["pid"] for child in served.children().values()]
    served.process.kill()
    served.process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in pids), what="the end of the children", seconds=PATIENCE)
    with serve(served.data, log=served.log.with_name("again")) as again:
        again.wait_until_healthy()
        began = time.monotonic()
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(timeout=30) == 0
        assert time.monotonic() - began < 25
        assert "serve_stopped" in again.log.read_text()
        assert again.get("/health")[0] == 0
