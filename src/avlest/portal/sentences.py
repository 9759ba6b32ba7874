# SPDX-License-Identifier: Apache-2.0
"""What the rooms below say of files and rows, in the language of who sent them: `sentences.toml`."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from typing import Final

from django.utils.translation import get_language

_LANGUAGES: Final = ("en", "nb", "nn")
_GAP: Final = "{}"
_PREFIX: Final = "expected "


@cache
def load_sentences() -> tuple[tuple[re.Pattern[str], dict[str, str]], ...]:
    """Return the sentences: a pattern of the English one, and the others by language; the most literal first."""
    text = (resources.files("avlest.portal") / "sentences.toml").read_text("utf-8")
    rows = sorted(tomllib.loads(text)["sentences"], key=lambda row: -len(row[0].replace(_GAP, "")))
    return tuple((_to_pattern(row[0]), dict(zip(_LANGUAGES, row, strict=True))) for row in rows)


def _to_pattern(english: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(re.escape(part) for part in english.split(_GAP)), re.DOTALL)


def translate_sentence(text: str, *, language: str = "") -> str | None:
    """Return a sentence of a lower room in `language` (that of the request); None for one that is not known."""
    language = language or get_language() or "nb"
    plain = text.removeprefix(_PREFIX)
    if language not in _LANGUAGES or language == "en":
        return text if language == "en" else None
    for pattern, words in load_sentences():
        if found := pattern.fullmatch(plain):
            return words[language].format(*found.groups())
    return None


def tell(text: object) -> str:
    """Return it in the reader's language, or as it is."""
    return translate_sentence(str(text)) or str(text)
