# SPDX-License-Identifier: Apache-2.0
"""The real command in processes of its own, on a data directory of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from avlest.readings.tables import open_store
from tests.support.services import find_free_port, wait_until

PATIENCE = 90.0
"""Seconds: a machine with many tests at once starts Python slowly; what waits ends as soon as it may."""


def clean_environment(**own: str) -> dict[str, str]:
    """The environment without what the test run set for itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AVLEST_")} | own


def run_avlest(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "avlest", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, env=clean_environment(**environment), check=False
    )


def expect_success(*arguments: object, **environment: str) -> str:
    """Run a command that must succeed and return what it printed."""
    done = run_avlest(*arguments, **environment)
    assert done.returncode == 0, f"avlest {arguments}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def make_data_dir(folder: Path, *, settings: str = "", **environment: str) -> Path:
    """A new installation with one organisation."""
    expect_success("init", folder, "--organisation", "demo", **environment)
    with (folder / "avlest.toml").open("a", encoding="utf-8") as file:
        file.write(settings)
    return folder


@dataclass(slots=True)
class Served:
    """A running `avlest serve`."""

    process: subprocess.Popen[str]
    data: Path
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, str]:
        """Fetch a page; status 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, ""

    def children(self) -> dict[str, dict[str, Any]]:
        """What the supervisor wrote about its processes."""
        document = json.loads((self.data / "serve.json").read_text())
        return {child["name"]: child for child in document["children"]}

    def wait_until_healthy(self) -> None:
        """Return when /health says ok."""
        wait_until(
            lambda: '"status": "ok"' in self.get("/health")[1],
            what=f"health ({self.log.read_text()})",
            seconds=PATIENCE,
        )


@contextmanager
def serve(data: Path, *, log: Path, **environment: str) -> Iterator[Served]:
    """Run `avlest serve` on a free port for the length of a `with`."""
    port = find_free_port()
    command = [sys.executable, "-m", "avlest", "serve", "--data", str(data), "--port", str(port)]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, text=True, env=clean_environment(**environment)
        )
    try:
        yield Served(process, data, port, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def read_readings(data: Path) -> pl.DataFrame:
    """All readings of an installation, as stored."""
    return open_store(str(data / "readings")).history("readings", ids=None)


def is_alive(pid: int) -> bool:
    """Whether a process is there and not only waiting to be reaped."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return status != "Z"
