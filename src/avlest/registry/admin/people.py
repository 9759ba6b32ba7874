# SPDX-License-Identifier: Apache-2.0
"""Admin of organisations, users, parties, tenancies, gateways, documents and the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from avlest.registry.admin.base import OwnedAdmin, ReadOnlyAdmin
from avlest.registry.admin.typed import MembershipTabular, OrganisationModelAdmin, PersonModelAdmin
from avlest.registry.models import (
    AuditEntry,
    Document,
    Gateway,
    Membership,
    Organisation,
    Owned,
    Party,
    Tenancy,
    User,
)
from avlest.registry.rights import Right

admin.site.site_header = "Avlest"
admin.site.site_title = "Avlest"
admin.site.index_title = _("Registry")


class MembershipInline(MembershipTabular):
    """The roles of a user."""

    model = Membership
    extra = 1


@admin.register(Organisation)
class OrganisationAdmin(OrganisationModelAdmin):
    """Organisations; for superusers."""

    list_display = ("name", "slug", "number")
    search_fields = ("name", "slug", "number")


@admin.register(User)
class PersonAdmin(PersonModelAdmin):
    """Users and their roles; for superusers."""

    inlines = (MembershipInline,)


@admin.register(Party)
class PartyAdmin(OwnedAdmin):
    """Parties."""

    view_right = Right.VIEW_PEOPLE
    change_right = Right.CHANGE_PEOPLE
    versions = ("people",)
    list_display = ("name", "code", "kind", "email", "phone", "organisation")
    list_filter = ("organisation", "kind", "language")
    list_select_related = ("organisation",)
    search_fields = ("name", "code", "email", "phone")
    autocomplete_fields = ("user",)


@admin.register(Tenancy)
class TenancyAdmin(OwnedAdmin):
    """Tenancies: begun and ended, never rewritten."""

    view_right = Right.VIEW_PEOPLE
    change_right = Right.CHANGE_PEOPLE
    versions = ("people",)
    list_display = ("party", "role", "unit", "property", "starts_at", "ends_at", "organisation")
    list_filter = ("organisation", "role", ("ends_at", admin.EmptyFieldListFilter))
    list_select_related = ("organisation", "party", "unit__property", "property")
    search_fields = ("party__name", "party__code", "unit__number", "property__address")
    autocomplete_fields = ("party", "unit", "property")
    fixed_fields = ("organisation", "party", "unit", "property", "role", "starts_at")

    def get_readonly_fields(self, request: HttpRequest, obj: Owned | None = None) -> list[str] | tuple[Any, ...]:
        """An end that is noted is fixed as well."""
        own = tuple(super().get_readonly_fields(request, obj))
        ended = isinstance(obj, Tenancy) and obj.ends_at is not None
        return (*own, "ends_at") if ended else own


@admin.register(Gateway)
class GatewayAdmin(OwnedAdmin):
    """Gateways."""

    view_right = Right.VIEW_METERS
    change_right = Right.CHANGE_METERS
    versions = ("gateways",)
    list_display = ("code", "name", "kind", "road", "zone", "retired_at", "organisation")
    list_filter = ("organisation", "kind", "road")
    list_select_related = ("organisation", "zone")
    search_fields = ("code", "name")
    autocomplete_fields = ("zone",)


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    """Documents."""

    view_right = Right.VIEW_METERS
    list_display = ("title", "kind", "media_type", "size", "added_at", "organisation")
    list_filter = ("organisation", "kind")
    list_select_related = ("organisation",)
    search_fields = ("title", "sha256")
    date_hierarchy = "added_at"


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """The audit log: looked at, never written by hand."""

    view_right = Right.VIEW_AUDIT
    list_display = ("at", "actor", "action", "subject", "label", "organisation")
    list_filter = ("organisation", "action", "subject")
    list_select_related = ("organisation",)
    search_fields = ("label", "actor", "=subject_id")
    date_hierarchy = "at"
