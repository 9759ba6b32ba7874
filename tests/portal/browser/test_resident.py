# SPDX-License-Identifier: Apache-2.0
"""The resident's ways through the app: looking, an alarm, a limit, a move, a fault, one's own data."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from tests.portal.browser.conftest import OTHER_LOOKS, WIDTHS
from tests.portal.world import Side

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.slow]

PAGES = {
    "overview": "/",
    "use-day": "/forbruk/{point}/?span=day&at={day}",
    "use-kr": "/forbruk/{point}/?span=month&at={day}&show=kr&against=previous",
    "live": "/naa/",
    "alarms": "/varsler/",
    "limits": "/varsler/grenser/",
    "settlements": "/avregning/",
    "invoices": "/fakturaer/",
    "meters": "/maalere/",
    "reading": "/maalere/{point}/avlesning/",
    "moves": "/flytte/",
    "faults": "/meld-feil/",
    "me": "/meg/",
    "consents": "/meg/samtykker/",
    "looks": "/meg/innsyn/",
    "export": "/meg/eksport/",
    "privacy": "/meg/krav/",
    "channels": "/meg/kanaler/",
}


@pytest.fixture
def lived(town, settings, tmp_path: Path):
    """The household with hours of two days and an open alarm (an invoice could not be flushed away afterwards)."""
    from django.utils import timezone

    from avlest.insight.models import Alarm
    from avlest.portal.store import get_store
    from tests.portal.matrix.samplers.resident import make_alarm
    from tests.portal.world import write_hours

    settings.AVLEST = dataclasses.replace(settings.AVLEST, tables={"readings": {"store": str(tmp_path / "store")}})
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    write_hours(get_store(), town.vik, start=now - timedelta(days=2), stop=now)
    Alarm.objects.filter(pk=make_alarm(town, Side.OWN)).update(cleared_at=None)
    town.day = (timezone.localdate() - timedelta(days=1)).isoformat()
    return town


@pytest.mark.parametrize(("width", "scheme"), OTHER_LOOKS)
def test_every_page_of_a_resident_looks_right(open_page, check_page, lived, width, scheme):
    """Axe finds nothing, nothing scrolls sideways, no script fails."""
    home = lived.vik.homes[Side.OWN]
    page = open_page(home.user, width=width, scheme=scheme)
    for name, path in PAGES.items():
        page.goto(lived.address + path.format(point=home.point, day=lived.day))
        check_page(page, f"resident-{name}-{scheme}")


def test_pages_fit_a_narrow_phone(open_page, check_page, lived):
    """At 320 pixels (WCAG 1.4.10)."""
    home = lived.vik.homes[Side.OWN]
    page = open_page(home.user, width=320)
    for name in ("overview", "use-kr", "settlements", "limits", "channels"):
        page.goto(lived.address + PAGES[name].format(point=home.point, day=lived.day))
        check_page(page, f"resident-{name}")


@pytest.mark.parametrize("width", WIDTHS)
def test_from_the_alarm_to_mended(open_page, check_page, lived, width):
    """The first page says what is wrong; two taps on, it is said to be mended."""
    page = open_page(lived.vik.homes[Side.OWN].user, width=width)
    page.get_by_role("link", name="Vannet renner hele døgnet").click()
    check_page(page, "walk-alarm")
    page.get_by_label("Hva var det?").fill("Sisternen")
    page.get_by_role("button", name="Jeg har ordnet det").click()
    assert page.get_by_text("Meldt som ordnet").count() == 1
    check_page(page, "walk-mended")


def test_a_limit_by_keyboard_and_its_error(open_page, check_page, lived):
    """Without a mouse: an error takes the focus, names the field and keeps what was typed."""
    page = open_page(lived.vik.homes[Side.OWN].user, path="/varsler/grenser/")
    page.get_by_role("textbox", name="Mer enn").focus()
    page.keyboard.type("mye")
    page.keyboard.press("Enter")
    page.wait_for_selector(".ds-error-summary")
    assert page.evaluate("document.activeElement.classList.contains('form-summary')")
    assert page.get_by_role("textbox", name="Mer enn").input_value() == "mye"
    page.problems.clear()  # the browser itself complains of the 422 that is meant
    check_page(page, "walk-limit-error")
    page.get_by_role("textbox", name="Mer enn").fill("400")
    page.keyboard.press("Enter")
    page.get_by_text("400 liter på et døgn").wait_for()


def test_use_by_keyboard_to_the_table(open_page, lived):
    """Tabs, kroner and the table of the chart are reached and opened by keyboard alone."""
    home = lived.vik.homes[Side.OWN]
    page = open_page(home.user, path=f"/forbruk/{home.point}/?span=day&at={lived.day}")
    page.get_by_role("link", name="Kroner").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**show=kr**")
    page.get_by_text("Vis som tabell").focus()
    page.keyboard.press("Enter")
    page.locator("figure.chart table").wait_for()  # it unfolds


def test_a_move_and_its_receipt_without_javascript(open_page, lived):
    """The whole way from notice to withdrawal without a script."""
    from django.utils import timezone

    page = open_page(lived.vik.homes[Side.OWN].user, path="/flytte/", java_script_enabled=False)
    page.get_by_label("Dag for overtakelse").fill((timezone.localdate() + timedelta(days=9)).isoformat())
    page.get_by_label("Hvem overtar").fill("Per Nykommar")
    page.get_by_role("button", name="Send meldingen").click()
    assert page.locator("h1").inner_text() == "Kvittering for flytting"
    page.get_by_role("button", name="Trekk meldingen").click()
    assert page.get_by_text("trukket", exact=True).count() == 1


def test_a_fault_with_a_photo(open_page, check_page, lived, tmp_path):
    """A photo goes along and can be seen again."""
    from tests.portal.resident.support import make_png

    photo = tmp_path / "bilde.png"
    photo.write_bytes(make_png())
    page = open_page(lived.vik.homes[Side.OWN].user, width=360, path="/meld-feil/")
    page.get_by_label("Hva er galt?").fill("Det drypper fra måleren")
    page.get_by_label("Bilde").set_input_files(str(photo))
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_role("link", name="Se bildet").wait_for()
    check_page(page, "walk-fault")


def test_the_numbers_of_now_are_renewed_while_the_page_is_open(open_page, check_page, lived):
    """htmx fetches the part again; standing still stops it."""
    from django.utils import timezone

    from avlest.portal.store import get_store
    from tests.portal.world import write_readings

    home, now = lived.vik.homes[Side.OWN], timezone.now()
    shown = [(home.register, now - timedelta(minutes=9 - 4 * n), 500_000 + 2_000 * n * n) for n in (0, 1, 2)]
    write_readings(get_store(), lived.vik, shown)
    page = open_page(home.user, path="/naa/", width=360)
    check_page(page, "walk-live")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true", timeout=15_000):
        pass
    page.get_by_role("link", name="La dem stå stille").click()
    assert page.locator("#now[hx-get]").count() == 0


def test_the_signed_link_without_login(open_page, check_page, lived):
    """From a message to the alarm, signed out."""
    from avlest.insight.links import make_token
    from tests.portal.matrix.samplers.resident import make_alarm

    page = open_page(width=360, path=f"/alarm/{make_token(make_alarm(lived, Side.OWN))}")
    assert page.locator("h1").inner_text() == "Vannet renner hele døgnet"
    check_page(page, "walk-signed")
