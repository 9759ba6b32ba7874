# SPDX-License-Identifier: Apache-2.0
"""Tables of the room `insight`."""

from avlest.insight.models.notify import Browser, Campaign, Message, Wishes

__all__ = ["Browser", "Campaign", "Message", "Wishes"]
