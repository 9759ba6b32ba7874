# SPDX-License-Identifier: Apache-2.0
"""What all rows of an organisation share."""

from __future__ import annotations

from typing import Self, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

M = TypeVar("M", bound=models.Model, covariant=True)


class OwnedQuerySet(models.QuerySet[M]):
    """Rows that belong to organisations; ask for one organisation's with `of`."""

    def of(self, organisation_id: int) -> Self:
        """Return the rows of one organisation: the only way a row may reach a person."""
        return self.filter(organisation_id=organisation_id)


class Owned(models.Model):
    """A row that belongs to one organisation."""

    organisation = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, verbose_name=_("organisation"))

    class Meta:
        abstract = True


class Period(models.Model):
    """A half-open period; open when `ends_at` is empty."""

    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("to (exclusive)"), null=True, blank=True)

    class Meta:
        abstract = True


def period_check(name: str) -> models.CheckConstraint:
    """Return the constraint that a period ends after it begins."""
    rule = models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=models.F("starts_at"))
    return models.CheckConstraint(
        condition=rule, name=name, violation_error_message=_("The end must come after the beginning.")
    )


def position_check(name: str) -> models.CheckConstraint:
    """Return the constraint that a position has both coordinates on the globe, or neither."""
    absent = models.Q(latitude__isnull=True, longitude__isnull=True)
    # Without `isnull=False` a missing one makes the check NULL, which a database lets pass.
    present = models.Q(latitude__isnull=False, longitude__isnull=False)
    on_globe = models.Q(latitude__range=(-90, 90), longitude__range=(-180, 180))
    return models.CheckConstraint(
        condition=absent | (present & on_globe),
        name=name,
        violation_error_message=_("A position has both latitude (-90 to 90) and longitude (-180 to 180)."),
    )
