# SPDX-License-Identifier: Apache-2.0
"""Invoices and credit notes: written once, never changed; the database itself refuses it (migration triggers)."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import Owned, OwnedQuerySet
from avlest.settlement.models.accounts import Account
from avlest.settlement.models.runs import Run


class NumberSeries(Owned):
    """The next number of one kind of document: taken in the transaction that writes it, so none is lost."""

    kind = models.CharField(_("kind"), max_length=20)
    next = models.PositiveIntegerField(_("next number"), default=1)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        constraints = (models.UniqueConstraint(fields=["organisation", "kind"], name="settlement_series_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.next}"


class Removal(models.Model):
    """While a row stands here, rows past their time of keeping may be removed: within one transaction."""

    opened_at = models.DateTimeField(_("opened"))

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")

    def __str__(self) -> str:
        return f"{self.opened_at}"


class Immutable(Owned):
    """A row that is written once."""

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        """Write a new row; `RegistryError` for one that exists."""
        if not self._state.adding:
            self._refuse("changed")
        super().save(**kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refuse: what was sent stays."""
        self._refuse("removed")

    def _refuse(self, what: str) -> NoReturn:
        name = self._meta.verbose_name
        raise RegistryError(Problem.ENDED, f"{name} {self} is never {what}: correct it by a credit note")


class Invoice(Immutable):
    """An invoice or a credit note as it was sent; amounts in øre."""

    class Kind(models.TextChoices):
        INVOICE = "invoice", _("invoice")
        CREDIT_NOTE = "credit_note", _("credit note")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    number = models.PositiveIntegerField(_("number"))
    account = models.ForeignKey(Account, on_delete=models.PROTECT, verbose_name=_("account"))
    run = models.ForeignKey(Run, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("run"))
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("corrects"))
    issued_on = models.DateField(_("invoice date"))
    due_on = models.DateField(_("due"))
    # The days whose use is settled here; empty where only terms or services are charged.
    settles_from = models.DateField(_("settles from"), null=True, blank=True)
    settles_to = models.DateField(_("settles to (exclusive)"), null=True, blank=True)
    part = models.PositiveIntegerField(_("part of the run"), null=True, blank=True)
    kid = models.CharField(_("KID"), max_length=25, blank=True)
    net = models.BigIntegerField(_("net (øre)"))
    vat = models.BigIntegerField(_("VAT (øre)"))
    total = models.BigIntegerField(_("total (øre)"))
    # The VAT of each rate, of the sum of its lines: [[rate, base, VAT, gross], ...], hundredths of a per cent and øre.
    vat_lines = models.JSONField(_("VAT by rate"), default=list, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # Names and addresses as they were when it was sent.
    recipient = models.JSONField(_("recipient"), default=dict, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "kind", "number"], name="settlement_invoice_number"),
            models.UniqueConstraint(
                fields=["run", "account"], condition=Q(run__isnull=False), name="settlement_invoice_run_once"
            ),
            models.CheckConstraint(condition=Q(total=models.F("net") + models.F("vat")), name="settlement_invoice_sum"),
        )
        indexes = (
            models.Index(fields=["account", "issued_on"], name="settlement_invoice_account"),
            models.Index(fields=["organisation", "kid"], name="settlement_invoice_kid"),
        )

    def __str__(self) -> str:
        return f"{self.number}"


class InvoiceLine(Immutable):
    """One line as `settlement.contracts.LINES` has it: amount in øre, gross where `vat_included`, else net."""

    # A million rows a year: the index that keeps a line unique is the only one, and the invoice, which is checked,
    # answers for organisation and account.
    organisation = models.ForeignKey(
        "registry.Organisation", on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+",
        verbose_name=_("organisation"),
    )  # fmt: skip
    invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, db_index=False, related_name="lines", verbose_name=_("invoice")
    )
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
        related_name="+",
        verbose_name=_("account"),
    )
    position = models.PositiveSmallIntegerField(_("line"))
    term = models.PositiveSmallIntegerField(_("term"), default=0)
    kind = models.CharField(_("kind"), max_length=20)
    service = models.CharField(_("service"), max_length=40)
    code = models.CharField(_("price code"), max_length=40)
    unit = models.CharField(_("unit"), max_length=10)
    start = models.DateField(_("from"))
    stop = models.DateField(_("to (exclusive)"))
    quantity = models.BigIntegerField(_("quantity (thousandths)"), null=True, blank=True)
    value = models.BigIntegerField(_("price (ten-thousandths of a krone)"), null=True, blank=True)
    amount = models.BigIntegerField(_("amount (øre)"))
    vat = models.CharField(_("VAT code"), max_length=20)
    rate = models.PositiveIntegerField(_("VAT (hundredths of a per cent)"))
    vat_included = models.BooleanField(_("amount includes VAT"))
    quality = models.PositiveSmallIntegerField(_("quality"), null=True, blank=True)
    version = models.BigIntegerField(_("price"), null=True, blank=True)
    source = models.BigIntegerField(_("provenance"), null=True, blank=True)
    parts = models.IntegerField(_("parts"), null=True, blank=True)
    whole = models.IntegerField(_("of"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        constraints = (models.UniqueConstraint(fields=["invoice", "position"], name="settlement_line_once"),)

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.position} {self.code}"
