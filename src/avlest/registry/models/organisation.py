# SPDX-License-Identifier: Apache-2.0
"""Organisations, the people who log in, and what each may do where."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.identifiers import parse_organisation_number
from avlest.registry.rights import Role


def validate_organisation_number(value: str) -> None:
    """Refuse a number whose check digit is wrong."""
    try:
        parse_organisation_number(value)
    except ValueError as error:
        raise ValidationError(_("Expected %(what)s."), params={"what": str(error)}) from error


class Organisation(models.Model):
    """A utility, housing company or metering operator: the tenant every row belongs to."""

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("short name"), unique=True)
    number = models.CharField(
        _("organisation number"),
        max_length=9,
        blank=True,
        validators=[validate_organisation_number],
    )

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person who logs in; what they may do is said by their memberships."""

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")


class Membership(models.Model):
    """One role of one user in one organisation."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, verbose_name=_("user"))
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, verbose_name=_("organisation"))
    role = models.CharField(_("role"), max_length=20, choices=[(r.value, r.value.replace("_", " ")) for r in Role])

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = (
            models.UniqueConstraint(fields=["user", "organisation", "role"], name="registry_membership_once"),
        )

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.organisation}"
