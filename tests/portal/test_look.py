# SPDX-License-Identifier: Apache-2.0
"""The page where an administrator gives the organisation its colour and logo."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from avlest import portal
from avlest.portal.models import Theme
from avlest.portal.security import find_kind
from avlest.registry.models import AuditEntry
from avlest.registry.rights import Role

ADDRESS = "/utseende/"
PICTURE = Path(portal.__file__).parent / "static/portal/icon-192.png"


def make_png() -> bytes:
    """A real picture."""
    return PICTURE.read_bytes()


@pytest.fixture
def client(world):
    """The administrator's browser, in Norwegian."""
    client = Client(headers={"accept-language": "nb"})
    client.force_login(world.vik.staff[Role.ADMINISTRATOR])
    return client


def test_a_colour_and_a_logo_are_kept_and_logged(world, client):
    """After saving, the page shows both, the log names who; residents get the style sheet."""
    sent = {"accent": "#7A1F3D", "logo": SimpleUploadedFile("merke.png", make_png())}
    assert client.post(ADDRESS, sent).status_code == 302
    kept = Theme.objects.get(organisation_id=world.vik.id)
    assert (kept.accent, kept.logo_type, find_kind(bytes(kept.logo))) == ("#7a1f3d", "image/png", "image/png")
    assert AuditEntry.objects.filter(action="theme", organisation_id=world.vik.id).exists()
    page = client.get(ADDRESS).content.decode()
    assert 'value="#7a1f3d"' in page
    assert f'src="/logo/{world.vik.id}/{kept.version}/"' in page


def test_the_logo_stays_when_only_the_colour_changes(world, client):
    """A form without a file is not a wish to have no logo."""
    client.post(ADDRESS, {"accent": "#7a1f3d", "logo": SimpleUploadedFile("merke.png", make_png())})
    client.post(ADDRESS, {"accent": "#0062ba"})
    kept = Theme.objects.get(organisation_id=world.vik.id)
    assert (kept.accent, kept.logo_type) == ("#0062ba", "image/png")


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"accent": "#ffcc00"}, "Prøv #"),
        ({"accent": "blå"}, "Skriv en farge"),
        ({"accent": "#0062ba", "logo": SimpleUploadedFile("merke.png", b"<svg/>")}, "Denne typen fil tas ikke imot"),
    ],
)
def test_what_does_not_do_is_said_at_its_field(world, client, sent, said):
    """Too light a colour names one that does; what is no picture is refused; what was typed stays."""
    answer = client.post(ADDRESS, sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert f'value="{sent["accent"]}"' in page
    assert not Theme.objects.filter(organisation_id=world.vik.id).exists()
