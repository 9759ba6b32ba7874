# SPDX-License-Identifier: Apache-2.0
"""The look of the organisation, for its administrator: colour with the contrast it needs, and logo."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from avlest.portal.forms import Form, answer_form
from avlest.portal.request import ViewerRequest
from avlest.portal.security import UploadError, check_upload
from avlest.portal.security.uploads import PHOTOS
from avlest.portal.themes import ContrastError, check_accent, do_save_theme, get_look

_LOGO_MB = 1


class LookForm(Form):
    """Colour and logo of an organisation."""

    accent = forms.RegexField(
        r"^#[0-9a-fA-F]{6}\Z",
        label=gettext_lazy("Colour"),
        help_text=gettext_lazy("The colour of buttons and links, such as #0062ba. It must be readable on white."),
        error_messages={"invalid": gettext_lazy("Write a colour as # and six digits, such as #0062ba.")},
    )
    logo = forms.FileField(
        label=gettext_lazy("Logo"),
        help_text=gettext_lazy("PNG, JPEG or WebP, at most 1 MB. Without a file the logo stays as it is."),
        required=False,
    )

    def clean_accent(self) -> str:
        """The colour in small letters, refused where text in it could not be read."""
        accent = str(self.cleaned_data["accent"]).lower()
        try:
            check_accent(accent)
        except ContrastError as error:
            text = _("The contrast to white is %(contrast)s to 1; 4.5 is needed. Try %(nearest)s.")
            contrast = f"{error.contrast:.1f}"
            raise ValidationError(text % {"contrast": contrast, "nearest": error.nearest}) from error
        return accent

    def clean_logo(self) -> UploadedFile[Any] | None:
        """The picture, if one was sent: what it is counts, not its name."""
        file: UploadedFile[Any] | None = self.cleaned_data.get("logo")
        if file is not None:
            try:
                file.content_type = check_upload(file, kinds=PHOTOS, max_mb=_LOGO_MB).value
            except UploadError as error:
                raise ValidationError(str(error)) from error
        return file


@require_http_methods(["GET", "POST"])
def change_look(request: ViewerRequest) -> HttpResponse:
    """Show and change the organisation's colour and logo."""
    look = get_look(request.viewer.scope)
    form = LookForm(request.POST or None, request.FILES or None, initial={"accent": look.accent or "#0062ba"})
    if not form.is_valid():
        return answer_form(request, "portal/common/look.html", form, {"look": look})
    file = form.cleaned_data["logo"]
    do_save_theme(
        request.viewer,
        accent=form.cleaned_data["accent"],
        logo=None if file is None else file.read(),
        logo_type="" if file is None else str(file.content_type),
        now=request.now,
    )
    messages.success(request, _("The look is saved."))
    return HttpResponseRedirect(reverse("common:look"))
