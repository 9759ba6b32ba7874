# SPDX-License-Identifier: Apache-2.0
"""Start or stop a mosquitto and a PostgreSQL for development, in .run/ and without touching the system's own."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".run"
PACKAGES = {"mosquitto": "mosquitto", "initdb": "postgresql", "pg_ctl": "postgresql"}


def find_program(name: str) -> str:
    """Path of a program; ends the script naming the package when it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    packaged = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    if not found and not packaged:
        sys.exit(f"{name} is not installed: sudo apt-get install {PACKAGES[name]}")
    return found or str(packaged[-1])


def find_free_port() -> int:
    """A TCP port on the loopback that nobody listened on a moment ago."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def keep_port(folder: Path) -> int:
    """The port this service had last time, or a free one that it keeps from now on."""
    file = folder / "port"
    if not file.exists():
        file.write_text(f"{find_free_port()}\n", encoding="ascii")
    return int(file.read_text(encoding="ascii"))


def as_server_user(command: Sequence[str]) -> list[str]:
    """PostgreSQL refuses to run as root: there, the system's own `postgres` user runs it."""
    if os.geteuid() != 0:
        return list(command)
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


def start_mosquitto() -> str:
    """Start a broker without password on the loopback and return its address."""
    folder = RUN / "mosquitto"
    folder.mkdir(parents=True, exist_ok=True)
    port = keep_port(folder)
    lines = [
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {folder}/",
    ]
    lines += ["user root"] if os.geteuid() == 0 else []
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if not is_listening(port):
        with (folder / "log").open("ab") as log:
            command = [find_program("mosquitto"), "-c", str(folder / "mosquitto.conf")]
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        (folder / "pid").write_text(f"{process.pid}\n", encoding="ascii")
        wait_for(port, what=f"mosquitto (see {folder / 'log'})")
    return f"mqtt://127.0.0.1:{port}"


def start_postgres() -> str:
    """Make a cluster once, start it and return the address of its database `postgres`."""
    folder = RUN / "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    port = keep_port(folder)
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    if not (folder / "data" / "PG_VERSION").exists():
        make = [find_program("initdb"), "-D", str(folder / "data"), "-U", "avlest", "-A", "trust", "-E", "UTF8"]
        subprocess.run(as_server_user(make), check=True, stdout=subprocess.DEVNULL, cwd=folder)
    if not is_listening(port):
        options = f"-p {port} -h 127.0.0.1 -k ''"
        serve = [
            find_program("pg_ctl"),
            "-D",
            str(folder / "data"),
            "-l",
            str(folder / "log"),
            "-o",
            options,
            "-w",
            "start",
        ]
        subprocess.run(as_server_user(serve), check=True, stdout=subprocess.DEVNULL, cwd=folder)
    return f"postgresql://avlest@127.0.0.1:{port}/postgres"


def wait_for(port: int, *, what: str, seconds: float = 20.0) -> None:
    """Return when the port accepts connections; end the script when it never does."""
    deadline = time.monotonic() + seconds
    while not is_listening(port):
        if time.monotonic() > deadline:
            sys.exit(f"{what} did not start within {seconds:.0f} s")
        time.sleep(0.05)


def stop() -> None:
    """Stop what `start` started; what is not running is left alone."""
    pid = RUN / "mosquitto" / "pid"
    if pid.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid.read_text(encoding="ascii")), signal.SIGTERM)
        pid.unlink()
    data = RUN / "postgres" / "data"
    if (data / "postmaster.pid").exists():
        halt = [find_program("pg_ctl"), "-D", str(data), "-m", "fast", "-w", "stop"]
        subprocess.run(as_server_user(halt), check=True, stdout=subprocess.DEVNULL, cwd=data.parent)


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=["start", "stop"])
    if parser.parse_args().action == "stop":
        stop()
        return
    print(f"mosquitto   {start_mosquitto()}")
    print(f"PostgreSQL  {start_postgres()}")
    print('Put the second into avlest.toml as  database = "…"  or set AVLEST_DATABASE. Stop both: make services-stop')


if __name__ == "__main__":
    main()
