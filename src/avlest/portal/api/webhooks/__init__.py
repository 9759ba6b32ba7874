# SPDX-License-Identifier: Apache-2.0
"""Webhooks: events of an organisation told to its other systems, signed, tried again, each with an id of its own."""
