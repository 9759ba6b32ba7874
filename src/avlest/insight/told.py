# SPDX-License-Identifier: Apache-2.0
"""Who was told of an alarm: the messages of its cause."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from avlest.insight.infos import ToldInfo
from avlest.insight.models import Alarm, Message

_CHUNK: Final = 900


def get_told(rows: Sequence[Alarm]) -> dict[str, tuple[ToldInfo, ...]]:
    """Return the messages by the key of the cause, the first first: alarms of one cause were told together."""
    keys = _find_causes(sorted({row.cause_key for row in rows}))
    found: dict[str, list[ToldInfo]] = {}
    numbers = sorted(keys)
    for at in range(0, len(numbers), _CHUNK):
        for message in Message.objects.filter(alarm_id__in=numbers[at : at + _CHUNK]).order_by("made_at", "pk"):
            found.setdefault(keys[message.alarm_id or 0], []).append(to_told(message))
    return {key: tuple(told) for key, told in found.items()}


def _find_causes(causes: Sequence[str]) -> dict[int, str]:
    keys: dict[int, str] = {}
    for at in range(0, len(causes), _CHUNK):
        keys.update(Alarm.objects.filter(cause_key__in=causes[at : at + _CHUNK]).values_list("pk", "cause_key"))
    return keys


def to_told(row: Message) -> ToldInfo:
    """A message as what it says of who was told."""
    return ToldInfo(
        name=row.name, channel=row.channel, step=row.step, state=row.state, made_at=row.made_at, sent_at=row.sent_at,
        read_at=row.read_at, error=row.error,
    )  # fmt: skip
