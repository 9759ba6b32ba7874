# SPDX-License-Identifier: Apache-2.0
"""Every word on a screen has its Norwegian."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

import pytest
from django.urls import reverse

import avlest.registry
from avlest.registry.models import User

ROOM = Path(avlest.registry.__file__).parent
FOLDER = ROOM / "locale" / "nb" / "LC_MESSAGES"


def get_words() -> set[str]:
    """Return the texts marked `_("...")` in the room's sources."""
    found = set()
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                found |= {str(word.value) for word in node.args if isinstance(word, ast.Constant)}
    return found


def test_every_word_has_its_norwegian():
    """The compiled catalogue knows each text, and its source holds no text that is gone."""
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    words = get_words()
    known = {word for word in compiled._catalog if word}  # type: ignore[attr-defined]
    assert words - known == set()
    assert known - words == set()


def test_the_compiled_catalogue_is_current():
    """What is compiled is what stands in the source: run msgfmt after a change."""
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    source = (FOLDER / "django.po").read_text(encoding="utf-8")
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', source, flags=re.MULTILINE)
    assert len(pairs) == len(get_words())
    assert [text for text, translated in pairs if compiled.gettext(text) != translated] == []


@pytest.mark.django_db
def test_the_admin_speaks_norwegian(client):
    """The front page of the admin names the lists in bokmål."""
    client.force_login(User.objects.create(username="root", is_staff=True, is_superuser=True))
    text = client.get(reverse("admin:index"), headers={"accept-language": "nb"}).content.decode()
    assert all(word in text for word in ("Målere", "Målepunkter", "Eiendommer", "Endringslogg"))
