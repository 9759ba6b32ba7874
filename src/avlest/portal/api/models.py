# SPDX-License-Identifier: Apache-2.0
"""What the API keeps: tokens (as hashes), webhooks with what was sent, residents' own brokers."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.models.base import Owned, OwnedQuerySet


class ApiToken(Owned):
    """A secret that lets a program in.  Only its hash is kept; `prefix` is what people know it by.

    `user`: it acts as this person, whose roles and homes are looked up at each use.  Without one it stands for a
    program of the organisation, in `role`.
    """

    name = models.CharField(_("name"), max_length=80)
    purpose = models.CharField(_("purpose"), max_length=200, blank=True)
    prefix = models.CharField(_("begins with"), max_length=16, unique=True)
    digest = models.CharField(_("hash of the secret"), max_length=64, unique=True)
    scopes = models.JSONField(_("may"), default=list)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, verbose_name=_("acts as")
    )
    role = models.CharField(_("role"), max_length=20, blank=True)
    made_at = models.DateTimeField(_("made"))
    made_by = models.CharField(_("made by"), max_length=150)
    made_by_id = models.BigIntegerField(_("made by user"))
    expires_at = models.DateTimeField(_("valid until"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        indexes = (models.Index(fields=["user", "revoked_at"], name="api_token_user"),)

    def __str__(self) -> str:
        return f"{self.prefix} {self.name}"


class Webhook(Owned):
    """An address that is told of events of the organisation; `secret` is sealed and signs what is sent."""

    url = models.URLField(_("address"), max_length=500)
    description = models.CharField(_("description"), max_length=200, blank=True)
    events = models.JSONField(_("events"), default=list)
    secret = models.CharField(_("secret (sealed)"), max_length=300)
    is_active = models.BooleanField(_("active"), default=True)
    made_at = models.DateTimeField(_("made"))
    made_by = models.CharField(_("made by"), max_length=150)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        indexes = (models.Index(fields=["organisation", "ended_at"], name="api_webhook_owner"),)

    def __str__(self) -> str:
        return self.url


class WebhookEvent(Owned):
    """Something that happened, once: `key` says what, `uid` is the same in every message about it."""

    uid = models.CharField(_("id"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=40)
    key = models.CharField(_("key"), max_length=80)
    at = models.DateTimeField(_("at"))
    body = models.JSONField(_("content"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = (models.UniqueConstraint(fields=["organisation", "kind", "key"], name="api_event_once"),)
        indexes = (models.Index(fields=["at"], name="api_event_at"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class WebhookDelivery(Owned):
    """One event on its way to one webhook, with how the last attempt went."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        GIVEN_UP = "given_up", _("given up")

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, verbose_name=_("webhook"))
    event = models.ForeignKey(WebhookEvent, on_delete=models.CASCADE, verbose_name=_("event"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    due_at = models.DateTimeField(_("next attempt"))
    tried_at = models.DateTimeField(_("last attempt"), null=True, blank=True)
    status = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = (models.UniqueConstraint(fields=["webhook", "event"], name="api_delivery_once"),)
        indexes = (models.Index(fields=["state", "due_at"], name="api_delivery_due"),)

    def __str__(self) -> str:
        return f"{self.event_id} -> {self.webhook_id} {self.state}"


class WebhookMark(Owned):
    """How far an organisation's rows of one kind have been turned into events: by number, from `first` (exclusive)."""

    kind = models.CharField(_("kind"), max_length=40)
    first = models.BigIntegerField(_("from"))
    position = models.BigIntegerField(_("through"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("mark of events")
        verbose_name_plural = _("marks of events")
        constraints = (models.UniqueConstraint(fields=["organisation", "kind"], name="api_mark_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.position}"


class HomeBroker(Owned):
    """A resident's own MQTT broker, which gets what is measured in their home while they live there."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, verbose_name=_("resident"))
    host = models.CharField(_("host"), max_length=253)
    port = models.PositiveIntegerField(_("port"), default=8883)
    has_tls = models.BooleanField(_("encrypted"), default=True)
    username = models.CharField(_("user name"), max_length=100, blank=True)
    password = models.CharField(_("password"), max_length=400, blank=True)
    language = models.CharField(_("language"), max_length=5, default="nb")
    made_at = models.DateTimeField(_("made"))
    told_at = models.DateTimeField(_("last sent"), null=True, blank=True)
    due_at = models.DateTimeField(_("next"), null=True, blank=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True)
    topics = models.JSONField(_("retained topics"), default=list, blank=True)
    is_ended = models.BooleanField(_("to be taken away"), default=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("own broker")
        verbose_name_plural = _("own brokers")
        constraints = (models.UniqueConstraint(fields=["organisation", "user"], name="api_broker_once"),)
        indexes = (models.Index(fields=["due_at"], name="api_broker_due"),)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
