# SPDX-License-Identifier: Apache-2.0
"""Signatures of webhooks as the open specification Standard Webhooks has them.  Pure.

`webhook-signature: v1,<base64 of HMAC-SHA-256>` over `<webhook-id>.<webhook-timestamp>.<body>`; the secret is
`whsec_` and the key in base64.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Final

_PREFIX: Final = "whsec_"


def write_secret(key: bytes) -> str:
    """Return a key as people copy it."""
    return _PREFIX + b64encode(key).decode()


def derive_headers(secret: str, *, uid: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """Return the three headers of a message."""
    second = str(int(at.timestamp()))
    key = b64decode(secret.removeprefix(_PREFIX))
    mac = hmac.new(key, b".".join((uid.encode(), second.encode(), body)), hashlib.sha256).digest()
    return {
        "webhook-id": uid,
        "webhook-timestamp": second,
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
    }
