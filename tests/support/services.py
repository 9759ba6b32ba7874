# SPDX-License-Identifier: Apache-2.0
"""Real services for tests: whether they are here, and throwaway ones on free ports.

On a developer's machine a test that needs a missing service is skipped and says so.
With `CI=true` the same test fails: there, a missing service is a broken set-up.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

POSTGRES_FOLDERS = "/usr/lib/postgresql/*/bin"
SERVICES: dict[str, tuple[str, ...]] = {
    "mosquitto": ("mosquitto",),
    "postgres": ("postgres", "initdb"),
    "chromium": ("chromium",),
}


def find_program(name: str) -> str | None:
    """Path of a program: on PATH, in /usr/sbin, or in Debian's folder for PostgreSQL."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found:
        return found
    packaged = sorted(Path("/").glob(f"{POSTGRES_FOLDERS.lstrip('/')}/{name}"))
    return str(packaged[-1]) if packaged else None


def missing_programs(service: str) -> list[str]:
    """The programs of a service that this machine does not have."""
    return [name for name in SERVICES[service] if find_program(name) is None]


def require_service(service: str) -> None:
    """Skip the running test when the service is not installed; fail it where `CI=true`."""
    missing = missing_programs(service)
    if not missing:
        return
    message = f"needs {service}, but this machine has no {', '.join(missing)}"
    if os.environ.get("CI") == "true":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def find_free_port() -> int:
    """A TCP port on the loopback that nobody listened on a moment ago."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(is_ready: Callable[[], bool], *, what: str, seconds: float = 20.0) -> None:
    """Return when `is_ready()` is true; fail, naming `what`, when it is not so in time."""
    deadline = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} was not ready after {seconds:.0f} s")
        time.sleep(0.02)


def is_listening(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Mosquitto:
    """A mosquitto of one's own, in a folder of one's own; it may be stopped, killed and started again."""

    def __init__(self, folder: Path, *, settings: Sequence[str] = ("allow_anonymous true",)) -> None:
        self.port = find_free_port()
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        lines = [
            "per_listener_settings false",
            f"listener {self.port} 127.0.0.1",
            "persistence true",
            f"persistence_location {folder}/",
            "max_queued_messages 0",
            *(["user root"] if os.geteuid() == 0 else []),
            *settings,
        ]
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start(self) -> None:
        """Start the broker and return when it accepts connections."""
        program = find_program("mosquitto")
        if program is None:
            raise FileNotFoundError("mosquitto is not installed")
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(self._configuration)], stdout=log, stderr=log)
        wait_until(lambda: is_listening(self.port), what="mosquitto")

    def stop(self) -> None:
        """Ask the broker to end; it writes its sessions and queues to disk first."""
        self._end(kill=False)

    def kill(self) -> None:
        """End the broker with SIGKILL; what it had not saved is lost."""
        self._end(kill=True)

    def restart(self) -> None:
        """Stop and start on the same port with the same sessions."""
        self.stop()
        self.start()

    def _end(self, *, kill: bool) -> None:
        if self._process is None:
            return
        (self._process.kill if kill else self._process.terminate)()
        self._process.wait(timeout=20)
        self._process = None


@contextlib.contextmanager
def run_mosquitto(folder: Path, *, settings: Sequence[str] = ("allow_anonymous true",)) -> Iterator[Mosquitto]:
    """A started broker for the length of a `with`."""
    broker = Mosquitto(folder, settings=settings)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@dataclass(frozen=True, slots=True)
class Postgres:
    """Where a throwaway PostgreSQL listens; user and database are both `avlest`."""

    port: int

    @property
    def url(self) -> str:
        """The address as `avlest.toml` and `AVLEST_DATABASE` take it."""
        return f"postgresql://avlest:avlest@127.0.0.1:{self.port}/avlest"


def _as_server_user(command: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root: there, the system's own `postgres` user runs it."""
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


def _make_cluster(folder: Path) -> None:
    password = folder / "password"
    password.write_text("avlest\n", encoding="ascii")
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        shutil.chown(password, "postgres", "postgres")
    make = [
        str(find_program("initdb")),
        "--pgdata",
        str(folder / "data"),
        "--username",
        "avlest",
        "--auth",
        "scram-sha-256",
    ]
    make += ["--pwfile", str(password), "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
    subprocess.run(_as_server_user(make), check=True, capture_output=True, cwd=folder)


@contextlib.contextmanager
def run_postgres() -> Iterator[Postgres]:
    """A new, empty PostgreSQL on a free loopback port for the length of a `with`; works as root too."""
    folder = Path(tempfile.mkdtemp(prefix="avlest-postgres-"))
    port = find_free_port()
    try:
        _make_cluster(folder)
        serve = [str(find_program("postgres")), "-D", str(folder / "data"), "-p", str(port), "-h", "127.0.0.1"]
        serve += ["-k", "", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "max_connections=60"]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(_as_server_user(serve), stdout=log, stderr=log, cwd=folder)
        try:
            wait_until(lambda: _make_database(port), what="PostgreSQL")
            yield Postgres(port)
        finally:
            server.terminate()
            server.wait(timeout=20)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_database(port: int) -> bool:
    """Make the database `avlest`; false while the server does not answer yet."""
    import psycopg

    address = f"postgresql://avlest:avlest@127.0.0.1:{port}/postgres"
    try:
        with psycopg.connect(address, autocommit=True, connect_timeout=2) as connection:
            connection.execute("CREATE DATABASE avlest")
    except psycopg.OperationalError:
        return False
    return True


if __name__ == "__main__":
    # `python -m tests.support.services postgres`: exit status 0 when its programs are installed.
    sys.exit(any(missing_programs(name) for name in sys.argv[1:]))
