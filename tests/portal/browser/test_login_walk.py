# SPDX-License-Identifier: Apache-2.0
"""The first walk: signing in, with a mouse and with a keyboard alone, on a phone and at a desk, without JavaScript."""

from __future__ import annotations

import pytest

from avlest.registry.rights import Role
from tests.portal.world import Side

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light"), (320, "light"), (1280, "dark")])
def test_the_login_looks_right(open_page, check_page, town, width, scheme):
    """Login, code by e-mail and activation: no fault found by axe, nothing too wide."""
    page = open_page(width=width, scheme=scheme, path="/konto/login/")
    check_page(page, f"login-{scheme}")
    for path, name in (("/konto/login/code/", "code"), ("/aktiver/", "activate"), ("/nowhere", "missing")):
        page.goto(f"{town.address}{path}")
        page.problems.clear()  # the browser itself complains of the 404 that is meant
        check_page(page, f"{name}-{scheme}")


def test_signing_in_by_keyboard(open_page, check_page):
    """Skip link, fields, button: the whole way without a mouse; errors are focused and named."""
    page = open_page(path="/konto/login/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "ds-skip-link"
    page.keyboard.press("Enter")
    page.locator("input[name=login]").focus()
    page.keyboard.type("nyhusen1")
    page.keyboard.press("Tab")  # the link of who has forgotten
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "password"
    page.keyboard.type("feil")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ds-error-summary")
    assert page.evaluate("document.activeElement.classList.contains('form-summary')")
    check_page(page, "login-error")
    page.locator("input[name=password]").fill("Fjellrev-2026")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/konto/" not in url)  # "**/" would be content with the login page itself
    page.wait_for_selector("h1")
    assert page.locator("h1").count() == 1


def test_everything_works_without_javascript(open_page, town):
    """Signing in, changing language and colours, and signing out need no script."""
    page = open_page(path="/konto/login/", java_script_enabled=False)
    page.locator("input[name=login]").fill("nyhusen1")
    page.locator("input[name=password]").fill("Fjellrev-2026")
    page.locator("main button[type=submit]").first.click()
    page.locator("details.settings summary").click()
    page.locator("button[name=language][value=nn]").click()
    assert page.locator("html").get_attribute("lang") == "nn"
    page.locator("details.settings summary").click()
    page.locator("button[name=colours][value=dark]").click()
    assert page.locator("html").get_attribute("data-color-scheme") == "dark"
    page.locator("details.settings summary").click()
    page.get_by_role("button", name="Logg ut").click()
    assert "/konto/login/" in page.url


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_each_role_has_its_first_page(open_page, check_page, town, width, scheme):
    """The front page sends each role to its own, which looks right."""
    staff = town.vik.staff
    for user, path in (
        (town.vik.homes[Side.OWN].user, "/"),
        (staff[Role.MANAGER], "/styre/"),
        (staff[Role.OPERATOR], "/drift/"),
    ):
        page = open_page(user, width=width, scheme=scheme)
        assert page.url == f"{town.address}{path}"
        page.locator("details.settings summary").click()
        check_page(page, f"front-{user.username}-{scheme}")
