# SPDX-License-Identifier: Apache-2.0
"""How people sign in: what differs from django-allauth's ways."""
