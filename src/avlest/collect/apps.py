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
    # For validation, in the room below: what the numbers of statuses mean.  A name, because most commands never ask.
    status_reader = "avlest.collect.pipeline.states.read_status_words"
