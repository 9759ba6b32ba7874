# SPDX-License-Identifier: Apache-2.0
"""Headers, cookies, uploads, photos, links: what keeps a page to itself."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import zlib
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

import avlest.portal
from avlest.portal.security import (
    Kind,
    LinkError,
    PhotoError,
    UploadError,
    check_upload,
    find_kind,
    make_link,
    may_try,
    read_link,
    strip_position,
)
from avlest.portal.security.uploads import PHOTOS, SHEETS
from tests.portal.world import Side

if TYPE_CHECKING:
    from avlest.portal.request import ViewerRequest

ROOM = Path(avlest.portal.__file__).parent
ADDRESSES = ("/konto/login/", "/aktiver/", "/tilgjengelighet/", "/nowhere", "/health", "/status")


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_has_the_headers(world, address):
    """Policy without inline script or style, no framing, no sniffing, no referrer to others; errors too."""
    answer = Client().get(address)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "geolocation=()" in answer["Permissions-Policy"]


def test_no_template_has_inline_script_or_style():
    """What the policy forbids stands in no template of ours."""
    for file in ROOM.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text), file
        for script in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in script or "application/json" in script, f"{file}: {script}"


def test_pages_of_people_are_not_kept_by_others(world):
    """A signed-in page may be kept by the reader's own browser only, and is asked for again."""
    client = Client()
    client.force_login(world.vik.homes[Side.OWN].user)
    assert client.get("/")["Cache-Control"] == "private, no-cache"


def test_cookies(world):
    """Cookies are for our own pages, and the session's is out of reach of scripts."""
    client = Client()
    client.post("/konto/login/", {"login": "nyhusen1", "password": "Fjellrev-2026"})
    client.post("/sprak/", {"language": "nn", "next": "/"})
    client.post("/farger/", {"colours": "dark", "next": "/"})
    assert client.cookies["sessionid"]["httponly"]
    assert {client.cookies[name]["samesite"] for name in ("sessionid", "csrftoken", "django_language")} == {"Lax"}
    page = client.get("/").content.decode()
    assert '<html lang="nn" data-color-scheme="dark"' in page


def test_going_on_stays_on_our_pages(world):
    """An address of others given as "next" is not followed."""
    for wanted in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        assert Client().post("/sprak/", {"language": "nn", "next": wanted})["Location"] == "/"


def test_forms_from_elsewhere_are_refused(world):
    """A POST without our token is refused on a page that says what to do."""
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sprak/", {"language": "nn"})
    assert answer.status_code == 403
    assert "<h1" in answer.content.decode()


def test_the_deployment_check_is_clean(tmp_path):
    """`manage.py check --deploy` has nothing to say about an installation behind HTTPS."""
    text = '[web]\nbehind_https = true\nallowed_hosts = ["a.example.no"]\norigins = ["https://a.example.no"]\n'
    (tmp_path / "avlest.toml").write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AVLEST_", "DJANGO_"))}
    environment = kept | {"DJANGO_SETTINGS_MODULE": "avlest.project.settings", "AVLEST_DATA": str(tmp_path)}
    code = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('check', deploy=True, fail_level='WARNING')\n"
        "from django.conf import settings\n"
        "assert settings.SECURE_HSTS_SECONDS == 31536000 and settings.SECURE_SSL_REDIRECT\n"
        "assert settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE and settings.REQUIRE_SECOND_FACTOR\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0 jpeg", Kind.JPEG),
        (b"\x89PNG\r\n\x1a\n....", Kind.PNG),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", Kind.WEBP),
        (b"%PDF-1.7\n", Kind.PDF),
        (b"PK\x03\x04....[Content_Types].xml", Kind.XLSX),
        (b"a;b\r\n1;2\r\n", Kind.CSV),
        (b"<svg onload=alert(1)>", None),
        (b"\xef\xbb\xbf <html>", None),
        (b"MZ\x90\x00", None),
        (b"PK\x03\x04evil.exe", None),
        (b"", None),
    ],
)
def test_what_a_file_is(content, kind):
    """The kind of a file is in its content."""
    assert find_kind(content) == kind


def test_uploads_are_checked():
    """A page named photo.jpg is refused, so is what is empty or too large; the kinds expected are named."""
    photo = SimpleUploadedFile("photo.txt", b"\xff\xd8\xff\xe0 jpeg")
    assert check_upload(photo, kinds=PHOTOS, max_mb=1) == Kind.JPEG
    assert photo.tell() == 0
    with pytest.raises(UploadError, match=r"JPEG, PNG, WEBP"):
        check_upload(SimpleUploadedFile("photo.jpg", b"<html>"), kinds=PHOTOS, max_mb=1)
    with pytest.raises(UploadError):
        check_upload(SimpleUploadedFile("a.csv", b""), kinds=SHEETS, max_mb=1)
    with pytest.raises(UploadError, match="1"):
        check_upload(SimpleUploadedFile("a.csv", b"a;b\n" * 2**19), kinds=SHEETS, max_mb=1)


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _exif(orientation: int) -> bytes:
    """EXIF (little endian) with an orientation, a GPS directory and a position in clear."""
    entries = struct.pack("<HHHII", 2, 0x0112, 3, 1, orientation) + struct.pack("<HHII", 0x8825, 4, 1, 60)
    tiff = b"II\x2a\x00\x08\x00\x00\x00" + entries + b"\x00" * 4 + b"GPS 59.91N 10.75E"
    return _segment(0xE1, b"Exif\x00\x00" + tiff)


def _jpeg(orientation: int = 1) -> bytes:
    tables = _segment(0xDB, b"\x00" + bytes(range(1, 65)))
    scan = _segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56\xff\xd9"
    icc = _segment(0xE2, b"ICC_PROFILE\x00..")
    return b"\xff\xd8" + _exif(orientation) + icc + _segment(0xFE, b"GPS comment") + tables + scan + b"GPS trailer"


def test_a_photo_loses_its_position():
    """EXIF, comments and what hangs on behind are gone; tables, profile and picture are the same bytes."""
    found = strip_position(_jpeg())
    assert b"GPS" not in found
    assert b"Exif" not in found
    assert b"ICC_PROFILE" in found
    assert found.endswith(b"\x12\xff\x00\x34\xff\xd0\x56\xff\xd9")
    assert strip_position(found) == found


def test_a_photo_on_its_side_stays_so():
    """The orientation alone is kept, so that the picture does not turn."""
    found = strip_position(_jpeg(orientation=6))
    assert b"GPS" not in found
    assert found.count(b"Exif") == 1
    assert strip_position(found) == found


def test_png_and_webp_lose_their_metadata():
    """Texts and EXIF chunks go, the picture stays."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    parts = [chunk(b"IHDR", b"h" * 13), chunk(b"eXIf", b"GPS"), chunk(b"tEXt", b"GPS"), chunk(b"IDAT", b"d")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"") + b"GPS"
    assert strip_position(png) == b"\x89PNG\r\n\x1a\n" + parts[0] + parts[3] + chunk(b"IEND", b"")

    def riff(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2)

    body = (
        riff(b"VP8X", b"\x0c" + b"\x00" * 9) + riff(b"VP8 ", b"picture") + riff(b"EXIF", b"GPS") + riff(b"XMP ", b"GPS")
    )
    webp = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    found = strip_position(webp)
    assert b"GPS" not in found
    assert b"picture" in found
    assert struct.unpack_from("<I", found, 4)[0] == len(found) - 8
    assert found[20] == 0


@pytest.mark.parametrize(
    "content", [b"", b"<svg>", b"\xff\xd8\xff\xe1\xff\xff", b"\x89PNG\r\n\x1a\n\x00\x00\xff\xff", b"%PDF-"]
)
def test_a_broken_photo_is_said(content):
    """What is no photo, or a broken one, is refused rather than kept with what it may hold."""
    with pytest.raises(PhotoError):
        strip_position(content)


def test_links_end_and_are_for_one_thing():
    """A signed link opens what it was made for, not something else, not when changed, not for ever."""
    token = make_link("alarm", {"alarm": 7})
    assert read_link("alarm", token, lasts=timedelta(days=7)) == {"alarm": 7}
    for purpose, tried, lasts in (("invoice", token, 7), ("alarm", token + "x", 7), ("alarm", token, -1)):
        with pytest.raises(LinkError):
            read_link(purpose, tried, lasts=timedelta(days=lasts))


def test_tries_are_counted(world):
    """The limit holds for each key by itself."""
    assert [may_try("test", "a", limit=2, seconds=60) for _ in range(3)] == [True, True, False]
    assert may_try("test", "b", limit=2, seconds=60)


def fetch_file(client: Client, address: str):
    """Status, headers and body of a file, closed again."""
    answer = client.get(address, headers={"accept-encoding": "gzip"})
    body = b"".join(answer) if answer.streaming else answer.content
    return answer.status_code, answer.headers, body


def test_the_first_page_is_small(world):
    """The login page with all its style sheets and scripts is under 100 kB as sent, compressed."""
    client = Client()
    page = client.get("/konto/login/").content
    addresses = re.findall(rb'(?:href|src)="(/static/[^"]+\.(?:css|js)[^"]*)"', page)
    assert len(addresses) >= 5
    total = len(zlib.compress(page, 6))
    for address in addresses:
        status, headers, body = fetch_file(client, address.decode())
        assert status == 200, address
        assert headers.get("Content-Encoding") == "gzip" or len(body) < 1000, address
        assert "max-age=2592000" in headers["Cache-Control"]
        total += len(body)
    assert total < 100_000, total


def test_the_shell_of_the_app(world):
    """Manifest, service worker and offline page are there; the worker names files that exist."""
    client = Client()
    manifest = client.get("/manifest.webmanifest", headers={"accept-language": "nn"}).json()
    assert manifest["display"] == "standalone"
    assert manifest["lang"] == "nn"
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}
    worker = client.get("/sw.js")
    assert worker["Content-Type"] == "text/javascript"
    shell = re.findall(r'"(/[^"]*)"', worker.content.decode().splitlines()[0])
    for address in [*shell, *(icon["src"] for icon in manifest["icons"])]:
        assert fetch_file(client, address)[0] == 200, address


def test_the_clock_of_a_request_is_one(world, rf):
    """Views take the time from the request."""
    assert cast("ViewerRequest", Client().get("/tilgjengelighet/").wsgi_request).now <= timezone.now()
