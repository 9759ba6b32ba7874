# SPDX-License-Identifier: Apache-2.0
"""What people send: its size, and that its content is what is allowed, whatever its name says."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

_HEAD: Final = 4096
MEGABYTE: Final = 2**20


class Kind(StrEnum):
    """What a file is, by its content; the value is the media type."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    CSV = "text/csv"


PHOTOS: Final = frozenset({Kind.JPEG, Kind.PNG, Kind.WEBP})
SHEETS: Final = frozenset({Kind.CSV, Kind.XLSX})


class UploadError(ValueError):
    """A file that is not taken; the text is for the person who sent it."""


def find_kind(head: bytes) -> Kind | None:
    """Return what a file is from its first 4096 bytes; None for anything else (SVG and HTML among it)."""
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Kind.WEBP
    if head.startswith(b"%PDF-"):
        return Kind.PDF
    if head.startswith(b"PK\x03\x04") and (b"[Content_Types].xml" in head or b"xl/" in head or b"_rels/" in head):
        return Kind.XLSX
    return Kind.CSV if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """Text without control characters and without the beginning of a page: what a CSV file is."""
    if not head or any(byte < 32 and byte not in b"\t\r\n" for byte in head):
        return False
    return not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def check_upload(file: UploadedFile[Any], *, kinds: Collection[Kind], max_mb: int) -> Kind:
    """Return what a sent file is; `UploadError` when it is empty, too large, or not one of `kinds`."""
    if not file.size:
        raise UploadError(_("The file is empty."))
    if file.size > max_mb * MEGABYTE:
        raise UploadError(_("The file is too large: at most %(mb)s MB.") % {"mb": max_mb})
    file.seek(0)
    kind = find_kind(file.read(_HEAD))
    file.seek(0)
    if kind is None or kind not in kinds:
        names = ", ".join(sorted(each.name for each in kinds))
        raise UploadError(_("This kind of file is not taken. Expected: %(kinds)s.") % {"kinds": names})
    return kind
