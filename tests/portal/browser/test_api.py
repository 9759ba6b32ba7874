# SPDX-License-Identifier: Apache-2.0
"""Tokens, webhooks and Home Assistant in a browser, on a phone and at a desk, in light and dark."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from avlest.registry.rights import Role
from tests.portal.browser.conftest import WIDTHS
from tests.portal.world import Side

pytestmark = [pytest.mark.needs("chromium")]
LOOKS = list(zip(WIDTHS, ("dark", "light"), strict=True))


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_resident_makes_a_token_and_revokes_it(open_page, town, check_page, width, scheme):
    page = open_page(town.get_home(Side.OWN).user, width=width, scheme=scheme, path="/api/nokler/ny/")
    page.get_by_role("button", name="Lag tilgangsnøkkelen").click()
    page.get_by_role("alert").wait_for()
    page.problems.clear()  # Chromium notes the 422 of a form with errors
    check_page(page, f"api-token-errors-{scheme}")
    page.get_by_label("Navn").fill("Home Assistant hjemme")
    page.get_by_label("Se forbruket").check()
    page.get_by_label("Se målepunkter").check()
    page.get_by_role("button", name="Lag tilgangsnøkkelen").click()
    assert page.get_by_label("Home Assistant hjemme").input_value().startswith("avlest_")
    check_page(page, f"api-token-made-{scheme}")
    page.get_by_role("link", name="Jeg har kopiert den").click()
    check_page(page, f"api-tokens-{scheme}")
    page.get_by_role("button", name="Trekk tilbake").click()
    page.get_by_text("er trukket tilbake").first.wait_for()
    check_page(page, f"api-tokens-revoked-{scheme}")
    page.goto(f"{town.address}/api/hjemmeautomasjon/")
    check_page(page, f"api-home-{scheme}")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_an_administrator_sets_up_a_webhook_and_tries_it(open_page, town, check_page, monkeypatch, width, scheme):
    from avlest.portal.api import guard
    from avlest.portal.api.webhooks import sending
    from avlest.portal.api.webhooks.delivering import do_deliver

    for module in (guard, sending):
        monkeypatch.setattr(module, "get_options", lambda: SimpleNamespace(private_hosts=("localhost",)))
    page = open_page(town.vik.staff[Role.ADMINISTRATOR], width=width, scheme=scheme, path="/api/")
    check_page(page, f"api-document-{scheme}")
    page.goto(f"{town.address}/api/webhooks/ny/")
    page.get_by_label("Adresse").fill("http://localhost:9/avlest")
    page.get_by_label("Beskrivelse").fill("Økonomisystemet")
    page.get_by_label("Et nytt varsel").check()
    page.get_by_label("En ny faktura").check()
    check_page(page, f"api-webhook-form-{scheme}")
    page.get_by_role("button", name="Sett opp webhooken").click()
    check_page(page, f"api-webhook-made-{scheme}")
    page.get_by_role("link", name="Jeg har kopiert den").click()
    page.get_by_role("button", name="Send en prøve").click()
    page.get_by_role("cell", name="venter").wait_for()
    do_deliver(now=datetime.now(UTC))
    page.reload()
    check_page(page, f"api-webhook-{scheme}")
    page.goto(f"{town.address}/api/webhooks/")
    check_page(page, f"api-webhooks-{scheme}")
