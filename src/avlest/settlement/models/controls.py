# SPDX-License-Identifier: Apache-2.0
"""Accuracy controls of meters with the claims that come of them, and lines that an earlier system invoiced."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import MeteringPoint, Owned, OwnedQuerySet
from avlest.settlement.models.accounts import Account
from avlest.settlement.models.invoices import Invoice


class AccuracyControl(Owned):
    """What a control of the meter at a point showed, and the days on which it showed wrong (rules §1.10)."""

    point = models.ForeignKey(MeteringPoint, on_delete=models.PROTECT, verbose_name=_("metering point"))
    starts_on = models.DateField(_("wrong from"))
    stops_on = models.DateField(_("to (exclusive)"))
    error = models.DecimalField(
        _("error (%)"), max_digits=7, decimal_places=3, help_text=_("(indicated − true) / true; negative: too low.")
    )
    threshold = models.DecimalField(_("corrected beyond (%)"), max_digits=5, decimal_places=2)
    reason = models.CharField(_("report"), max_length=500, help_text=_("Who tested the meter, and where it stands."))
    decided_by = models.CharField(_("case worker"), max_length=150)
    decided_on = models.DateField(_("decided"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("accuracy control")
        verbose_name_plural = _("accuracy controls")
        constraints = (
            models.CheckConstraint(condition=Q(stops_on__gt=F("starts_on")), name="settlement_control_period"),
            models.CheckConstraint(
                condition=Q(error__gt=-100),
                name="settlement_control_error",
                violation_error_message=_("An error above −100 per cent."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="settlement_control_reason"),
        )
        indexes = (models.Index(fields=["point", "stops_on"], name="settlement_control_point"),)

    def __str__(self) -> str:
        return f"{self.point} {self.error} %"


class AccuracyClaim(Owned):
    """What one account is owed or owes of one year of a control: charged once, by the first run that may."""

    control = models.ForeignKey(
        AccuracyControl, on_delete=models.PROTECT, related_name="claims", verbose_name=_("control")
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, verbose_name=_("account"))
    year = models.PositiveSmallIntegerField(_("year"))
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, blank=True, editable=False, verbose_name=_("invoice")
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("accuracy claim")
        verbose_name_plural = _("accuracy claims")
        constraints = (models.UniqueConstraint(fields=["control", "account", "year"], name="settlement_claim_once"),)
        indexes = (models.Index(fields=["organisation"], condition=Q(invoice=None), name="settlement_claim_waiting"),)

    def __str__(self) -> str:
        return f"{self.control} {self.account} {self.year}"


class EarlierLine(Owned):
    """One line that the system before this one invoiced for days this one settles: deducted as it was invoiced."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, verbose_name=_("account"))
    document = models.CharField(_("invoice number"), max_length=40)
    position = models.PositiveIntegerField(_("line"))
    invoiced_on = models.DateField(_("invoice date"), null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=20)
    service = models.CharField(_("service"), max_length=40)
    code = models.CharField(_("price code"), max_length=40)
    unit = models.CharField(_("unit"), max_length=10)
    start = models.DateField(_("from"))
    stop = models.DateField(_("to (exclusive)"))
    quantity = models.BigIntegerField(_("quantity (thousandths)"))
    value = models.BigIntegerField(_("price (ten-thousandths of a krone)"))
    amount = models.BigIntegerField(_("amount (øre)"))
    vat = models.CharField(_("VAT code"), max_length=20)
    rate = models.PositiveIntegerField(_("VAT (hundredths of a per cent)"))
    vat_included = models.BooleanField(_("amount includes VAT"))
    quality = models.PositiveSmallIntegerField(_("quality"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of an earlier system")
        verbose_name_plural = _("lines of an earlier system")
        constraints = (
            models.UniqueConstraint(fields=["account", "document", "position"], name="settlement_earlier_once"),
            models.CheckConstraint(condition=Q(stop__gt=F("start")), name="settlement_earlier_period"),
        )
        indexes = (models.Index(fields=["organisation", "start"], name="settlement_earlier_days"),)

    def __str__(self) -> str:
        return f"{self.document} {self.position}"
