# SPDX-License-Identifier: Apache-2.0
"""What the portal keeps itself: looks at people's values, activation codes, themes, what people prefer."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.models import MeteringPoint, Party
from avlest.registry.models.base import Owned, OwnedQuerySet


class AccessLog(Owned):
    """Somebody of the staff looked at a household's values: one row a person, point, kind and day.

    The person is kept as a name and a number: the log stays when the user goes.
    """

    at = models.DateTimeField(_("at"))
    day = models.DateField(_("day"))
    user_id = models.BigIntegerField(_("user"))
    name = models.CharField(_("who"), max_length=150)
    roles = models.CharField(_("roles"), max_length=100)
    point = models.ForeignKey(MeteringPoint, on_delete=models.CASCADE, verbose_name=_("metering point"))
    what = models.CharField(_("what"), max_length=20)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("look")
        verbose_name_plural = _("looks")
        constraints = (
            models.UniqueConstraint(fields=["point", "user_id", "what", "day", "reason"], name="portal_look_once"),
        )
        indexes = (models.Index(fields=["point", "at"], name="portal_look_point"),)

    def __str__(self) -> str:
        return f"{self.day} {self.name} {self.what} {self.point_id}"


class ActivationCode(Owned):
    """A code sent by letter that ties a login to a party.  Only its hash is kept; it works once and not for long."""

    party = models.ForeignKey(Party, on_delete=models.CASCADE, verbose_name=_("party"))
    digest = models.CharField(_("hash of the code"), max_length=64, unique=True)
    made_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("valid until"))
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation code")
        verbose_name_plural = _("activation codes")
        indexes = (models.Index(fields=["party", "used_at"], name="portal_code_party"),)

    def __str__(self) -> str:
        return f"{self.party} {self.made_at:%Y-%m-%d}"


class Theme(Owned):
    """The look of one organisation: accent colour (checked for contrast) and logo."""

    accent = models.CharField(
        _("accent colour"), max_length=7, validators=[RegexValidator(r"^#[0-9a-f]{6}\Z", _("Expected #rrggbb."))]
    )
    logo = models.BinaryField(_("logo"), null=True, blank=True)
    logo_type = models.CharField(_("type of the logo"), max_length=30, blank=True)
    version = models.PositiveIntegerField(_("version"), default=1)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        constraints = (models.UniqueConstraint(fields=["organisation"], name="portal_theme_once"),)

    def __str__(self) -> str:
        return f"{self.organisation} {self.accent}"
