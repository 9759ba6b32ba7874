# SPDX-License-Identifier: Apache-2.0
"""The words for alarms: what it is, what is probably behind it, what to check.  Pure.

One place for pages, letters, e-mail and SMS; bokmål, nynorsk and English are complete (a test compares them).
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from avlest.insight.contracts import AlarmKind

LANGUAGES = ("nb", "nn", "en")


@dataclasses.dataclass(frozen=True, slots=True)
class AlarmText:
    """What a person reads of an alarm: `checks` in the order to do them."""

    title: str
    meaning: str
    severity: str
    cause: str
    checks: tuple[str, ...]


@cache
def load_texts(language: str) -> Mapping[str, Any]:
    """All words of a language; `ValueError` for one there is not."""
    if language not in LANGUAGES:
        raise ValueError(f"no language {language!r}, expected one of {', '.join(LANGUAGES)}")
    return tomllib.loads(resources.files("avlest.insight.texts").joinpath(f"{language}.toml").read_text("utf-8"))


def get_alarm_text(
    kind: AlarmKind, *, severity: str, cause: str, advice: Iterable[str] = (), language: str = "nb"
) -> AlarmText:
    """The words for an alarm's codes; `KeyError` naming a code that has none."""
    texts = load_texts(language)
    return AlarmText(
        texts["kind"][kind]["title"],
        texts["kind"][kind]["meaning"],
        texts["severity"][severity],
        texts["cause"][cause],
        tuple(texts["advice"][code] for code in advice),
    )
