# SPDX-License-Identifier: Apache-2.0
"""The last net under rule 8 of the house plan: a key never reaches a log line."""

from __future__ import annotations

import logging
import re

# Exactly 32 hexadecimal digits, or 16 pairs with the same mark between them: the shape of
# an AES-128 key.  A telegram in hexadecimal is longer and stays readable.
_KEY = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{2}([-: ])(?:[0-9A-Fa-f]{2}\1){14}[0-9A-Fa-f]{2})(?![0-9A-Fa-f])"
)
HIDDEN = "(32 hex digits hidden)"


def hide_keys(text: str) -> str:
    """Return `text` with everything that has the shape of a meter key taken out."""
    return _KEY.sub(HIDDEN, text)


class HideKeys(logging.Filter):
    """Take keys out of the message and the traceback of every record that passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite `record` in place; always let it through."""
        record.msg = hide_keys(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = hide_keys(record.exc_text)
        return True
