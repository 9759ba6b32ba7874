# SPDX-License-Identifier: Apache-2.0
"""The operations centre in a browser: every page at two widths in light and dark, and the map with its meters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from avlest.registry.models import Property
from avlest.registry.rights import Role
from tests.portal.browser.conftest import OTHER_LOOKS
from tests.portal.matrix.samplers.operations import make_found, make_kept
from tests.portal.operations.support import make_alarm, make_heard
from tests.portal.world import Side

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]
NOW = datetime.now(UTC)
PAGES = (
    "", "maalere/", "varsler/", "dekning/", "portnere/", "soner/", "ukjente/", "telegram/", "funnet/", "tjeneste/",
    "tjeneste/lagring/", "tjeneste/jobber/", "tjeneste/meldinger/",
)  # fmt: skip


@pytest.fixture
def operator(town):
    """An operator with something on every page."""
    own = town.vik.homes[Side.OWN]
    Property.objects.filter(organisation_id=town.vik.id).update(latitude="59.1", longitude="11.0")
    make_heard(own.meter, NOW - timedelta(hours=1))
    make_alarm(town, own, NOW)
    make_kept(town, Side.OWN)
    make_found(town, Side.OWN)
    return town.vik.staff[Role.OPERATOR]


@pytest.mark.parametrize(("width", "scheme"), OTHER_LOOKS)
def test_every_page_looks_right(open_page, check_page, town, operator, width, scheme):
    """No fault found by axe, nothing too wide, no error of a script."""
    page = open_page(operator, width=width, scheme=scheme, path="/drift/")
    own = town.vik.homes[Side.OWN]
    kept, found = make_kept(town, Side.OWN), make_found(town, Side.OWN)
    single = (f"maalere/{own.point}/", f"soner/{town.vik.zone}/", f"ukjente/{kept}/", f"funnet/{found}/")
    for path in (*PAGES, *single):
        page.goto(f"{town.address}/drift/{path}")
        name = "oversikt" if not path else path.split("/")[0] if path in single else path.strip("/").replace("/", "-")
        check_page(page, f"drift-{name}{'-en' if path in single else ''}-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_shows_the_meters_and_opens_one(open_page, check_page, town, operator, scheme):
    """It is drawn without a server of tiles; a touch of a meter says what it is and leads to its page."""
    page = open_page(operator, path="/drift/kart/?q=H0101", scheme=scheme)
    page.wait_for_selector("[data-map][data-ready], [data-map][data-failed]")
    if page.locator("[data-map]").get_attribute("data-failed"):
        pytest.skip("this Chromium draws no WebGL: the list is shown instead")
    shown = page.evaluate("avlestMap.queryRenderedFeatures({layers: ['meters']}).length")
    assert shown == 1
    check_page(page, f"drift-kart-{scheme}")
    box = page.locator("[data-map] canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.get_by_role("link", name="Vikmarkgata 1 H0101").first.wait_for()
    page.locator(".maplibregl-popup a").click()
    page.wait_for_url("**/drift/maalere/*/")


def test_the_list_is_there_without_the_map(open_page, town, operator):
    """Without JavaScript the same meters are below, with the same filters."""
    page = open_page(operator, path="/drift/kart/", java_script_enabled=False)
    page.locator("input[name=q]").fill("H0102")
    page.get_by_role("button", name="Vis", exact=True).click()
    assert page.locator("table tbody tr").count() == 1
    assert page.get_by_text("Kartet tegnes av et skript").is_visible()


def test_an_alarm_is_acknowledged_by_keyboard(open_page, town, operator):
    """From the list to the note and back, without a mouse."""
    page = open_page(operator, path="/drift/varsler/")
    link = page.locator(".alarms details a").first
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/drift/varsler/*/")
    page.locator("textarea").focus()
    page.keyboard.type("Sett")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Kvittert ut. Ingen blir minnet").wait_for()


def test_a_telegram_is_explained_and_an_error_gets_the_focus(open_page, check_page, town, operator):
    page = open_page(operator, path="/drift/telegram/", width=360)
    page.locator("textarea").fill("2G")
    page.get_by_role("button", name="Forklar").click()
    page.wait_for_selector(".form-summary")
    assert page.evaluate("document.activeElement.classList.contains('form-summary')")
    page.problems.clear()  # the browser itself complains of the 422 that is meant
    check_page(page, "drift-telegram-error")
