# SPDX-License-Identifier: Apache-2.0
"""The admin of rows that belong to an organisation: scoped, checked, audited, never deleting."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from avlest.registry.access import access_actor, check_same_organisation
from avlest.registry.admin.typed import AnyInline, OwnedModelAdmin, OwnedModelForm
from avlest.registry.errors import RegistryError
from avlest.registry.models import Installation, Membership, MeteringPoint, Owned, Tenancy, User, Zone
from avlest.registry.rights import RIGHTS, AccessDeniedError, Actor, Right, Role
from avlest.registry.services.audit import Change, bump_version, record, snapshot
from avlest.registry.services.periods import check_installation_free, check_tenancy_free
from avlest.registry.services.rows import check_no_loop


def make_actor(request: HttpRequest, organisation_id: int) -> Actor:
    """Return the logged-in person acting in an organisation; a superuser has every right."""
    user = request.user
    assert isinstance(user, User)
    if user.is_superuser:
        return Actor(organisation_id, user.get_username(), frozenset(Right), user.pk)
    return access_actor(user.pk, organisation_id)


def get_organisation_ids(request: HttpRequest, right: Right) -> set[int] | None:
    """Return the organisations where the person has a right; None for all (superuser).

    Asked several times a page: kept on the request.
    """
    user = request.user
    if user.is_superuser:
        return None
    roles = getattr(request, "avlest_roles", None)
    if roles is None:
        rows = Membership.objects.filter(user_id=user.pk or 0)
        roles = list(rows.values_list("organisation_id", "role"))
        request.avlest_roles = roles  # type: ignore[attr-defined]
    return {organisation for organisation, role in roles if right in RIGHTS[Role(role)]}


class OwnedForm(OwnedModelForm):
    """A form that refuses what the services refuse."""

    def clean(self) -> dict[str, Any]:
        """Check that everything named belongs to the same organisation, and periods are free."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        row = self.instance
        for name in self._meta.fields or list(self.fields):
            if name in cleaned and name in {f.name for f in row._meta.concrete_fields}:
                setattr(row, name, cleaned[name])
        try:
            _check_row(row)
        except (RegistryError, AccessDeniedError) as error:
            raise ValidationError(str(error)) from error
        return cleaned


def _check_row(row: Owned) -> None:
    related = [
        getattr(row, field.name)
        for field in row._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and getattr(row, field.attname) is not None
    ]
    actor = Actor(row.organisation_id, "", frozenset())
    check_same_organisation(actor, [one for one in related if isinstance(one, Owned)])
    if isinstance(row, MeteringPoint | Zone):
        check_no_loop(row)
    if isinstance(row, Installation):
        check_installation_free(row)
    if isinstance(row, Tenancy):
        check_tenancy_free(row)


class OwnedAdmin(OwnedModelAdmin):
    """Lists and forms of one kind of row.

    A person sees the rows of the organisations where a role of theirs gives `view_right`,
    and changes those where it gives `change_right`.  Each save writes an audit row.
    """

    form = OwnedForm
    view_right = Right.VIEW_PLACES
    change_right = Right.CHANGE_PLACES
    versions: tuple[str, ...] = ()
    show_full_result_count = False
    list_per_page = 50
    # Columns of a row that are fixed once it exists: history is not overwritten.
    fixed_fields: tuple[str, ...] = ("organisation",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Owned]:
        """Return the rows of the person's organisations."""
        rows = super().get_queryset(request)
        allowed = get_organisation_ids(request, self.view_right)
        return rows if allowed is None else rows.filter(organisation_id__in=allowed)

    def get_readonly_fields(self, request: HttpRequest, obj: Owned | None = None) -> list[str] | tuple[Any, ...]:
        """Fix what must not change once the row exists."""
        own = tuple(super().get_readonly_fields(request, obj))
        return own if obj is None else (*own, *self.fixed_fields)

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField[Any] | None:
        """Offer only rows of organisations the person may change."""
        allowed = get_organisation_ids(request, self.change_right)
        related = db_field.remote_field.model
        if allowed is not None and isinstance(related, type):
            name = "organisation_id__in" if issubclass(related, Owned) else "pk__in"
            if issubclass(related, Owned) or db_field.name == "organisation":
                kwargs["queryset"] = related._default_manager.filter(**{name: allowed})
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Owned, form: forms.ModelForm[Owned], change: bool) -> None:  # noqa: FBT001  Django's signature
        """Save and audit, inside the admin's transaction."""
        actor = make_actor(request, obj.organisation_id)
        actor.require(self.change_right)
        rows = type(obj)._default_manager.filter(pk=obj.pk)
        before = snapshot(row) if change and (row := rows.first()) is not None else None
        super().save_model(request, obj, form, change)
        after = snapshot(obj)
        if before != after:
            action = "change" if change else "create"
            record(actor, Change(action, obj, before, after), now=timezone.now())
            bump_version(*self.versions)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the kind to whoever may view it somewhere."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Owned | None = None) -> bool:
        """Say whether the person's roles give the right to view."""
        return self._may(request, self.view_right, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Say whether the person's roles give the right to change."""
        return self._may(request, self.change_right, None)

    def has_change_permission(self, request: HttpRequest, obj: Owned | None = None) -> bool:
        """Say whether the person's roles give the right to change this row."""
        return self._may(request, self.change_right, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Owned | None = None) -> bool:
        """Nothing is deleted here: rows end, and history stays."""
        return False

    def _may(self, request: HttpRequest, right: Right, obj: Owned | None) -> bool:
        if not (request.user.is_active and request.user.is_staff):
            return False
        allowed = get_organisation_ids(request, right)
        if allowed is None:
            return True
        return bool(allowed) if obj is None else obj.organisation_id in allowed


class ReadOnlyInline(AnyInline):
    """Rows shown beside what they belong to, each with a link to its own form."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are made in their own form, where they are checked."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are changed in their own form, where they are checked."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the row above sees these."""
        return True


class ReadOnlyAdmin(OwnedAdmin):
    """A kind of row that is only looked at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is added by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Owned | None = None) -> bool:
        """Nothing is changed by hand."""
        return False
