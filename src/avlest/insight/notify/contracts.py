# SPDX-License-Identifier: Apache-2.0
"""What is to be told, to whom, and how.  Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """A road to a person."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"


class Step(StrEnum):
    """What happened to an alarm; each is told once."""

    OPENED = "opened"
    STILL_OPEN = "still_open"
    """A day later."""
    LONG_OPEN = "long_open"
    """A week later."""
    CLEARED = "cleared"


class Audience(StrEnum):
    """What the person is to the place: residents are told first, the caretaker when nothing happens."""

    RESIDENT = "resident"
    CARETAKER = "caretaker"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A person that may be told; `party_id` of the register, or `user_id` of staff."""

    audience: Audience
    name: str
    language: str = "nb"
    party_id: int | None = None
    user_id: int | None = None
    email: str = ""
    phone: str = ""

    @property
    def key(self) -> str:
        """What tells this person from others: `party:7`, `user:3`."""
        return f"party:{self.party_id}" if self.party_id is not None else f"user:{self.user_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a person wants: roads to leave out, and quiet hours (local, whole hours; equal: none)."""

    without: frozenset[Channel] = frozenset()
    quiet_from: int = 22
    quiet_to: int = 7
    mutes: frozenset[str] = frozenset()
    """Kinds of alarm that this person does not want to hear of; critical ones are told all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmNotice:
    """One step of one alarm that people should hear of.

    `rate` and `amount` are thousandths of `unit` (per hour, and so far); `cost` and `cost_per_year` øre; `count` how
    many meters it is about; `cause_key` is the same for alarms with one cause, so that they are told once.
    """

    alarm_id: int
    cause_key: str
    step: Step
    kind: str
    severity: str
    cause: str
    advice: tuple[str, ...]
    since: datetime
    place: str
    unit: str = "l"
    rate: int | None = None
    amount: int | None = None
    cost: int | None = None
    cost_per_year: int | None = None
    count: int = 1
    link: str = ""
    recipients: tuple[Recipient, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to be kept and sent: `key` is unique, so that a repeated call tells nobody twice.

    `address` is empty where the person has no contact on any road (`missing contact` in the delivery list).
    """

    key: str
    recipient: Recipient
    channel: Channel
    address: str
    subject: str
    body: str
    not_before: datetime
    alarm_id: int | None = None
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message as a channel gets it; `reference` is the same at every attempt."""

    reference: str
    address: str
    subject: str
    body: str
    language: str = "nb"


class DeliveryError(Exception):
    """A channel could not hand over; `is_final`: trying again is no use (no such address)."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final
