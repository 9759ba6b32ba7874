# SPDX-License-Identifier: Apache-2.0
"""Addresses that every role has."""

from __future__ import annotations

from django.urls import path

from avlest.portal.common import choices, look, shell, staff
from avlest.portal.login import activation

urlpatterns = [
    path("sprak/", choices.choose_language, name="language"),
    path("farger/", choices.choose_colours, name="colours"),
    path("organisasjon/", choices.choose_organisation, name="organisation"),
    path("aktiver/", activation.activate, name="activate"),
    path("innsyn/", staff.give_reason, name="reason"),
    path("utseende/", look.change_look, name="look"),
    path("se-som/<int:party_id>/", staff.see_as, name="see_as"),
    path("se-som/slutt/", staff.end_see_as, name="end_see_as"),
    path("tema/<int:organisation_id>/<int:version>.css", shell.show_theme, name="theme"),
    path("logo/<int:organisation_id>/<int:version>/", shell.show_logo, name="logo"),
    path("manifest.webmanifest", shell.show_manifest, name="manifest"),
    path("sw.js", shell.show_worker, name="worker"),
    path("frakoblet/", shell.show_offline, name="offline"),
    path("tilgjengelighet/", shell.show_accessibility, name="accessibility"),
    path("personvern/", shell.show_privacy, name="privacy"),
]
