# SPDX-License-Identifier: Apache-2.0
"""Django's admin for everything in the registry."""

from avlest.registry.admin import meters, people, places

__all__ = ["meters", "people", "places"]
