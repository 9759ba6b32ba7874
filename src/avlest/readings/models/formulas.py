# SPDX-License-Identifier: Apache-2.0
"""Virtual series: a series of the registry that no register feeds, made of others by a formula."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.readings.models.base import Dated, dated_check, series_key
from avlest.registry.models import Owned, OwnedQuerySet


class Formula(Owned, Dated):
    """How a series is made of others: the sum of its terms, not below zero where `at_least_zero`."""

    series = series_key()
    at_least_zero = models.BooleanField(_("never below zero"), default=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("formula")
        verbose_name_plural = _("formulas")
        constraints = (
            models.UniqueConstraint(fields=["series", "starts_on"], name="readings_formula_once"),
            dated_check("readings_formula_period"),
        )

    def __str__(self) -> str:
        return f"{self.series} from {self.starts_on}"


class FormulaTerm(Owned):
    """One part of a formula, added `factor` times (−1: subtracted)."""

    formula = models.ForeignKey(Formula, on_delete=models.CASCADE, related_name="terms", verbose_name=_("formula"))
    part = series_key()
    factor = models.SmallIntegerField(_("factor"), default=1)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("term of a formula")
        verbose_name_plural = _("terms of formulas")
        constraints = (
            models.UniqueConstraint(fields=["formula", "part"], name="readings_term_once"),
            models.CheckConstraint(condition=~models.Q(factor=0), name="readings_term_counts"),
        )

    def __str__(self) -> str:
        return f"{self.factor:+d} × {self.part}"
