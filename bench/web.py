# SPDX-License-Identifier: Apache-2.0
"""How fast the pages people open most come, from the real server on two cores, with the load made beside it.

    python bench/web.py [--meters 4000] [--rate 50] [--seconds 20] [--keep FOLDER] [--phone]

Makes a municipality (bench/web_town.py), signs 300 residents in, starts `avlest web`, and opens in turn each one's
overview and use: first in an open loop at `--rate` requests a second, then with 16 clients that never rest.  Each page
is opened once beforehand.  Goals of issue 7: p95 under 100 ms in the open loop, 150 requests a second in all; missed,
the exit status is 1.  `--phone` measures the first page in Chromium as a slow phone (four times slower processor,
1.6 Mbit/s, 150 ms there and back).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.web_load import Request, Result, in_turn, run_closed_loop, run_open_loop
from bench.web_town import make_sessions, make_town

GOAL_P95, GOAL_RATE = 100.0, 150.0
CLIENTS = 16
RESIDENTS = 300
_START_SECONDS = 60.0


def main() -> int:
    """Make, serve, load, print; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meters", type=int, default=4000)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--keep", default="", help="folder to make the municipality in, or to use again")
    parser.add_argument("--phone", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="avlest-bench-") as name:
        folder = Path(options.keep or name)
        folder.mkdir(parents=True, exist_ok=True)
        make_town(folder, meters=options.meters, now=datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
        requests = list_requests()
        with serving(folder) as (address, server):
            held = load(address, requests, server, rate=options.rate, seconds=options.seconds)
            if options.phone:
                from bench.web_phone import measure_phone

                held &= measure_phone(address, requests)
    return int(not held)


def list_requests() -> list[Request]:
    """Overview and use of each resident, in turn."""
    from django.conf import settings

    sessions = make_sessions("beboer", RESIDENTS)
    cookies = [f"{settings.SESSION_COOKIE_NAME}={key}" for key in sessions]
    found = []
    for cookie, point in zip(cookies, _list_points(len(cookies)), strict=True):
        found += [Request("overview", "/", cookie), Request("use", f"/forbruk/{point}/", cookie)]
    return found


def _list_points(count: int) -> list[int]:
    """The first point of use of each of the residents."""
    from avlest.portal.access import access_own_series
    from avlest.portal.resident.series import choose_uses
    from avlest.portal.viewer import get_viewer
    from avlest.registry.models import User

    users = User.objects.filter(username__startswith="beboer").order_by("pk")[:count]
    uses = [choose_uses(access_own_series(get_viewer(user, organisation_id=None))) for user in users]
    return [each[0].point_id for each in uses]


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, int]]:
    """The web server of the service on a free port: its address, and the number of its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "avlest", "web", "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | {"AVLEST_LOG__LEVEL": "WARNING"})
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/tilgjengelighet/"):  # noqa: S310  our own
                return
        except urllib.error.HTTPError as error:
            raise SystemExit(f"the first page answers {error.code}") from error
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the server did not start")


def read_processor_seconds(process: int) -> float:
    """Seconds of processor time of a process and its children so far (Linux)."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(read_processor_seconds(int(child)) for child in children)


def load(address: str, requests: list[Request], server: int, *, rate: float, seconds: float) -> bool:
    """Both loops, printed; whether the goals are held."""
    choose = in_turn(requests)
    warm = asyncio.run(run_closed_loop(address, choose, clients=4, seconds=min(8.0, seconds)))
    _refuse_failures(warm)
    opened = asyncio.run(run_open_loop(address, choose, rate=rate, seconds=seconds))
    print(f"open loop, {rate:g} requests/s for {seconds:g} s:")
    print_result(opened)
    used = read_processor_seconds(server)
    closed = asyncio.run(run_closed_loop(address, choose, clients=CLIENTS, seconds=seconds))
    total = closed.count / closed.lasted
    print(f"{CLIENTS} clients that never rest: {total:.0f} requests/s")
    print_result(closed)
    print(f"  {(read_processor_seconds(server) - used) / closed.count * 1000:.1f} ms of processor time a page")
    _refuse_failures(opened, closed)
    return total >= GOAL_RATE and all(opened.percentile(name, 95) < GOAL_P95 for name in opened.seconds)


def print_result(result: Result) -> None:
    """Times of each page."""
    for name in result.seconds:
        p50, p95, p99 = (result.percentile(name, percent) for percent in (50, 95, 99))
        print(f"  {name:10}p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   p99 {p99:6.1f} ms   ({len(result.seconds[name])})")


def _refuse_failures(*results: Result) -> None:
    for result in results:
        if result.failures:
            raise SystemExit(f"not all pages came: {dict(result.failures)}")


if __name__ == "__main__":
    sys.exit(main())
