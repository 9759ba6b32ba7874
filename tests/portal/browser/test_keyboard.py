# SPDX-License-Identifier: Apache-2.0
"""The main ways with a keyboard alone: see what was used, send a reading, find a meter; focus is always seen."""

from __future__ import annotations

from typing import Any

import pytest

from avlest.registry.rights import Role
from tests.portal.world import Side

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

MOST_TABS = 80
_FOCUSED = """() => {
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  return {text: (it.innerText || it.getAttribute('aria-label') || it.name || '').trim(), name: it.name || '',
          tag: it.tagName, seen: ring || style.boxShadow !== 'none', size: box.width * box.height};
}"""


def go_to(page: Any, text: str) -> None:
    """Press Tab until what has focus says `text` (or is the field of that name); every stop on the way is seen."""
    before: dict[str, Any] = {}
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        # Past the last stop focus goes round by the browser's own bar: the page as a whole has it.  Inside a field of
        # a date it goes from part to part, which the browser marks where the page cannot see it.
        is_inside = focused["tag"] == "INPUT" and focused["name"] == before.get("name")
        assert focused["seen"] or is_inside or focused["tag"] == "BODY", f"the focus is not seen on {focused}"
        before = focused
        if text in (focused["text"].partition("\n")[0], focused["name"]):
            return
    raise AssertionError(f"{text!r} is not reached by {MOST_TABS} tabs on {page.url}")


def follow(page: Any, text: str) -> None:
    """Reach a link or button and press Enter."""
    go_to(page, text)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_seeing_ones_use(open_page, town):
    """From the front page to the use of a year and its table."""
    page = open_page(town.vik.homes[Side.OWN].user)
    follow(page, "Forbruk")
    assert "/forbruk/" in page.url
    follow(page, "Måneder")
    assert "span=year" in page.url
    go_to(page, "Vis som tabell")
    page.keyboard.press("Enter")
    assert page.locator("figure details").first.get_attribute("open") is not None


def test_sending_a_reading(open_page, town):
    """From the front page to a reading that is refused with focus on why, mended, and taken."""
    page = open_page(town.vik.homes[Side.OWN].user)
    follow(page, "Målere")
    follow(page, "Send inn avlesning")
    go_to(page, "value")
    page.keyboard.type("mye")
    follow(page, "Send avlesningen")
    assert page.evaluate("document.activeElement.classList.contains('form-summary')")
    go_to(page, "value")
    assert page.locator("input[name=value]").input_value() == "mye"
    page.keyboard.press("Control+A")
    page.keyboard.type("123,4")
    follow(page, "Send avlesningen")
    assert page.url.endswith("/maalere/")
    assert page.locator("#messages .ds-alert").count() == 1


def test_finding_a_meter(open_page, town):
    """Staff searches for a number and comes to a page of the place."""
    page = open_page(town.vik.staff[Role.ADMINISTRATOR], path="/styre/sok/")
    go_to(page, "q")
    page.keyboard.type("10000011")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("main a").filter(has_text="1000001").count() >= 1
