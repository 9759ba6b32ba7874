# SPDX-License-Identifier: Apache-2.0
"""Files that clerks send: as a form field that reads the bytes and looks at what they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from avlest.portal.security.uploads import MEGABYTE, SHEETS, UploadError, check_upload

_TEXT_CONTROL: Final = frozenset(range(32)) - set(b"\t\r\n\x0c\x1a")


@dataclasses.dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent."""

    name: str
    content: bytes = dataclasses.field(repr=False)


def check_sheet(file: UploadedFile[Any], max_mb: int) -> None:
    """Take CSV, TOML and other text, and XLSX."""
    check_upload(file, kinds=SHEETS, max_mb=max_mb)


def check_key_list(file: UploadedFile[Any], max_mb: int) -> None:
    """Take what makers send keys in: a sheet, XML, or a ZIP of XML that is encrypted with a password."""
    _check_size(file, max_mb)
    head = file.read(4096)
    file.seek(0)
    if not head.startswith(b"PK\x03\x04") and not _is_plain(head):
        raise UploadError(_("This kind of file is not taken. Expected: CSV, XLSX, XML or ZIP."))


def check_bank_file(file: UploadedFile[Any], max_mb: int) -> None:
    """Take text (OCR giro) and XML (camt.054)."""
    _check_size(file, max_mb)
    head = file.read(4096)
    file.seek(0)
    if not _is_plain(head):
        raise UploadError(_("This is not a file of payments. Expected: OCR giro or camt.054."))


def _check_size(file: UploadedFile[Any], max_mb: int) -> None:
    if not file.size:
        raise UploadError(_("The file is empty."))
    if file.size > max_mb * MEGABYTE:
        raise UploadError(_("The file is too large: at most %(mb)s MB.") % {"mb": max_mb})
    file.seek(0)


def _is_plain(head: bytes) -> bool:
    """Text without control characters; UTF-16, which spreadsheets write too, is known by its mark."""
    return head.startswith((b"\xff\xfe", b"\xfe\xff")) or not any(byte in _TEXT_CONTROL for byte in head)


Check = Callable[[Any, int], None]


class SentField(forms.FileField):
    """A file whose content `check` accepts; its value is a `Sent`."""

    def __init__(self, *, check: Check, max_mb: int = 20, accept: Collection[str] = (), **kwargs: Any) -> None:
        widget = forms.FileInput(attrs={"accept": ",".join(accept)} if accept else {})
        super().__init__(**{"widget": widget, **kwargs})
        self._check, self._max_mb = check, max_mb

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Return the bytes with their name; an error that says what is wrong with the file."""
        file = super().clean(data, initial)
        if not isinstance(file, UploadedFile):
            return None
        try:
            self._check(file, self._max_mb)
        except UploadError as error:
            raise ValidationError(str(error), code="file") from error
        file.seek(0)
        return Sent(str(file.name)[-200:], file.read())


__all__ = ["Check", "Sent", "SentField", "check_bank_file", "check_key_list", "check_sheet"]
