# SPDX-License-Identifier: Apache-2.0
"""The area as a Django app: templates, translations and models of its own."""

from __future__ import annotations

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """Billing."""

    name = "avlest.portal.billing"
    label = "portal_billing"
    verbose_name = "Billing"
