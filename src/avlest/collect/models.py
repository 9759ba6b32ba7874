# SPDX-License-Identifier: Apache-2.0
"""What collection keeps in SQL; ORM rows stay inside this app.

None of these rows belongs to an organisation: an address is heard before anybody knows whose meter it is.  What a
person may see is reached through the registry's meter of that address.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Packet(models.Model):
    """Messages that were taken in together and wait for the pipeline; see `packets` for the body."""

    lane = models.PositiveSmallIntegerField(_("lane"))
    taken_at = models.DateTimeField(_("taken in"))
    messages = models.PositiveIntegerField(_("messages"))
    replayed = models.BooleanField(_("replayed"), default=False)
    body = models.BinaryField(_("body"))

    class Meta:
        verbose_name = _("packet")
        verbose_name_plural = _("packets")
        indexes = (models.Index(fields=["lane", "id"], name="collect_packet_lane"),)

    def __str__(self) -> str:
        return f"{self.taken_at:%Y-%m-%d %H:%M:%S} {self.messages}"


class Lane(models.Model):
    """One ordered stream of batches, worked on by one process at a time."""

    number = models.PositiveSmallIntegerField(_("number"), primary_key=True)
    last_append = models.BigIntegerField(_("last append"), default=0)

    class Meta:
        verbose_name = _("lane")
        verbose_name_plural = _("lanes")

    def __str__(self) -> str:
        return str(self.number)


class Batch(models.Model):
    """A decided batch: the rows to append to the Delta tables, exactly as they will be appended.

    The rows stand here from the transaction that took the messages out of the inbox until they are in the Delta
    tables, so that what is appended never depends on deciding twice.  `append` numbers the append they are part of.
    Emptied, a batch stays for a while for its `marks`: what it heard, to know repeats by.
    """

    lane = models.PositiveSmallIntegerField(_("lane"))
    decided_at = models.DateTimeField(_("decided"))
    messages = models.PositiveIntegerField(_("messages"))
    rows = models.PositiveIntegerField(_("readings"))
    readings = models.BinaryField(_("readings to append"), default=bytes)
    telegrams = models.BinaryField(_("telegrams to append"), default=bytes)
    marks = models.BinaryField(_("marks of what was heard"), default=bytes)
    append = models.BigIntegerField(_("append"), null=True, blank=True)
    appended_at = models.DateTimeField(_("appended"), null=True, blank=True)

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        indexes = (models.Index(fields=["lane", "appended_at"], name="collect_batch_lane"),)

    def __str__(self) -> str:
        return f"{self.lane}/{self.pk}"


class Kept(models.Model):
    """One telegram that could not become readings yet, with the reason; `body` is a packet of one message.

    `tried` is the version of the keys it was last tried with.
    """

    manufacturer = models.CharField(_("manufacturer"), max_length=3, blank=True)
    serial = models.CharField(_("address"), max_length=32, blank=True)
    outcome = models.CharField(_("outcome"), max_length=30)
    detail = models.CharField(_("detail"), max_length=300, blank=True)
    received_at = models.DateTimeField(_("heard"))
    kept_at = models.DateTimeField(_("kept since"))
    source = models.CharField(_("source"), max_length=60)
    tried = models.BigIntegerField(_("tried with keys"), default=0)
    body = models.BinaryField(_("body"))

    class Meta:
        verbose_name = _("kept telegram")
        verbose_name_plural = _("kept telegrams")
        indexes = (
            models.Index(fields=["manufacturer", "serial"], name="collect_kept_address"),
            models.Index(fields=["outcome", "tried"], name="collect_kept_outcome"),
            models.Index(fields=["kept_at"], name="collect_kept_at"),
        )

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.serial} {self.outcome}"


class MeterState(models.Model):
    """The last that was heard of one address; `values` by register number: see `pipeline.states`."""

    manufacturer = models.CharField(_("manufacturer"), max_length=3, blank=True)
    serial = models.CharField(_("address"), max_length=32)
    first_heard_at = models.DateTimeField(_("first heard"))
    last_heard_at = models.DateTimeField(_("last heard"))
    last_read_at = models.DateTimeField(_("last reading"), null=True, blank=True)
    heard = models.BigIntegerField(_("telegrams heard"), default=0)
    kept = models.BigIntegerField(_("readings kept"), default=0)
    outcome = models.CharField(_("last outcome"), max_length=30)
    family = models.CharField(_("model family"), max_length=60, blank=True)
    status = models.CharField(_("status"), max_length=300, blank=True)
    source = models.CharField(_("source"), max_length=60, blank=True)
    gateway = models.CharField(_("gateway"), max_length=64, blank=True)
    rssi = models.FloatField(_("signal (dBm)"), null=True, blank=True)
    values = models.JSONField(_("last values"), default=dict, blank=True)
    held_until = models.DateTimeField(_("reading held until"), null=True, blank=True)
    waiting_slot = models.BigIntegerField(_("last interval a telegram was kept of"), null=True, blank=True)
    lane = models.PositiveSmallIntegerField(_("lane"), default=0)

    class Meta:
        verbose_name = _("state of a meter")
        verbose_name_plural = _("states of meters")
        constraints = (models.UniqueConstraint(fields=["manufacturer", "serial"], name="collect_state_address"),)
        indexes = (
            models.Index(fields=["serial"], name="collect_state_serial"),
            models.Index(fields=["lane", "held_until"], name="collect_state_held"),
            models.Index(fields=["last_heard_at"], name="collect_state_heard"),
        )

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.serial}"


class GatewayState(models.Model):
    """The last that came through one gateway of one source; `meter` is whose HAN port it listens to."""

    source = models.CharField(_("source"), max_length=60)
    code = models.CharField(_("gateway"), max_length=64, blank=True)
    first_heard_at = models.DateTimeField(_("first heard"))
    last_heard_at = models.DateTimeField(_("last heard"))
    heard = models.BigIntegerField(_("messages"), default=0)
    rssi = models.FloatField(_("signal (dBm)"), null=True, blank=True)
    meter = models.CharField(_("meter"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("state of a gateway")
        verbose_name_plural = _("states of gateways")
        constraints = (models.UniqueConstraint(fields=["source", "code"], name="collect_gateway_once"),)

    def __str__(self) -> str:
        return f"{self.source} {self.code}".rstrip()


class OutcomeCount(models.Model):
    """How many messages of one source ended how on one day (UTC)."""

    day = models.DateField(_("day"))
    source = models.CharField(_("source"), max_length=60)
    outcome = models.CharField(_("outcome"), max_length=30)
    messages = models.BigIntegerField(_("messages"), default=0)

    class Meta:
        verbose_name = _("count of outcomes")
        verbose_name_plural = _("counts of outcomes")
        constraints = (models.UniqueConstraint(fields=["day", "source", "outcome"], name="collect_outcome_once"),)

    def __str__(self) -> str:
        return f"{self.day} {self.source} {self.outcome} {self.messages}"


class StatusText(models.Model):
    """The words of a meter's status; readings carry the number, 0 stands for OK."""

    text = models.CharField(_("status"), max_length=300, unique=True)

    class Meta:
        verbose_name = _("status of meters")
        verbose_name_plural = _("statuses of meters")
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.text


class Mark(models.Model):
    """A small fact the workers remember between runs, such as which catalogue they last used."""

    name = models.CharField(_("name"), max_length=40, primary_key=True)
    value = models.CharField(_("value"), max_length=200)

    class Meta:
        verbose_name = _("mark")
        verbose_name_plural = _("marks")

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class Reach(models.Model):
    """A gateway has heard an address, on `last_on` (UTC) last; copies that another was faster with count too."""

    manufacturer = models.CharField(_("manufacturer"), max_length=3, blank=True)
    serial = models.CharField(_("address"), max_length=32)
    gateway = models.CharField(_("gateway"), max_length=64)
    last_on = models.DateField(_("last heard"))

    class Meta:
        verbose_name = _("reach of a gateway")
        verbose_name_plural = _("reach of gateways")
        constraints = (
            models.UniqueConstraint(fields=["serial", "manufacturer", "gateway"], name="collect_reach_once"),
        )

    def __str__(self) -> str:
        return f"{self.gateway} {self.manufacturer} {self.serial}"
