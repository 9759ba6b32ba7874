# SPDX-License-Identifier: Apache-2.0
"""Who is settled for what: accounts, their agreements, a konto and ordered services."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Owned, OwnedQuerySet, Party, Property


class Account(Owned):
    """A subscriber of one property: the customer a settlement is split by, from take-over to hand-over.

    A new owner is a new account, so that the number in a KID never leads to another person's debt.
    """

    number = models.PositiveIntegerField(_("customer number"))
    party = models.ForeignKey(Party, on_delete=models.PROTECT, verbose_name=_("party"))
    property = models.ForeignKey(Property, on_delete=models.PROTECT, verbose_name=_("property"))
    opened_on = models.DateField(_("from"))
    closed_on = models.DateField(_("to (exclusive)"), null=True, blank=True)
    terms = models.PositiveSmallIntegerField(_("terms a year"), default=4)
    area = models.DecimalField(_("area (m²)"), max_digits=9, decimal_places=2, null=True, blank=True)
    persons = models.PositiveSmallIntegerField(_("persons"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "number"], name="settlement_account_number"),
            models.UniqueConstraint(
                fields=["property"], condition=Q(closed_on__isnull=True), name="settlement_account_open"
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gt=F("opened_on")), name="settlement_account_period"
            ),
            models.CheckConstraint(
                condition=Q(terms__in=[1, 2, 4, 6, 12]),
                name="settlement_account_terms",
                violation_error_message=_("Terms a year: 1, 2, 4, 6 or 12."),
            ),
        )
        indexes = (models.Index(fields=["organisation", "property"], name="settlement_account_prop"),)

    def __str__(self) -> str:
        return f"{self.number} {self.party}"


class Agreement(Owned):
    """One service an account has in `[valid_from, valid_to)`: its category, size class and count."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="agreements", verbose_name=_("account"))
    service = models.CharField(_("service"), max_length=40, help_text=_("As the price list calls it."))
    region = models.CharField(_("region"), max_length=40, blank=True)
    category = models.CharField(_("category"), max_length=40, blank=True)
    size = models.CharField(_("size class"), max_length=20, blank=True)
    count = models.PositiveSmallIntegerField(_("count"), default=1)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(_("to (exclusive)"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        constraints = (
            models.UniqueConstraint(
                fields=["account", "service"], condition=Q(valid_to__isnull=True), name="settlement_agreement_open"
            ),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_from__isnull=True) | Q(valid_to__gt=F("valid_from")),
                name="settlement_agreement_period",
            ),
            models.CheckConstraint(condition=Q(count__gte=1), name="settlement_agreement_count"),
        )
        indexes = (models.Index(fields=["organisation", "service"], name="settlement_agreement_service"),)

    def __str__(self) -> str:
        return f"{self.account} {self.service}"


class AdvanceLevel(Owned):
    """The a konto of a service of an account and year: set by a run, by request or by an accepted proposal.

    Rows are added, never changed; the newest of a year counts from its day on.
    """

    class Origin(models.TextChoices):
        RUN = "run", _("from last year's settlement")
        REQUEST = "request", _("on request")
        PROPOSAL = "proposal", _("accepted proposal")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, verbose_name=_("account"))
    year = models.PositiveSmallIntegerField(_("year"))
    service = models.CharField(_("service"), max_length=40, blank=True)
    quantity = models.BigIntegerField(_("a konto a year (thousandths)"))
    valid_from = models.DateField(_("from"))
    origin = models.CharField(_("origin"), max_length=10, choices=Origin)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    made_at = models.DateTimeField(_("made"))
    made_by = models.CharField(_("made by"), max_length=150)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("a konto")
        verbose_name_plural = _("a konto")
        constraints = (models.CheckConstraint(condition=Q(quantity__gte=0), name="settlement_advance_quantity"),)
        indexes = (models.Index(fields=["account", "year", "valid_from"], name="settlement_advance_year"),)

    def __str__(self) -> str:
        return f"{self.account} {self.year} {self.quantity}"


class ServiceOrder(Owned):
    """A one-off or hourly service for an account: connection, manual reading, call-out."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, verbose_name=_("account"))
    code = models.CharField(_("price code"), max_length=40)
    starts_at = models.DateTimeField(_("started"))
    ends_at = models.DateTimeField(_("ended"), null=True, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, default=1)
    note = models.CharField(_("note"), max_length=500, blank=True)
    invoice = models.ForeignKey(
        "settlement.Invoice", on_delete=models.PROTECT, null=True, blank=True, editable=False, verbose_name=_("invoice")
    )

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("service order")
        verbose_name_plural = _("service orders")
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="settlement_order_period"
            ),
        )

    def __str__(self) -> str:
        return f"{self.account} {self.code} {self.starts_at:%Y-%m-%d}"


class Discretion(Owned):
    """A quantity set by discretion (*skjønn*): amount, written reason, case worker and date are mandatory."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, verbose_name=_("account"))
    starts_on = models.DateField(_("from"))
    stops_on = models.DateField(_("to (exclusive)"))
    quantity = models.BigIntegerField(_("quantity (thousandths)"))
    reason = models.TextField(_("reason"))
    decided_by = models.CharField(_("case worker"), max_length=150)
    decided_on = models.DateField(_("decided"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("discretionary quantity")
        verbose_name_plural = _("discretionary quantities")
        constraints = (
            models.CheckConstraint(condition=Q(stops_on__gt=F("starts_on")), name="settlement_discretion_period"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="settlement_discretion_quantity"),
            models.CheckConstraint(condition=~Q(reason="") & ~Q(decided_by=""), name="settlement_discretion_reason"),
        )

    def __str__(self) -> str:
        return f"{self.account} {self.quantity}"
