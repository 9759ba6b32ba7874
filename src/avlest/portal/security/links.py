# SPDX-License-Identifier: Apache-2.0
"""Signed links that end soon: from an alarm to its page without a login, to one thing only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing


class LinkError(ValueError):
    """A link that was changed, is too old, or is for something else."""


def make_link(purpose: str, content: dict[str, Any]) -> str:
    """Return a token for an address: `content` (numbers, short texts; the holder can read it), signed for `purpose`."""
    return signing.dumps(content, salt=f"avlest.link.{purpose}", compress=True)


def read_link(purpose: str, token: str, *, lasts: timedelta) -> dict[str, Any]:
    """Return the content of a token made for `purpose` at most `lasts` ago; `LinkError` otherwise."""
    try:
        content = signing.loads(token, salt=f"avlest.link.{purpose}", max_age=lasts)
    except signing.BadSignature as error:
        raise LinkError("the link is not valid any more") from error
    if not isinstance(content, dict):
        raise LinkError("the link is not valid any more")
    return content
