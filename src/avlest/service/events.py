# SPDX-License-Identifier: Apache-2.0
"""One line an event: its name, then what belongs to it as `name=value`."""

from __future__ import annotations

import json
import logging
import re

_PLAIN = re.compile(r"[\w.:/@+-]+")


def log_event(logger: logging.Logger, event: str, *, level: int = logging.INFO, **facts: object) -> None:
    """Log `event` with its facts on one line; the same facts are fields of the line where lines are JSON.

    The filter of the project takes out what looks like a key; secrets have no business here all the same.
    """
    known = {name: value for name, value in facts.items() if value is not None}
    logger.log(level, "%s", format_event(event, known), extra={"event": event, "facts": known})


def format_event(event: str, facts: dict[str, object]) -> str:
    """Return `event a=1 b="two words"`; never more than one line."""
    return " ".join([event, *(f"{name}={_quote(str(value))}" for name, value in facts.items())])


def _quote(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
