# SPDX-License-Identifier: Apache-2.0
"""How often something may be tried, counted in the cache of the web server."""

from __future__ import annotations

import hashlib

from django.core.cache import cache


def may_try(action: str, key: str, *, limit: int, seconds: int) -> bool:
    """Count one try of `action` by `key` (an address, a user) and say whether it is within `limit` a `seconds`."""
    name = f"portal:try:{action}:{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    cache.add(name, 0, seconds)
    try:
        return cache.incr(name) <= limit
    except ValueError:  # it ran out between the two
        cache.set(name, 1, seconds)
        return True
