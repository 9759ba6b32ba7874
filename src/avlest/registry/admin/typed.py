# SPDX-License-Identifier: Apache-2.0
"""Django's generic classes with their parameters: subscripted for the type checker only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from avlest.registry.models import Membership, Organisation, Owned, User

if TYPE_CHECKING:
    OwnedModelAdmin = admin.ModelAdmin[Owned]
    OwnedModelForm = forms.ModelForm[Owned]
    AnyInline = admin.TabularInline[Any, Any]
    MembershipTabular = admin.TabularInline[Membership, User]
    OrganisationModelAdmin = admin.ModelAdmin[Organisation]
    PersonModelAdmin = UserAdmin[User]
else:
    OwnedModelAdmin = OrganisationModelAdmin = admin.ModelAdmin
    OwnedModelForm = forms.ModelForm
    AnyInline = MembershipTabular = admin.TabularInline
    PersonModelAdmin = UserAdmin
