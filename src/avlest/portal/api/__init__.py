# SPDX-License-Identifier: Apache-2.0
"""What programs get: django-ninja, tokens with scopes, webhooks."""
