# SPDX-License-Identifier: Apache-2.0
"""Gateways and documents."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.models.base import Owned, OwnedQuerySet, position_check
from avlest.registry.models.meters import Installation, Meter
from avlest.registry.models.people import Party
from avlest.registry.models.places import MeteringPoint, Property, Unit, Zone


class Gateway(Owned):
    """A radio receiver or concentrator that hands telegrams on."""

    code = models.CharField(_("identity"), max_length=64)
    name = models.CharField(_("name"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=40, blank=True)
    road = models.CharField(_("road"), max_length=40, blank=True)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("zone"))
    latitude = models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("gateway")
        verbose_name_plural = _("gateways")
        constraints = (
            models.UniqueConstraint(fields=["organisation", "code"], name="registry_gateway_code"),
            position_check("registry_gateway_position"),
        )

    def __str__(self) -> str:
        return self.name or self.code


def document_path(document: Document, _filename: str) -> str:
    """Return where a document's bytes are kept: by content, never by the sender's file name."""
    return f"{document.organisation_id}/{document.sha256[:2]}/{document.sha256}"


class Document(Owned):
    """A photo, a form, a key list's receipt: bytes tied to what they are about."""

    class Kind(models.TextChoices):
        PHOTO_VALUE = "photo_value", _("photo of the register")
        PHOTO_SEAL = "photo_seal", _("photo of the seal")
        PHOTO_PLACE = "photo_place", _("photo of the installation")
        FORM = "form", _("form")
        OTHER = "other", _("other")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OTHER)
    title = models.CharField(_("title"), max_length=200)
    file = models.FileField(_("file"), upload_to=document_path, max_length=200)
    media_type = models.CharField(_("media type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size (bytes)"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    added_at = models.DateTimeField(_("added"))
    property = models.ForeignKey(Property, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("property"))
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("unit"))
    point = models.ForeignKey(MeteringPoint, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("point"))
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("meter"))
    installation = models.ForeignKey(
        Installation, on_delete=models.PROTECT, null=True, blank=True, related_name="documents",
        verbose_name=_("installation"),
    )  # fmt: skip
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True, verbose_name=_("party"))

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")

    def __str__(self) -> str:
        return self.title
