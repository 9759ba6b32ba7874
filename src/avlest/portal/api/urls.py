# SPDX-License-Identifier: Apache-2.0
"""Addresses of the area."""

from __future__ import annotations

from django.urls import path

from avlest.portal.api.application import get_api
from avlest.portal.api.views import document, homeassistant, tokens, webhooks

# The API's own patterns without its namespace: they stand in the area's.
_PATTERNS, _, _ = get_api().urls

urlpatterns = [
    path("api/v1/", (_PATTERNS, None, None)),
    path("api/v1/<path:rest>", document.show_unknown, name="unknown"),
    path("api/", document.show_document, name="document"),
    path("api/oversikt/", document.show_document, name="staff"),
    path("api/nokler/", tokens.show_tokens, name="tokens"),
    path("api/nokler/ny/", tokens.make_token, name="token_new"),
    path("api/nokler/<int:token_id>/trekk-tilbake/", tokens.revoke_token, name="token_revoke"),
    path("api/webhooks/", webhooks.show_webhooks, name="hooks"),
    path("api/webhooks/ny/", webhooks.make_webhook, name="hook_new"),
    path("api/webhooks/<int:webhook_id>/", webhooks.show_webhook, name="hook"),
    path("api/webhooks/<int:webhook_id>/<slug:action>/", webhooks.change_webhook, name="hook_change"),
    path("api/hjemmeautomasjon/", homeassistant.show_broker, name="home_broker"),
    path("api/hjemmeautomasjon/slutt/", homeassistant.end_broker, name="home_broker_end"),
    path("api/hjemmeautomasjon/avlest.yaml", homeassistant.get_rest_file, name="home_file"),
]
