# SPDX-License-Identifier: Apache-2.0
"""Open items, payments, reminders, refunds and the archive of documents."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Owned, OwnedQuerySet
from avlest.settlement.models.accounts import Account
from avlest.settlement.models.invoices import Immutable, Invoice


class OpenItem(Owned):
    """What is owed on one invoice: its total less what was paid or set off.  Negative for a credit note."""

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="item", verbose_name=_("invoice"))
    account = models.ForeignKey(Account, on_delete=models.PROTECT, verbose_name=_("account"))
    kid = models.CharField(_("KID"), max_length=25, blank=True)
    due_on = models.DateField(_("due"))
    amount = models.BigIntegerField(_("amount (øre)"))
    rest = models.BigIntegerField(_("rest (øre)"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("open item")
        verbose_name_plural = _("open items")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "kid"], condition=~Q(kid=""), name="settlement_item_kid"),
            models.CheckConstraint(
                condition=Q(amount__gte=0, rest__gte=0, rest__lte=F("amount"))
                | Q(amount__lt=0, rest__lte=0, rest__gte=F("amount")),
                name="settlement_item_rest",
            ),
        )
        indexes = (
            models.Index(fields=["organisation", "due_on"], condition=~Q(rest=0), name="settlement_item_open"),
            models.Index(fields=["account"], name="settlement_item_account"),
        )

    def __str__(self) -> str:
        return f"{self.kid} {self.rest}"


class PaymentFile(Immutable):
    """A file from the bank; the same bytes are taken in once."""

    name = models.CharField(_("file name"), max_length=200)
    format = models.CharField(_("format"), max_length=20)
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    received_at = models.DateTimeField(_("taken in"))
    received_by = models.CharField(_("by"), max_length=150)
    payments = models.PositiveIntegerField(_("payments"))
    total = models.BigIntegerField(_("total (øre)"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment file")
        verbose_name_plural = _("payment files")
        constraints = (models.UniqueConstraint(fields=["organisation", "sha256"], name="settlement_file_once"),)

    def __str__(self) -> str:
        return self.name


class Payment(Owned):
    """Money that came in; `reference` is the bank's own and makes it come in once."""

    class State(models.TextChoices):
        MATCHED = "matched", _("matched")
        PARTIAL = "partial", _("underpaid")
        OVER = "over", _("overpaid")
        DOUBLE = "double", _("paid twice")
        UNKNOWN = "unknown", _("unknown")
        CLEARED = "cleared", _("dealt with")

    file = models.ForeignKey(PaymentFile, on_delete=models.PROTECT, verbose_name=_("file"))
    reference = models.CharField(_("the bank's reference"), max_length=80)
    booked_on = models.DateField(_("booked"))
    amount = models.BigIntegerField(_("amount (øre)"))
    kid = models.CharField(_("KID"), max_length=25, blank=True)
    payer = models.CharField(_("payer"), max_length=200, blank=True)
    item = models.ForeignKey(OpenItem, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("open item"))
    used = models.BigIntegerField(_("used (øre)"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State)
    note = models.CharField(_("note"), max_length=500, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "reference"], name="settlement_payment_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="settlement_payment_amount"),
            models.CheckConstraint(
                condition=Q(used=0) | Q(used__gt=0, used__lte=F("amount")), name="settlement_payment_used"
            ),
        )
        indexes = (models.Index(fields=["organisation", "state"], name="settlement_payment_state"),)

    def __str__(self) -> str:
        return f"{self.reference} {self.amount}"


class Reminder(Owned):
    """An item on the reminders list, once for each level."""

    item = models.ForeignKey(OpenItem, on_delete=models.PROTECT, verbose_name=_("open item"))
    level = models.PositiveSmallIntegerField(_("level"))
    listed_on = models.DateField(_("listed"))
    rest = models.BigIntegerField(_("rest (øre)"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = (models.UniqueConstraint(fields=["item", "level"], name="settlement_reminder_once"),)

    def __str__(self) -> str:
        return f"{self.item} {self.level}"


class Refund(Owned):
    """Money to pay back: an overpayment or a credit note; two people see it."""

    class State(models.TextChoices):
        LISTED = "listed", _("listed")
        APPROVED = "approved", _("approved")
        PAID = "paid", _("paid back")
        OFFSET = "offset", _("set off")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("account"))
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("payment"))
    item = models.ForeignKey(OpenItem, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("open item"))
    amount = models.BigIntegerField(_("amount (øre)"))
    reason = models.CharField(_("reason"), max_length=500)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.LISTED)
    listed_at = models.DateTimeField(_("listed"))
    listed_by = models.CharField(_("listed by"), max_length=150)
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    approved_by = models.CharField(_("approved by"), max_length=150, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = (
            models.CheckConstraint(condition=Q(amount__gt=0), name="settlement_refund_amount"),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(payment__isnull=False), name="settlement_refund_payment"
            ),
            models.UniqueConstraint(fields=["item"], condition=Q(item__isnull=False), name="settlement_refund_item"),
            models.CheckConstraint(
                condition=Q(state__in=["listed", "offset"]) | ~Q(approved_by=F("listed_by")),
                name="settlement_refund_four_eyes",
                violation_error_message=_("Another person than the one who listed it must approve it."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"


class Expected(Owned):
    """The running settlement of an account this year: what it would be today."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, verbose_name=_("account"))
    year = models.PositiveSmallIntegerField(_("year"))
    through = models.DateField(_("used through (exclusive)"))
    used = models.BigIntegerField(_("used so far (thousandths)"))
    projected = models.BigIntegerField(_("projected for the year (thousandths)"))
    advance = models.BigIntegerField(_("a konto of the year (thousandths)"))
    balance = models.BigIntegerField(_("expected to pay, to get back when negative (øre)"))
    proposal = models.BigIntegerField(_("proposed a konto (thousandths)"), null=True, blank=True)
    made_at = models.DateTimeField(_("made"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("expected settlement")
        verbose_name_plural = _("expected settlements")
        constraints = (models.UniqueConstraint(fields=["account", "year"], name="settlement_expected_once"),)

    def __str__(self) -> str:
        return f"{self.account_id} {self.year}"


class ArchivedDocument(Immutable):
    """A document as it was made: PDF, EHF or other, kept by its content."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="documents", verbose_name=_("invoice"))
    kind = models.CharField(_("kind"), max_length=20)
    language = models.CharField(_("language"), max_length=2)
    media_type = models.CharField(_("media type"), max_length=100)
    path = models.CharField(_("place"), max_length=200)
    size = models.PositiveBigIntegerField(_("size (bytes)"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    made_at = models.DateTimeField(_("made"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        constraints = (
            models.UniqueConstraint(fields=["invoice", "kind", "language"], name="settlement_document_once"),
        )

    def __str__(self) -> str:
        return f"{self.invoice_id} {self.kind}"
