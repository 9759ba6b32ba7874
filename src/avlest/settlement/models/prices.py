# SPDX-License-Identifier: Apache-2.0
"""Price lists and VAT rates: dated data that two people have seen."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Owned, OwnedQuerySet


class PriceList(Owned):
    """One dated version of an organisation's prices, `[valid_from, valid_to)` in local days.

    A draft is written by one person and approved by another; an approved list is never changed, a new version takes
    over from its first day.
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        APPROVED = "approved", _("approved")
        WITHDRAWN = "withdrawn", _("withdrawn")

    name = models.CharField(_("name"), max_length=200)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to (exclusive)"), null=True, blank=True)
    # No default: whoever enters a list must choose.
    vat_included = models.BooleanField(_("prices include VAT"))
    source = models.CharField(_("source"), max_length=500)
    note = models.TextField(_("note"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.DRAFT)
    # VAT rates that came with the list; they become rows when it is approved.
    vat = models.JSONField(_("VAT rates of the list"), default=list, blank=True)
    made_at = models.DateTimeField(_("made"))
    made_by = models.CharField(_("made by"), max_length=150)
    made_by_user = models.BigIntegerField(null=True, blank=True, editable=False)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.CharField(_("approved by"), max_length=150, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        constraints = (
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="settlement_pricelist_period",
                violation_error_message=_("The end must come after the beginning."),
            ),
            models.CheckConstraint(
                condition=Q(state="draft", approved_at__isnull=True) | ~Q(approved_by=F("made_by")),
                name="settlement_pricelist_four_eyes",
                violation_error_message=_("Another person than the one who made it must approve it."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.valid_from}"


class Price(Owned):
    """One price of a list: what, for whom, how much a unit, with which VAT.

    Empty region, category and size class match any.
    """

    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, related_name="prices", verbose_name=_("list"))
    code = models.CharField(_("code"), max_length=40)
    service = models.CharField(_("service"), max_length=40)
    region = models.CharField(_("region"), max_length=40, blank=True)
    category = models.CharField(_("category"), max_length=40, blank=True)
    size = models.CharField(_("size class"), max_length=20, blank=True)
    unit = models.CharField(_("unit"), max_length=10)
    value = models.DecimalField(_("price (kr)"), max_digits=14, decimal_places=4)
    vat = models.CharField(_("VAT code"), max_length=20)
    bands = models.JSONField(_("time bands"), default=list, blank=True)
    minimum_minutes = models.PositiveSmallIntegerField(_("minimum (minutes)"), default=0)
    text = models.JSONField(_("text by language"), default=dict, blank=True)
    valid_from = models.DateField(_("valid from"), null=True, blank=True, help_text=_("Empty: as the list."))
    valid_to = models.DateField(_("valid to (exclusive)"), null=True, blank=True, help_text=_("Empty: as the list."))
    source = models.CharField(_("source"), max_length=500, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = (
            models.UniqueConstraint(
                fields=["price_list", "code", "region", "category", "size", "valid_from"],
                name="settlement_price_once",
            ),
            models.CheckConstraint(condition=Q(value__gte=0), name="settlement_price_value"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.value}"


class VatRate(Owned):
    """A VAT rate of one code in `[valid_from, valid_to)`, by the day of delivery."""

    code = models.CharField(_("VAT code"), max_length=20)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to (exclusive)"), null=True, blank=True)
    percent = models.DecimalField(_("per cent"), max_digits=5, decimal_places=2)
    source = models.CharField(_("source"), max_length=500)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("VAT rate")
        verbose_name_plural = _("VAT rates")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "code", "valid_from"], name="settlement_vat_once"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")), name="settlement_vat_period"
            ),
            models.CheckConstraint(condition=Q(percent__range=(0, 100)), name="settlement_vat_percent"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.percent} % {self.valid_from}"
