# SPDX-License-Identifier: Apache-2.0
"""The collection of telegrams as a Django app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CollectConfig(AppConfig):
    """Inbox, states of meters and gateways, and what waits for a key or a meter."""

    name = "avlest.collect"
    label = "collect"
    verbose_name = _("Collection")

    def ready(self) -> None:
        """Tell the rooms below what the numbers of statuses mean."""
        from avlest.collect.pipeline.states import read_status_words
        from avlest.readings.statuses import use_status_reader

        use_status_reader(read_status_words)
