# SPDX-License-Identifier: Apache-2.0
"""How far derivation has come, and what is planned and not done.  Rows of the installation, not of an organisation."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DeriveState(models.Model):
    """The one row that says what has been planned: up to which version of the readings, and until when hours are due.

    `known_at` is the latest time given to derived rows: it only rises, whatever the clock does.
    """

    name = models.CharField(max_length=20, primary_key=True, default="derive")
    readings_version = models.BigIntegerField(null=True)
    readings_at = models.DateTimeField(null=True)
    registry_state = models.CharField(max_length=80, blank=True)
    inputs_at = models.DateTimeField(null=True)
    horizon = models.DateTimeField(null=True)
    known_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("state of derivation")
        verbose_name_plural = _("states of derivation")

    def __str__(self) -> str:
        return f"{self.name} {self.readings_version}"


class DeriveTask(models.Model):
    """Series to derive again in a period of local days `[first_day, stop_day)`; `body` holds their numbers.

    The number of the task is the number of its batch in the Delta tables.
    """

    planned_at = models.DateTimeField()
    horizon = models.DateTimeField()
    known_at = models.DateTimeField()
    first_day = models.DateField()
    stop_day = models.DateField()
    level = models.PositiveSmallIntegerField(default=0)
    count = models.PositiveIntegerField()
    body = models.BinaryField()
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("task of derivation")
        verbose_name_plural = _("tasks of derivation")
        indexes = (models.Index(fields=["level", "id"], name="readings_task_order"),)

    def __str__(self) -> str:
        return f"{self.pk}: {self.count} series, {self.first_day} to {self.stop_day}"
