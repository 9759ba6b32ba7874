# SPDX-License-Identifier: Apache-2.0
"""Series: one quantity at one metering point over time, across meter replacements."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.models.base import Owned, OwnedQuerySet
from avlest.registry.models.meters import Register
from avlest.registry.models.places import MeteringPoint


class Series(Owned):
    """Registers belong to meters, series to points: this is the point's side.

    The register that feeds it is the one of the installed meter with the same quantity,
    qualifier, tariff and subunit.
    """

    point = models.ForeignKey(MeteringPoint, on_delete=models.PROTECT, verbose_name=_("metering point"))
    quantity = models.CharField(_("quantity"), max_length=60)
    unit = models.CharField(_("unit of value"), max_length=20, blank=True)
    qualifier = models.CharField(_("qualifier"), max_length=60, blank=True)
    tariff = models.PositiveIntegerField(_("tariff"), default=0)
    subunit = models.PositiveIntegerField(_("subunit"), default=0)
    kind = models.CharField(_("kind"), max_length=10, choices=Register.Kind, default=Register.Kind.COUNTER)
    role = models.CharField(_("role"), max_length=10, default="main")
    purpose = models.CharField(_("purpose of use"), max_length=200, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series")
        constraints = (
            models.UniqueConstraint(
                fields=["point", "role", "quantity", "qualifier", "tariff", "subunit"],
                name="registry_series_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.point} {self.quantity} {self.qualifier}".rstrip()
