# SPDX-License-Identifier: Apache-2.0
"""Tables, forms, themes, texts, vendored files: what all pages share."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import allauth
import pytest
from django import forms
from django.http import QueryDict
from django.template.loader import get_template
from django.test import Client
from django.utils import translation

from avlest.portal.forms import DateField, Form, NumberField
from avlest.portal.tables import Column, answer_csv, read_table, write_csv
from avlest.portal.themes import (
    LEAST_CONTRAST,
    ContrastError,
    check_accent,
    derive_contrast,
    derive_shade,
    derive_style,
    do_save_theme,
)
from avlest.portal.viewer import get_viewer
from avlest.registry.rights import AccessDeniedError, Role
from scripts import messages, vendor_assets
from tests.portal.world import Side

LOGIN_PAGES = (
    "login.html",
    "request_login_code.html",
    "base_confirm_code.html",
    "confirm_login_code.html",
    "logout.html",
    "password_reset.html",
    "password_reset_done.html",
    "password_reset_from_key.html",
    "password_reset_from_key_done.html",
    "base_reauthenticate.html",
    "reauthenticate.html",
    "signup_closed.html",
    "password_change.html",
)
# Pages of signing up by a passkey and of trusting a browser, which the portal has not.
NOT_SHOWN = {
    "Create",
    "Don't Trust",
    "If you choose to trust this browser, you will not be asked for a verification code the next time you sign in.",
    "Trust for %(period)s",
    "Trust this Browser?",
    (
        "You are about to create a passkey for your account. As you can add additional keys later on, you can use a "
        "descriptive name to tell the keys apart."
    ),
}
COLUMNS = (
    Column("serial", "Nummer", lambda row: row[0]),
    Column("litres", "Liter", lambda row: f"{row[1]} liter", key=lambda row: row[1], is_number=True),
)
ROWS = [("10", 300), ("9", None), ("8", 20), ("=1+1", 5)]


def table(query: str, **changes):
    return read_table(QueryDict(query), **{"caption": "Målere", "columns": COLUMNS, "rows": ROWS, **changes})


def test_tables_sort_search_and_page():
    """The query sorts, filters and pages; what is missing comes last; nonsense is ignored."""
    assert [row[1] for row in table("sort=litres").rows] == [5, 20, 300, None]
    assert [row[1] for row in table("sort=-litres").rows] == [300, 20, 5, None]
    assert [row[0] for row in table("q=20+LITER").rows] == ["8"]
    assert table("sort=password&page=99999999999&q=").rows == tuple(ROWS)
    paged = table("page=2", rows=[(str(at), at) for at in range(120)])
    assert (paged.page, paged.pages, paged.cells[0][0].text, paged.numbers) == (2, 3, "50", [1, 2, 3])
    assert table("sort=serial&q=x&page=3").address(page=1) == "?sort=serial&q=x&page=1"
    assert [head.direction for head in table("sort=-litres").heads] == ["none", "descending"]


def test_csv_is_for_norwegian_excel_and_harmless():
    """Semicolons, a byte order mark, and no cell that a spreadsheet would run."""
    body = answer_csv(table(""), "malere").content
    assert body.startswith(b"\xef\xbb\xbfNummer;Liter\r\n")
    assert b"'=1+1;" in body
    assert write_csv(["a"], [["-12,5"], ["-1+2"], ["@x"], [None]]).decode("utf-8-sig").split("\r\n")[1:5] == [
        "-12,5",
        "'-1+2",
        "'@x",
        '""',
    ]


def test_a_table_as_drawn():
    """Caption, scope, sort state and search field are there; an empty one says so."""
    drawn = get_template("portal/parts/table.html").render(
        {"table": table("sort=litres"), "pages": [], "csv": "?format=csv"}
    )
    assert "<caption>Målere" in drawn
    assert 'scope="col"' in drawn
    assert 'aria-sort="ascending"' in drawn
    empty = get_template("portal/parts/table.html").render(
        {"table": table("", rows=[], empty="Ingen målere"), "pages": []}
    )
    assert "Ingen målere" in empty


class ReadingForm(Form):
    """A form as pages have them."""

    day = DateField(label="Dag")
    value = NumberField(label="Verdi", help_text="I kubikkmeter", min_value=0)
    kind = forms.ChoiceField(label="Slag", choices=[("a", "A"), ("b", "B")], widget=forms.RadioSelect)
    ok = forms.BooleanField(label="Ja", required=False)


@pytest.mark.parametrize(
    ("typed", "value"),
    [("1 234,5", "1234.5"), ("1\u00a0234.5", "1234.5"), ("−3", None), ("tolv", None), ("nan", None), ("1e999", None)],
)
def test_numbers_as_people_write_them(typed, value):
    """Spaces and comma are understood; anything else is an error that keeps what was typed."""
    form = ReadingForm({"day": "22.11.2026", "value": typed, "kind": "a"})
    assert form.is_valid() == (value is not None)
    if value:
        assert form.cleaned_data["value"] == Decimal(value)
        assert form.cleaned_data["day"].isoformat() == "2026-11-22"
    else:
        assert "value" in form.errors
        assert f'value="{typed}"' in str(form)


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_a_form_names_its_errors(language):
    """Summary with links, error at the field tied by aria-describedby, in the reader's language."""
    with translation.override(language):
        form = ReadingForm({"day": "i går", "value": "tolv"})
        drawn = str(form)
        words = {"nb": "Skriv en dato", "nn": "Skriv ein dato", "en": "Write a date"}
        assert words[language] in drawn
    assert drawn.index('class="ds-error-summary') < drawn.index("id_day")
    assert 'href="#id_value"' in drawn
    field = re.search(r'<input[^>]*name="value"[^>]*>', drawn)[0]
    assert set(re.search(r'aria-describedby="([^"]*)"', field)[1].split()) == {"id_value_helptext", "id_value_error"}
    for name in re.search(r'aria-describedby="([^"]*)"', field)[1].split():
        assert drawn.count(f'id="{name}"') == 1
    assert "<fieldset" in drawn


def test_a_colour_is_checked_for_contrast(world):
    """A colour too light to read is refused and a darker one named; one that does makes a whole scale."""
    with pytest.raises(ContrastError) as refused:
        check_accent("#ffcc00")
    assert derive_contrast(refused.value.nearest, "#ffffff") >= LEAST_CONTRAST
    viewer = get_viewer(world.vik.staff[Role.ADMINISTRATOR], organisation_id=world.vik.id)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    do_save_theme(viewer, accent="#7a1f3d", now=now)
    client = Client()
    client.force_login(world.vik.homes[Side.OWN].user)
    address = re.search(r'href="(/tema/[^"]+)"', client.get("/").content.decode())[1]
    style = client.get(address).content.decode()
    assert "--ds-color-accent-base-default:#7a1f3d" in style
    with pytest.raises(AccessDeniedError):
        do_save_theme(
            get_viewer(world.vik.staff[Role.MANAGER], organisation_id=world.vik.id), accent="#7a1f3d", now=now
        )


@pytest.mark.parametrize("accent", ["#0062ba", "#7a1f3d", "#006644", "#3a3a3a", "#5b3fa0"])
def test_every_step_of_a_scale_can_be_read(accent):
    """Text, borders and buttons of any organisation's colour have the contrasts WCAG asks for, light and dark."""
    light, dark = derive_style(accent).splitlines()[:2]
    for style in (light, dark):
        steps = dict(re.findall(r"--ds-color-accent-([a-z-]+):(#[0-9a-f]{6})", style))
        for text in ("text-subtle", "text-default"):
            assert derive_contrast(steps[text], steps["background-default"]) >= 4.5
        assert derive_contrast(steps["base-contrast-default"], steps["base-default"]) >= 4.5
        assert derive_contrast(steps["border-default"], steps["background-default"]) >= 3
    assert derive_contrast(derive_shade(accent, 0.5), "#ffffff") == pytest.approx(1.05 / 0.55, abs=0.05)


def test_every_text_has_its_translations():
    """No text of the portal without bokmål and nynorsk, none fuzzy, no catalogue behind its sources."""
    complaints = [
        line
        for name, folder in messages.get_folders().items()
        for line in messages.update(name, folder, filled={}, only_check=True)
    ]
    assert complaints == []


def test_the_pages_of_the_login_have_their_nynorsk():
    """django-allauth brings bokmål and no nynorsk: every text of its pages that we show has ours."""
    templates = Path(allauth.__file__).parent / "templates"
    pages = [*(templates / "mfa").rglob("*.html"), *(templates / "account" / name for name in LOGIN_PAGES)]
    ours = messages.read_catalogue(messages.PORTAL / "login/locale/nn/LC_MESSAGES/django.po", "nn")
    texts = {text for page in pages for _, text in messages.find_in_template(page.read_text(encoding="utf-8"))}
    singular = {text[0] if isinstance(text, tuple) else text for text in texts}
    assert (
        sorted(text for text in singular if text not in NOT_SHOWN and not (ours.get(text) and ours.get(text).string))
        == []
    )
    compiled = messages.PORTAL / "login/locale/nn/LC_MESSAGES/django.mo"
    assert compiled.read_bytes() == messages.compile_catalogue(compiled.with_suffix(".po"))


def test_no_text_stands_in_a_template_untranslated():
    """A word between tags, or in an attribute that is read aloud, outside translate tags, is found."""
    found = [
        f"{file.relative_to(messages.PORTAL)}: {text}"
        for file in sorted(messages.PORTAL.rglob("*.html"))
        for text in find_literals(file.read_text(encoding="utf-8"))
    ]
    assert found == []


SAME_EVERYWHERE = {"Avlest", "m²", "m³", "dBm", "MB", "GB", "Authorization: Bearer"}
"""Names, symbols of units and what is typed into a program: they have no translation."""


def find_literals(source: str) -> list[str]:
    """Words a reader would see that no translate tag holds; the product's name is the same in every language."""
    source = re.sub(r"\{#.*?#\}|\{%\s*comment.*?endcomment\s*%\}", "", source, flags=re.DOTALL)
    source = re.sub(r"<(script|style)\b.*?</\1>", "", source, flags=re.DOTALL)
    source = re.sub(r"\{%\s*blocktrans.*?endblocktrans\w*\s*%\}", "", source, flags=re.DOTALL)
    source = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.DOTALL)
    attributes = re.findall(r'\b(?:aria-label|alt|title|placeholder)="([^"]*)"', source)
    texts = re.sub(r"<[^>]*>", "\n", source).splitlines() + attributes
    words = (text.strip(" –") for text in texts if re.search(r"[^\W\d_]{2,}", text))
    return [word for word in words if word not in SAME_EVERYWHERE]


def test_the_search_for_literals_finds_them():
    """What the test above looks for is found where it is."""
    assert find_literals('<p>Hei {{ name }}</p><img alt="Bilde">{% translate "Yes" %}') == ["Hei", "Bilde"]


def test_messages_reads_templates_as_django_does():
    """Trimmed blocks, plurals, per cent signs and variables give the texts that are looked up."""
    source = '{% translate "5 % off" %}{% blocktranslate trimmed %}\n  Hi {{ name }},\n  there\n{% endblocktranslate %}'
    source += "{% blocktranslate count n=n %}one{% plural %}{{ n }} many{% endblocktranslate %}"
    found = set(messages.find_in_template(source))
    assert found == {(None, "5 %% off"), (None, "Hi %(name)s, there"), (None, ("one", "%(n)s many"))}


def test_vendored_files_are_those_of_the_lock_file():
    """Each file has its checksum and a licence, versions are the locked ones, no host is named."""
    manifest = json.loads((vendor_assets.VENDOR / vendor_assets.MANIFEST).read_text(encoding="utf-8"))
    lock = (vendor_assets.ROOT / "package-lock.json").read_text(encoding="utf-8")
    packages = json.loads(lock)["packages"]
    for name, checksum in manifest["sha256"].items():
        assert sha256((vendor_assets.VENDOR / name).read_bytes()).hexdigest() == checksum, name
    for package, version in manifest["packages"].items():
        assert packages[f"node_modules/{package}"]["version"] == version
        assert packages[f"node_modules/{package}"]["integrity"].startswith("sha512-")
        assert any(name.endswith("LICENSE.txt") for name in vendor_assets.FILES[package].values())
    assert "resolved" not in lock


def test_no_page_has_a_component_that_the_style_sheet_was_relieved_of():
    """What is left out is used nowhere, and gone; what is used is there."""
    sheet = (vendor_assets.VENDOR / "designsystemet.css").read_text(encoding="utf-8")
    sources = [
        file.read_text(encoding="utf-8")
        for kind in ("html", "py", "js")
        for file in vendor_assets.VENDOR.parents[2].rglob(f"*.{kind}")
    ]
    used = {name for text in sources for name in re.findall(r"\bds-([a-z]+(?:-[a-z]+)*)\b", text)}
    assert used > {"button", "table", "card"}
    assert not {name for name in used if name.startswith(vendor_assets.UNUSED)}
    for name in vendor_assets.UNUSED:
        assert f"@layer ds.components{{.ds-{name}" not in sheet
    for name in ("button", "table", "card", "alert", "field", "tag", "details", "breadcrumbs", "error-summary"):
        assert f".ds-{name}{{" in sheet or f".ds-{name}:" in sheet, name


@pytest.mark.parametrize(
    ("code", "word"), [("nb", "Logg inn"), ("nn", "Logg inn med ein passnøkkel"), ("en", "Sign in")]
)
def test_the_login_page_speaks_the_readers_language(world, code, word):
    """The page and its language mark follow the browser."""
    page = Client().get("/konto/login/", headers={"accept-language": code}).content.decode()
    assert f'<html lang="{code}"' in page
    assert word in page


@pytest.mark.parametrize("address", ["/nowhere", "/drift/"])
def test_refusals_are_pages(world, address):
    """What is not there or not theirs is said in a page with a way on."""
    client = Client()
    client.force_login(world.vik.homes[Side.OWN].user)
    page = client.get(address, headers={"accept-language": "nb"}).content.decode()
    assert "<h1" in page
    assert "Til forsiden" in page
