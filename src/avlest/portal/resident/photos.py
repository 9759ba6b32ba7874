# SPDX-License-Identifier: Apache-2.0
"""Photos that residents send: checked by content, without where they were taken, kept as documents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from avlest.portal.options import get_options
from avlest.portal.request import ViewerRequest
from avlest.portal.security import PhotoError, UploadError, check_upload, find_kind, strip_position
from avlest.portal.security.uploads import PHOTOS
from avlest.registry.models import Document
from avlest.registry.rights import Actor, Right
from avlest.registry.services.documents import Upload, do_attach_document


class PhotoField(forms.FileField):
    """A photo (JPEG, PNG or WebP); `cleaned_data` holds its bytes without position, or None."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp", "capture": "environment"})
        help_text = gettext_lazy("JPEG, PNG or WebP. Where it was taken is removed.")
        super().__init__(**{"widget": widget, "help_text": help_text, "allow_empty_file": True, **kwargs})

    def clean(self, data: Any, initial: Any = None) -> bytes | None:
        """Return the bytes; an error that says what is wrong with the file."""
        file: UploadedFile[Any] | None = super().clean(data, initial)
        if not file:
            return None
        try:
            check_upload(file, kinds=PHOTOS, max_mb=get_options().max_upload_mb)
            return strip_position(file.read())
        except UploadError as error:
            raise forms.ValidationError(str(error), code="upload") from error
        except PhotoError as error:
            raise forms.ValidationError(_("The photo cannot be read. Take it once more."), code="photo") from error


def do_keep_photo(
    request: ViewerRequest, photo: bytes, *, title: str, about: str, about_id: int, kind: str, now: datetime
) -> int:
    """Keep a photo of something that the portal has found to be the resident's own; return the document's number."""
    viewer = request.viewer
    # Just this: residents have no rights in the register, and whose place it is has been checked.
    actor = Actor(viewer.scope, name=viewer.name, rights=frozenset({Right.INSTALL_METERS}), user_id=viewer.user_id)
    media = find_kind(photo[:4096])
    upload = Upload(kind, title[:200], media.value if media else "", photo, about, about_id)
    return do_attach_document(actor, upload, now=now)


def answer_photo(document: Document) -> HttpResponse:
    """Show a photo: as the type it was found to be, and nothing in it runs."""
    with document.file.open("rb") as file:
        answer = HttpResponse(file.read(), content_type=document.media_type)
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
