# SPDX-License-Identifier: Apache-2.0
"""The SQL tables of the service: the state of its jobs."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobState(models.Model):
    """One job of the installation: when it is due, who has it, how it went last.

    A runner has a job while `holder` is its token and `lease_until` is ahead; it renews the lease while it works.  A
    killed runner renews nothing, so another takes over when the lease has run out.
    """

    name = models.CharField(max_length=80, primary_key=True)
    due_at = models.DateTimeField()
    holder = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=1000, blank=True)
    error = models.CharField(max_length=1000, blank=True)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    takeovers = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("state of a job")
        verbose_name_plural = _("states of jobs")

    def __str__(self) -> str:
        return self.name
