# SPDX-License-Identifier: Apache-2.0
"""The audit log and the version counters."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.models.base import Owned, OwnedQuerySet


class AuditEntry(Owned):
    """One write: who, when, what, before and after.  Secrets are never in it.

    The row's person is kept as a name and a number, not as a foreign key: the log stays
    when the user goes.
    """

    at = models.DateTimeField(_("at"))
    actor = models.CharField(_("who"), max_length=150)
    user_id = models.BigIntegerField(_("user"), null=True, blank=True)
    action = models.CharField(_("what"), max_length=40)
    subject = models.CharField(_("kind of thing"), max_length=40)
    subject_id = models.BigIntegerField(_("number of the thing"))
    label = models.CharField(_("thing"), max_length=200, blank=True)
    before = models.JSONField(_("before"), null=True, blank=True)
    after = models.JSONField(_("after"), null=True, blank=True)
    batch = models.UUIDField(_("batch"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        indexes = (
            models.Index(fields=["organisation", "at"], name="registry_audit_at"),
            models.Index(fields=["subject", "subject_id"], name="registry_audit_subject"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.label}"


class Version(models.Model):
    """A counter that grows with every change of one kind of thing, so that others may cache."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("version counter")
        verbose_name_plural = _("version counters")

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
