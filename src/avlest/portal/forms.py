# SPDX-License-Identifier: Apache-2.0
"""Forms of the portal: one way to draw them, one way to answer them.

Every form of the project (django-allauth's too) is drawn by `Renderer`: an error summary with links, each field with
label, description and error, tied together by `aria-describedby`.  What was typed stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

UNPROCESSABLE = 422
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)
_GROUPS = re.compile(r"[\s\u00a0\u202f]")


class Renderer(TemplatesSetting):
    """Draws forms in Designsystemet's look."""

    form_template_name = "portal/forms/form.html"
    field_template_name = "portal/forms/field.html"


class DateInput(forms.DateInput):
    """The browser's own date field; values are ISO dates."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateField(forms.DateField):
    """A date; also taken as people write it (22.11.2026) where the browser has no date field."""

    widget = DateInput
    default_error_messages = {"invalid": _("Write a date, such as 22.11.2026.")}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"input_formats": ["%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y"], **kwargs})


class NumberField(forms.DecimalField):
    """A number as people write it: `1 234,5` and `1234.5` are the same; what was typed stays when it is wrong."""

    default_error_messages = {"invalid": _("Write a number, such as 1234,5.")}  # noqa: RUF012

    def __init__(self, **kwargs: Any) -> None:
        text = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(**{"widget": text, **kwargs})

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        """Return the number; spaces between thousands and a decimal comma are understood."""
        if value in self.empty_values:
            return None
        text = _GROUPS.sub("", str(value)).replace("−", "-").replace(",", ".")
        if not _NUMBER.fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return Decimal(text)


class Form(forms.Form):
    """A form of the portal; `submit` is the text of its button."""

    required_css_class = "required"
    use_required_attribute = False
    """Off: the browser's own balloon would say it in the browser's language and nowhere else."""

    submit: Any = _("Save")


class ModelForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form over one row; rows are fetched by `access_…` functions, never by the form."""

    required_css_class = "required"
    use_required_attribute = False
    submit: Any = _("Save")


def answer_form(
    request: HttpRequest, template: str, form: forms.BaseForm, context: Mapping[str, Any] | None = None
) -> HttpResponse:
    """Show a page with its form: status 200 when it was only opened, 422 when it has errors."""
    status = UNPROCESSABLE if form.is_bound and form.errors else 200
    return render(request, template, {"form": form, **(context or {})}, status=status)


def add_problem(form: forms.BaseForm, field: str | None, error: Exception | str) -> None:
    """Put what a service refused at a field (None: the whole form)."""
    form.add_error(field if field in form.fields else None, ValidationError(str(error)))
