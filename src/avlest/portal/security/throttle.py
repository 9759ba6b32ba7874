# SPDX-License-Identifier: Apache-2.0
"""How often something may be tried, counted in the cache that the processes of the web server share."""

from __future__ import annotations

import hashlib
import threading
import time
from typing import Final

from django.core.cache import cache

_LOCK: Final = threading.Lock()


def may_try(action: str, key: str, *, limit: int, seconds: int) -> bool:
    """Count one try of `action` by `key` (an address, a user) and say whether it is within `limit` a `seconds`.

    The time begins with the first try.  Two processes that count in the same instant may let one more through.
    """
    name = f"portal:try:{action}:{hashlib.sha256(key.encode()).hexdigest()[:24]}"
    now = time.time()
    with _LOCK:
        count, ends = cache.get(name) or (0, now + seconds)
        cache.set(name, (count + 1, ends), max(1.0, ends - now))
    return bool(count < limit)
