# SPDX-License-Identifier: Apache-2.0
"""The last net under rule 8 of the house plan: a key never reaches a log line."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

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


class Line(logging.Formatter):
    """One line an event: instant in UTC, severity, who says it, what it says."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  logging's name
        """Return the instant as ISO 8601 in UTC, to the millisecond."""
        return _instant(record)


class JsonLine(logging.Formatter):
    """One JSON object a line, for programs that collect logs; `facts` of an event are its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record on one line."""
        fields = {"at": _instant(record), "level": record.levelname, "logger": record.name}
        facts = getattr(record, "facts", None)
        if isinstance(facts, dict):
            fields |= {"event": getattr(record, "event", "")} | {k: hide_keys(str(v)) for k, v in facts.items()}
        else:
            fields["message"] = record.getMessage()
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            fields["traceback"] = hide_keys(record.exc_text)
        return json.dumps(fields, ensure_ascii=False)


def _instant(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
