# SPDX-License-Identifier: Apache-2.0
"""What a codec answered: checked, and its numbers exactly as it wrote them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from avlest.telegrams.outcomes import Outcome, TelegramError

_LONGEST_MESSAGE = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A codec's decoded object and its warnings; numbers are int or Decimal."""

    data: Mapping[str, Any]
    warnings: tuple[str, ...] = ()


def parse_answer(text: str) -> Answer:
    """The answer `{data, errors?, warnings?}` of a codec (LoRa Alliance TS013, 4.2), from JSON.

    Raises `TelegramError`: BAD_PAYLOAD with the codec's own words where it lists errors,
    CODEC_FAILED where the answer does not have that form.
    """
    answer = _parse_object(text)
    errors = read_messages(answer.get("errors"))
    if errors:
        raise TelegramError(Outcome.BAD_PAYLOAD, f"the codec says: {'; '.join(errors)}"[:_LONGEST_MESSAGE])
    data = answer.get("data")
    if not isinstance(data, dict):
        raise TelegramError(Outcome.CODEC_FAILED, "the codec's answer has no object `data`, and lists no errors")
    return Answer(data, read_messages(answer.get("warnings")))


def _parse_object(text: str) -> dict[str, Any]:
    try:
        answer = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise TelegramError(Outcome.CODEC_FAILED, f"the codec's answer is not usable JSON: {error}") from None
    if not isinstance(answer, dict):
        raise TelegramError(Outcome.CODEC_FAILED, "the codec's answer is not an object")
    return answer


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def read_messages(value: object) -> tuple[str, ...]:
    """The texts of an `errors` or `warnings` member, be it a list, one text or missing."""
    if not value:
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(clean_text(item if isinstance(item, str) else json.dumps(item, default=str)) for item in items)


def clean_text(text: str) -> str:
    """The text without control characters and halves of characters, at most 200 long."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST_MESSAGE])
