# SPDX-License-Identifier: Apache-2.0
"""Messages and what became of them, what people want to hear, browsers to push to, and campaigns."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import Organisation, Owned, OwnedQuerySet, Party, Property, User, Zone


class Wishes(Owned):
    """How one person wants to be told, in one organisation; none: as the organisation does it."""

    party = models.OneToOneField(Party, on_delete=models.CASCADE, verbose_name=_("party"))
    without = models.JSONField(_("not by"), default=list)
    mutes = models.JSONField(_("not about"), default=list)
    quiet_from = models.PositiveSmallIntegerField(_("quiet from (hour)"), default=22)
    quiet_to = models.PositiveSmallIntegerField(_("quiet to (hour)"), default=7)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("wishes for messages")
        verbose_name_plural = _("wishes for messages")
        constraints = (
            models.CheckConstraint(
                condition=Q(quiet_from__lt=24, quiet_to__lt=24),
                name="insight_wishes_hours",
                violation_error_message=_("Quiet hours are whole hours from 0 to 23."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.party}"


class Browser(models.Model):
    """A browser that shows pushed messages to one user."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, verbose_name=_("user"))
    endpoint = models.URLField(_("address"), max_length=500, unique=True)
    p256dh = models.CharField(_("public key"), max_length=200)
    auth = models.CharField(_("secret"), max_length=100)
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("browser")
        verbose_name_plural = _("browsers")

    def __str__(self) -> str:
        return f"{self.user} {self.added_at:%Y-%m-%d}"


class Campaign(Owned):
    """A message of people to people: to one party, a property, a zone or all."""

    class State(models.TextChoices):
        DRAFT = "draft", _("draft")
        SENT = "sent", _("sent")

    # {"nb": {"subject": …, "body": …}, …}; a language that is missing falls back to bokmål.
    texts = models.JSONField(_("texts"))
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("party"))
    property = models.ForeignKey(Property, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("property"))
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("zone"))
    is_urgent = models.BooleanField(_("also in quiet hours, by SMS first"), default=False)
    state = models.CharField(_("state"), max_length=5, choices=State, default=State.DRAFT)
    made_by = models.CharField(_("made by"), max_length=150)
    made_at = models.DateTimeField(_("made"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")

    def __str__(self) -> str:
        return str(self.texts.get("nb", {}).get("subject", ""))


class Message(Owned):
    """One message to one person on one road."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        NO_CONTACT = "no_contact", _("missing contact")

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, verbose_name=_("organisation"))
    key = models.CharField(_("key"), max_length=200)
    alarm_id = models.BigIntegerField(_("alarm"), null=True, blank=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("campaign"))
    step = models.CharField(_("step"), max_length=20, blank=True)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("party"))
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, verbose_name=_("user"))
    name = models.CharField(_("to"), max_length=200)
    channel = models.CharField(_("road"), max_length=10)
    address = models.CharField(_("address"), max_length=254, blank=True)
    language = models.CharField(_("language"), max_length=2, default="nb")
    subject = models.CharField(_("subject"), max_length=300, blank=True)
    body = models.TextField(_("text"))
    state = models.CharField(_("state"), max_length=10, choices=State)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("due"))
    made_at = models.DateTimeField(_("made"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    error = models.CharField(_("why not"), max_length=500, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = (models.UniqueConstraint(fields=["organisation", "key"], name="insight_message_once"),)
        indexes = (
            models.Index(fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="insight_message_due"),
            models.Index(fields=["alarm_id"], name="insight_message_alarm"),
            models.Index(fields=["party", "made_at"], name="insight_message_party"),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.name}"
