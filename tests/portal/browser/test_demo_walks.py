# SPDX-License-Identifier: Apache-2.0
"""Every role walks the demonstration: all of its menu and one page below each entry, on a phone and at a desk.

Every page must be there for each role and log no error; what looks alike for two roles is judged by axe and kept as a
picture for the first of them.  The municipality is a small one with a year that is settled, made by `avlest demo` and
served by `avlest web`, as people would start it.  A folder named by `AVLEST_TEST_DEMO` is used instead of making one.
Pictures go where `check_page` keeps them.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.portal.browser.conftest import HEIGHTS

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

LOGINS = ("beboer", "abonnent", "styret", "drift", "avregning", "admin")
# Each page is seen on a phone and at a desk, in light and in dark.
LOOKS = ((360, "light"), (1280, "dark"))
MOST_BELOW = 1
PATIENCE = 60.0


@dataclasses.dataclass(frozen=True)
class Demo:
    """A running demonstration: its address, and passwords by user name."""

    address: str
    passwords: dict[str, str]


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Iterator[Demo]:
    """Fifty homes of a year, behind the real server: few, but with a co-operative, so that every log-in is there."""
    given = os.environ.get("AVLEST_TEST_DEMO")
    folder = Path(given) if given else tmp_path_factory.mktemp("demo") / "data"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AVLEST_")}
    avlest = [sys.executable, "-m", "avlest"]
    if not given:
        make = [*avlest, "demo", "--data", str(folder), "--homes", "50", "--days", "365", "--no-serve"]
        subprocess.run(make, check=True, env=environment, capture_output=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = [*avlest, "web", "--data", str(folder), "--port", str(port)]
    process = subprocess.Popen(serve, env=environment | {"AVLEST_LOG__LEVEL": "ERROR"})
    try:
        _wait(f"http://127.0.0.1:{port}", process)
        logins = json.loads((folder / "demo.json").read_text("utf-8"))["logins"]
        yield Demo(f"http://127.0.0.1:{port}", {each["username"]: each["password"] for each in logins})
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{address}/tilgjengelighet/").close()
            return
        time.sleep(0.2)
    raise AssertionError("the demonstration does not answer")


@pytest.fixture
def sign_in(browser, demo) -> Iterator[Any]:
    """A page of somebody who has signed in through the form."""
    contexts = []

    def sign(username: str, *, width: int, scheme: str) -> Any:
        size = {"width": width, "height": HEIGHTS[width]}
        context = browser.new_context(viewport=size, color_scheme=scheme, locale="nb-NO", service_workers="block")
        context.set_default_timeout(90_000)
        contexts.append(context)
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(f"{demo.address}/konto/login/")
        page.locator("input[name=login]").fill(username)
        page.locator("input[name=password]").fill(demo.passwords[username])
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/konto/" not in url)
        return page

    yield sign
    for context in contexts:
        context.close()


def list_menu(page: Any) -> list[str]:
    """The addresses of the navigation, other parts of the portal too."""
    found = page.eval_on_selector_all("nav a[href]", "links => links.map(link => link.getAttribute('href'))")
    return [path for path in dict.fromkeys(found) if path.startswith("/")]


def list_below(page: Any, seen: set[str]) -> list[str]:
    """The first pages that the content of this one leads to."""
    found = page.eval_on_selector_all("main a[href]", "links => links.map(link => link.getAttribute('href'))")
    files = ("format=", "pdf", ".csv", ".xlsx", "/fil", "/ehf", "/last-ned", "/eksport/")
    below = [path for path in dict.fromkeys(found) if path.startswith("/") and not any(end in path for end in files)]
    return [path for path in below if path.split("?")[0] not in seen and not path.startswith("/konto/")][:MOST_BELOW]


@pytest.fixture(scope="module")
def looked() -> set[tuple[str, int]]:
    """The kinds of pages (numbers of rows left out) and widths that have been judged."""
    return set()


def _kind(path: str) -> str:
    return re.sub(r"/\d+/", "/N/", path.split("?")[0])


def _name(username: str, path: str, scheme: str) -> str:
    return f"{username}-{path.split('?')[0].strip('/').replace('/', '-') or 'front'}-{scheme}"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("username", LOGINS)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_walk_through_everything(sign_in, check_page, demo, looked, username, width, scheme):
    """Each entry of the menu and a page below it: there, without a fault found by axe, not too wide, no error."""
    if username not in demo.passwords:
        pytest.skip(f"a municipality this small has no {username}")
    page = sign_in(username, width=width, scheme=scheme)
    ways = list_menu(page)
    assert ways
    seen: set[str] = set()
    problems = []
    while ways:
        path = ways.pop(0)
        if path.split("?")[0] in seen:
            continue
        seen.add(path.split("?")[0])
        answer = page.goto(f"{demo.address}{path}")
        assert answer.status == 200, f"{path} answers {answer.status}"
        try:
            if (_kind(path), width) in looked:
                assert page.problems == []
            else:
                check_page(page, _name(username, path, scheme))
            looked.add((_kind(path), width))
        except AssertionError as error:
            problems.append(f"{path}: {error}")
            page.problems.clear()
        menu = [each for each in list_menu(page) if each.split("?")[0] not in seen and each not in ways]
        ways += menu
        if path in page.eval_on_selector_all("nav a[href]", "links => links.map(link => link.getAttribute('href'))"):
            ways += list_below(page, seen)
    assert not problems, "\n".join(problems)
