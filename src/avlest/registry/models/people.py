# SPDX-License-Identifier: Apache-2.0
"""Parties and their tenancies: who has lived where, and who owes for what."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models.base import Owned, OwnedQuerySet, Period, period_check
from avlest.registry.models.organisation import User, validate_organisation_number
from avlest.registry.models.places import Property, Unit


class Party(Owned):
    """A person or company: resident, owner, subscriber, installer."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        COMPANY = "company", _("company")

    code = models.CharField(_("customer number"), max_length=40)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=200)
    number = models.CharField(
        _("organisation number"),
        max_length=9,
        blank=True,
        validators=[validate_organisation_number],
    )
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=2, default="nb")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("user"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("party")
        verbose_name_plural = _("parties")
        constraints = (models.UniqueConstraint(fields=["organisation", "code"], name="registry_party_code"),)
        indexes = (models.Index(fields=["organisation", "name"], name="registry_party_name"),)

    def __str__(self) -> str:
        return self.name


class Tenancy(Owned, Period):
    """A party in a unit, or tied to a whole property, in `[starts_at, ends_at)`."""

    class Role(models.TextChoices):
        RESIDENT = "resident", _("resident")
        OWNER = "owner", _("owner")
        SUBSCRIBER = "subscriber", _("subscriber")

    party = models.ForeignKey(Party, on_delete=models.PROTECT, verbose_name=_("party"))
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("unit"))
    property = models.ForeignKey(Property, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("property"))
    role = models.CharField(_("role"), max_length=10, choices=Role)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tenancy")
        verbose_name_plural = _("tenancies")
        constraints = (
            period_check("registry_tenancy_period"),
            models.CheckConstraint(
                condition=Q(unit__isnull=False, property__isnull=True) | Q(unit__isnull=True, property__isnull=False),
                name="registry_tenancy_one_place",
                violation_error_message=_("Name either a unit or a property."),
            ),
            models.UniqueConstraint(
                fields=["unit", "role"],
                condition=Q(ends_at__isnull=True, unit__isnull=False),
                name="registry_tenancy_open_unit",
                violation_error_message=_("The place has a tenancy of this role already."),
            ),
            models.UniqueConstraint(
                fields=["property", "role"],
                condition=Q(ends_at__isnull=True, property__isnull=False),
                name="registry_tenancy_open_property",
                violation_error_message=_("The place has a tenancy of this role already."),
            ),
        )
        indexes = (
            models.Index(fields=["unit", "role", "starts_at"], name="registry_tenancy_unit"),
            models.Index(fields=["property", "role", "starts_at"], name="registry_tenancy_prop"),
        )

    def __str__(self) -> str:
        return f"{self.party} · {self.role} · {self.unit or self.property}"
