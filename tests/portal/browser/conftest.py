# SPDX-License-Identifier: Apache-2.0
"""Real Chromium against a real server: pages at two widths, in light and dark, judged by axe, kept as pictures.

A walk is a test marked `needs("chromium")` that takes `open_page(user, width=..., scheme=...)` and calls
`check_page(page, "name")` where it has arrived.  Pictures go to `AVLEST_TEST_SCREENSHOTS` (default: the test's folder).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.services import find_program

WIDTHS = (360, 1280)
OTHER_LOOKS = [(360, "dark")]
"""Phone and dark: the walks through the demonstration see the same pages on a light phone and a dark desk."""
HEIGHTS = {360: 740, 1280: 900}
_FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium a module; Django is told that its thread's event loop is not its own.

    Not longer: while it runs the thread has a running event loop, and tests of others want one of their own.
    """
    from playwright.sync_api import sync_playwright

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_program("chromium"), args=_FLAGS)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def town(transactional_db: None, settings, live_server):
    """The world of the portal's tests, behind a server that a browser reaches: `town.address`."""
    from django.core.cache import cache

    from tests.portal.conftest import HASHERS
    from tests.portal.world import make_world

    cache.clear()
    settings.PASSWORD_HASHERS = HASHERS
    made = make_world()
    made.address = live_server.url
    return made


@pytest.fixture
def open_page(browser, town) -> Iterator[Callable[..., Any]]:
    """A page of a browser of its own, signed in as `user` (None: nobody)."""
    contexts = []

    def open_one(user: Any = None, *, width: int = 1280, scheme: str = "light", path: str = "/", **options: Any) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            color_scheme=scheme,
            locale=options.pop("locale", "nb-NO"),
            service_workers="block",
            **options,
        )
        # The first page loads all others: on a busy machine that takes its time.
        context.set_default_timeout(90_000)
        contexts.append(context)
        if user is not None:
            context.add_cookies([_sign_in(user, town.address)])
        page = context.new_page()
        page.problems = []
        page.on("console", lambda message: page.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(f"{town.address}{path}")
        return page

    yield open_one
    for context in contexts:
        context.close()


def _sign_in(user: Any, address: str) -> dict[str, str]:
    """The session cookie of a user who has signed in."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": address}


def _keep_picture(page: Any, file: Path) -> None:
    """Keep the whole page as a picture; on a busy machine Chromium now and then has no frame to give."""
    from playwright.sync_api import Error

    for is_last in (False, False, True):
        try:
            page.screenshot(path=str(file), full_page=True)
        except Error as error:
            if is_last or "Unable to capture screenshot" not in str(error):
                raise
            page.wait_for_timeout(500)
        else:
            return


@pytest.fixture
def check_page(tmp_path: Path) -> Callable[..., None]:
    """Judge the page as it is: axe finds nothing, nothing scrolls sideways, nothing failed, a picture is kept."""
    from axe_playwright_python.sync_playwright import Axe

    folder = Path(os.environ.get("AVLEST_TEST_SCREENSHOTS") or tmp_path)

    def check(page: Any, name: str) -> None:
        width = page.viewport_size["width"]
        folder.mkdir(parents=True, exist_ok=True)
        _keep_picture(page, folder / f"{name}-{width}.png")
        found = Axe().run(page, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{name} is {wide} pixels too wide at {width}"
        assert page.problems == []

    return check
