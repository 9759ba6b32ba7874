# SPDX-License-Identifier: Apache-2.0
"""What rows of this room share: dated days, and a series of the registry."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Series


class Dated(models.Model):
    """Holds in the local days `[starts_on, ends_on)`; open when `ends_on` is empty."""

    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("to (exclusive)"), null=True, blank=True)

    class Meta:
        abstract = True


def dated_check(name: str) -> models.CheckConstraint:
    """Return the constraint that days end after they begin."""
    rule = models.Q(ends_on__isnull=True) | models.Q(ends_on__gt=models.F("starts_on"))
    message = _("The end must come after the beginning.")
    return models.CheckConstraint(condition=rule, name=name, violation_error_message=message)


def series_key(**options: Any) -> models.ForeignKey[Any, Any]:
    """Return a reference to a series; a series that something is said about cannot be removed."""
    return models.ForeignKey(Series, on_delete=models.PROTECT, related_name="+", verbose_name=_("series"), **options)
