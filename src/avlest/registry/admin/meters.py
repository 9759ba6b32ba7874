# SPDX-License-Identifier: Apache-2.0
"""Admin of meters, installations, registers and (unseen) keys."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from avlest.registry.admin.base import OwnedAdmin, OwnedForm, ReadOnlyAdmin, ReadOnlyInline, make_actor
from avlest.registry.identifiers import parse_meter_key
from avlest.registry.models import Installation, InstallationValue, Meter, MeterKey, Owned, Register
from avlest.registry.rights import Right
from avlest.registry.services.keys import do_set_meter_key


class MeterForm(OwnedForm):
    """A meter, with a field to set its key that never shows one."""

    new_key = forms.CharField(
        label=_("new key"),
        required=False,
        help_text=_("32 hexadecimal digits. Replaces the present key; keys are never shown."),
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
    )

    def clean_new_key(self) -> bytes | None:
        """Return the key's bytes; the message of a wrong one does not repeat it."""
        text = self.cleaned_data.get("new_key")
        if not text:
            return None
        try:
            return parse_meter_key(text)
        except ValueError as error:
            raise ValidationError(_("Expected %(what)s."), params={"what": str(error)}) from error


class RegisterInline(ReadOnlyInline):
    """What the meter counts."""

    model = Register
    fields = ("quantity", "unit", "qualifier", "function", "storage", "tariff", "digits", "scale")


class MeterInstallationInline(ReadOnlyInline):
    """Where the meter hangs and hung."""

    model = Installation
    fields = ("point", "role", "starts_at", "ends_at", "seal")
    ordering = ("-starts_at",)


class MeterKeyInline(ReadOnlyInline):
    """That and since when the meter has keys; not the keys."""

    model = MeterKey
    fields = ("created_at", "retired_at")
    show_change_link = False


class InstallationValueInline(ReadOnlyInline):
    """What the registers showed."""

    model = InstallationValue
    fields = ("register", "moment", "value")


@admin.register(Meter)
class MeterAdmin(OwnedAdmin):
    """Meters."""

    form = MeterForm
    view_right = Right.VIEW_METERS
    change_right = Right.CHANGE_METERS
    versions = ("meters",)
    list_display = ("serial", "manufacturer", "printed_number", "family", "size_class", "state", "organisation")
    list_filter = ("organisation", "state", "manufacturer", "family", "size_class")
    list_select_related = ("organisation",)
    search_fields = ("serial", "printed_number", "dev_eui")
    fixed_fields = ("organisation", "manufacturer", "serial")
    inlines = (MeterInstallationInline, RegisterInline, MeterKeyInline)

    def save_model(self, request: HttpRequest, obj: Owned, form: forms.ModelForm[Owned], change: bool) -> None:  # noqa: FBT001  Django's signature
        """Save the meter, and its key by the service that seals it."""
        super().save_model(request, obj, form, change)
        key = form.cleaned_data.get("new_key")
        if key is not None:
            do_set_meter_key(make_actor(request, obj.organisation_id), obj.pk, key, now=timezone.now())


@admin.register(Installation)
class InstallationAdmin(OwnedAdmin):
    """Installations: made and ended, never rewritten."""

    view_right = Right.VIEW_METERS
    change_right = Right.INSTALL_METERS
    versions = ("meters",)
    list_display = ("meter", "point", "role", "starts_at", "ends_at", "seal", "organisation")
    list_filter = ("organisation", "role", ("ends_at", admin.EmptyFieldListFilter))
    list_select_related = ("organisation", "meter", "point")
    search_fields = ("meter__serial", "point__code", "seal")
    autocomplete_fields = ("meter", "point", "installer")
    date_hierarchy = "starts_at"
    fixed_fields = ("organisation", "meter", "point", "role", "starts_at")
    inlines = (InstallationValueInline,)

    def get_readonly_fields(self, request: HttpRequest, obj: Owned | None = None) -> list[str] | tuple[Any, ...]:
        """An end that is noted is fixed as well."""
        own = tuple(super().get_readonly_fields(request, obj))
        ended = isinstance(obj, Installation) and obj.ends_at is not None
        return (*own, "ends_at") if ended else own

    def save_model(self, request: HttpRequest, obj: Owned, form: forms.ModelForm[Owned], change: bool) -> None:  # noqa: FBT001  Django's signature
        """Save, make the point's series, and let the meter's state follow."""
        from avlest.registry.services.installations import follow_installation

        super().save_model(request, obj, form, change)
        if isinstance(obj, Installation):
            follow_installation(make_actor(request, obj.organisation_id), obj, now=timezone.now())


@admin.register(Register)
class RegisterAdmin(OwnedAdmin):
    """Registers."""

    view_right = Right.VIEW_METERS
    change_right = Right.CHANGE_METERS
    versions = ("meters",)
    list_display = ("meter", "quantity", "unit", "qualifier", "function", "storage", "tariff", "digits", "organisation")
    list_filter = ("organisation", "quantity", "function")
    list_select_related = ("organisation", "meter")
    search_fields = ("meter__serial",)
    autocomplete_fields = ("meter",)
    fixed_fields = (
        "organisation",
        "meter",
        "quantity",
        "unit",
        "qualifier",
        "function",
        "storage",
        "tariff",
        "subunit",
    )


@admin.register(InstallationValue)
class InstallationValueAdmin(OwnedAdmin):
    """Register values at installation: noted once."""

    view_right = Right.VIEW_METERS
    change_right = Right.INSTALL_METERS
    list_display = ("installation", "register", "moment", "value", "organisation")
    list_filter = ("organisation", "moment")
    list_select_related = ("organisation", "installation__meter", "installation__point", "register__meter")
    search_fields = ("installation__meter__serial",)
    autocomplete_fields = ("installation", "register")
    fixed_fields = ("organisation", "installation", "register", "moment", "value")


@admin.register(MeterKey)
class MeterKeyAdmin(ReadOnlyAdmin):
    """That keys are there; keys are set in the meter's form and never shown."""

    view_right = Right.WRITE_KEYS
    change_right = Right.WRITE_KEYS
    list_display = ("meter", "created_at", "retired_at", "organisation")
    list_filter = ("organisation", ("retired_at", admin.EmptyFieldListFilter))
    list_select_related = ("organisation", "meter")
    search_fields = ("meter__serial",)
    fields = ("organisation", "meter", "created_at", "retired_at")
