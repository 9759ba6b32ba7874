# SPDX-License-Identifier: Apache-2.0
"""How an organisation settles: who it is on an invoice, due dates, KID, thresholds."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from stdnum.no import kontonr

from avlest.registry.models import Owned, OwnedQuerySet


def validate_bank_account(value: str) -> None:
    """Refuse an account number whose check digit is wrong."""
    if not kontonr.is_valid(value):
        raise ValidationError(_("Expected a Norwegian account number of eleven digits."))


class Configuration(Owned):
    """One row an organisation; `options` overrides `settlement/data/defaults.toml`, table by table."""

    address = models.CharField(_("address"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=10, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    bank_account = models.CharField(_("bank account"), max_length=11, blank=True, validators=[validate_bank_account])
    options = models.JSONField(_("options"), default=dict, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("settlement configuration")
        verbose_name_plural = _("settlement configurations")
        constraints = (models.UniqueConstraint(fields=["organisation"], name="settlement_configuration_once"),)

    def __str__(self) -> str:
        return f"{self.organisation}"
