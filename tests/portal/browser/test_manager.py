# SPDX-License-Identifier: Apache-2.0
"""The manager's pages in a browser: every one looked at, and the main ways walked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from avlest.insight.models import Alarm
from avlest.readings.models import Decision
from avlest.registry.models import Installation, Meter
from avlest.registry.rights import Role
from tests.portal.browser.conftest import OTHER_LOOKS, WIDTHS
from tests.portal.matrix.samplers.manager import make_audit_entry, make_campaign, make_finding
from tests.portal.matrix.samplers.resident import make_alarm
from tests.portal.world import MOVED_AT, Side, write_hours

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]


@pytest.fixture
def things(town, store):
    """One of each thing that has a page."""
    write_hours(store, town.vik, start=MOVED_AT, stop=MOVED_AT + timedelta(days=40))
    alarm = make_alarm(town, Side.OWN)
    Alarm.objects.filter(pk=alarm).update(cleared_at=None)
    return {
        "alarm": alarm,
        "finding": make_finding(town, Side.OWN),
        "campaign": make_campaign(town, Side.OWN),
        "entry": make_audit_entry(town, Side.OWN),
    }


def list_pages(town, things):
    home = town.vik.homes[Side.OWN]
    return {
        "today": "/styre/",
        "properties": "/styre/eiendommer/",
        "property": f"/styre/eiendommer/{home.property}/",
        "unit": f"/styre/enheter/{home.unit}/",
        "point": f"/styre/punkter/{home.point}/",
        "exchange": f"/styre/punkter/{home.point}/bytte/",
        "meter": f"/styre/maalere/{home.meter}/",
        "due": "/styre/maalere/",
        "search": "/styre/sok/?q=vikmark",
        "values": f"/styre/verdier/{home.series}/?at=2025-06-10",
        "queue": "/styre/avgjorelser/",
        "alarms": "/styre/varsler/",
        "alarm": f"/styre/varsler/{things['alarm']}/",
        "campaigns": "/styre/meldinger/",
        "write": "/styre/meldinger/ny/",
        "campaign": f"/styre/meldinger/{things['campaign']}/",
        "people": "/styre/personer/",
        "person": f"/styre/personer/{home.party}/",
        "members": "/styre/tilganger/",
        "end-role": f"/styre/tilganger/{town.vik.staff[Role.CARETAKER].pk}/",
        "log": "/styre/logg/",
        "entry": f"/styre/logg/{things['entry']}/",
    }


@pytest.mark.parametrize(("width", "scheme"), OTHER_LOOKS)
def test_every_page_looks_right(open_page, check_page, town, things, width, scheme):
    """No fault found by axe, nothing too wide, not at 320 pixels either."""
    page = open_page(town.vik.staff[Role.ADMINISTRATOR], width=width, scheme=scheme, path="/styre/")
    for name, path in list_pages(town, things).items():
        page.goto(f"{town.address}{path}")
        check_page(page, f"manager-{name}-{scheme}")
        if width == min(WIDTHS):
            page.set_viewport_size({"width": 320, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
            page.set_viewport_size({"width": width, "height": 740})


def test_a_value_is_decided_with_the_keyboard_alone(open_page, check_page, town, things):
    """From the first page to the decision, and an error on the way, without a mouse."""
    page = open_page(town.vik.staff[Role.BILLING], width=360, path="/styre/")
    page.locator(".counters a", has_text="Verdier å avgjøre").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/styre/avgjorelser/")
    page.locator("tbody th a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/styre/avgjorelser/{things['finding']}/")
    page.locator("input[name=action][value=accept]").focus()
    page.keyboard.press("Space")
    page.locator("input[name=reason]").focus()
    page.keyboard.type("x")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ds-error-summary")
    page.problems.clear()  # the browser itself complains of the 422 that is meant
    check_page(page, "manager-finding-error")
    page.locator("input[name=reason]").focus()
    page.keyboard.press("End")
    page.keyboard.type(": fylte bassenget")
    page.keyboard.press("Enter")
    page.wait_for_url("**/styre/avgjorelser/")
    assert page.locator("#messages").inner_text().startswith("Verdien er avgjort.")
    assert Decision.objects.get().reason == "x: fylte bassenget"


def test_a_meter_is_exchanged_without_javascript(open_page, town, things):
    """Find the place, three steps, back and forth, done."""
    home = town.vik.homes[Side.OWN]
    Meter.objects.create(organisation_id=town.vik.id, manufacturer="KAM", serial="77777777")
    page = open_page(town.vik.staff[Role.ADMINISTRATOR], path="/styre/", java_script_enabled=False)
    page.locator("#find").fill("10000011")
    page.get_by_role("button", name="Søk").click()
    page.locator(f"main a[href='/styre/maalere/{home.meter}/']").click()
    page.locator(f"main a[href='/styre/punkter/{home.point}/']").first.click()
    page.get_by_role("link", name="Bytt måleren").click()
    page.locator(f"input[name=end_{home.series}]").fill("712,345")
    page.get_by_role("button", name="Neste: den nye måleren").click()
    page.get_by_role("button", name="Tilbake").click()
    assert page.locator(f"input[name=end_{home.series}]").input_value() == "712,345"
    page.get_by_role("button", name="Neste: den nye måleren").click()
    page.locator("input[name=serial]").fill("77777777")
    page.get_by_role("button", name="Neste: se over").click()
    assert "712,345" in page.locator("dl.facts").inner_text()
    page.locator("main button[type=submit]").first.click()
    assert "Måleren er byttet." in page.locator("#messages").inner_text()
    assert Installation.objects.filter(point_id=home.point).count() == 2


def test_a_message_is_previewed_and_sent_once(open_page, check_page, town, things):
    """The board writes to a property, sees whom it reaches, sends, and reads the receipts."""
    page = open_page(town.vik.staff[Role.MANAGER], width=360, path="/styre/meldinger/ny/")
    page.locator("input[name=to][value=property]").check()
    page.locator("input[name=property]").fill("Vikmarkgata 1")
    page.locator("input[name=subject_nb]").fill("Vannet stenges")
    page.locator("textarea[name=body_nb]").fill("Fredag kl. 9 til 11.")
    page.get_by_role("button", name="Forhåndsvis").click()
    assert "personer" in page.locator("dl.facts").inner_text()
    check_page(page, "manager-preview")
    page.get_by_role("button", name="Send nå").click()
    page.wait_for_selector("table")
    assert page.get_by_role("button", name="Send nå").count() == 0
    check_page(page, "manager-receipts")
