# SPDX-License-Identifier: Apache-2.0
"""Drawing forms: `{% load portal_forms %}{% show_form form %}`."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.template.context import RequestContext
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def as_ds(field: forms.BoundField) -> SafeString:
    """The input with Designsystemet's class; description and error are tied to it by Django."""
    known = field.field.widget.attrs.get("class", "")
    attributes: dict[str, str | bool] = {"class": f"ds-input {known}".strip()}
    if field.errors:
        attributes["aria-invalid"] = "true"
    return field.as_widget(attrs=attributes)


@register.filter
def choices_as_ds(field: forms.BoundField) -> SafeString:
    """Radio buttons or check boxes, each in a field of its own."""
    rows = []
    for widget in field.subwidgets:
        widget.data["attrs"]["class"] = "ds-input"
        rows.append((SafeString(widget.tag()), widget.id_for_label, widget.choice_label))
    return format_html_join(
        "\n", '<div class="ds-field">{}<label class="ds-label" data-weight="regular" for="{}">{}</label></div>', rows
    )


@register.filter
def is_checkbox(field: forms.BoundField) -> bool:
    """Whether the label stands after the input."""
    return getattr(field.field.widget, "input_type", "") == "checkbox"


@register.inclusion_tag("portal/forms/whole.html", takes_context=True)
def show_form(context: RequestContext, form: forms.BaseForm, submit: str = "", action: str = "") -> dict[str, Any]:
    """A whole POST form with its button (`submit`, or the form's own text)."""
    return {
        "form": form,
        "submit": submit or getattr(form, "submit", ""),
        "action": action,
        "csrf_token": context.get("csrf_token"),
        "request": context.get("request"),
    }


@register.simple_tag
def attribute(name: str, value: object) -> SafeString:
    """An HTML attribute, or nothing for an empty value."""
    return format_html(' {}="{}"', name, value) if value not in (None, "", False) else SafeString("")
