# SPDX-License-Identifier: Apache-2.0
"""What every payment file comes down to: incoming payments, and what was wrong with the rest of the file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingPayment:
    """One amount that came in on an account.  `amount` is øre, negative for a return.

    `reference` is unique to the payment at the bank: the same file, or the same payment in another file, is known by
    it.  `kid` is text as sent, empty where there is none.
    """

    reference: str
    account: str
    amount: int
    paid_on: date
    booked_on: date
    kid: str = ""
    payer: str = ""
    payer_account: str = ""
    text: str = ""
    place: str = ""
    """Where in the file it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """What cannot be used: `place` (line or element), what was found and what is expected."""

    place: str
    code: str
    detail: str

    def __str__(self) -> str:
        return f"{self.place}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFileContent:
    """What a file holds.  `is_complete` is False when its own sums or counts do not agree with its payments."""

    format: str
    identity: str
    """What tells this file from others: its own number, and the sender's."""
    payments: tuple[IncomingPayment, ...]
    problems: tuple[FileProblem, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing in the file was wrong."""
        return not self.problems


class PaymentFileError(ValueError):
    """Not a payment file at all; the text says what was expected."""
