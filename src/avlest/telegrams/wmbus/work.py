# SPDX-License-Identifier: Apache-2.0
"""The state of a telegram while its layers are taken off, and what all of them need."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NoReturn

from avlest.telegrams.mbus import WiredFrame
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.afl import Afl, FragmentAssembler
from avlest.telegrams.wmbus.ell import Ell
from avlest.telegrams.wmbus.frame import Frame
from avlest.telegrams.wmbus.parts import PLAIN
from avlest.telegrams.wmbus.transport import Transport

Keys = tuple[bytes, ...]


@dataclass(slots=True)
class Work:
    """What is known so far while the layers of one telegram are taken off."""

    frame: Frame | WiredFrame
    address: Address
    wire_address: Address
    link_address: Address
    data: bytes
    at: int
    end: int
    keys: Keys
    fragments: FragmentAssembler | None
    ell: Ell | None = None
    afl: Afl | None = None
    transport: Transport | None = None
    payload_ci: int = 0
    security: str = "none"
    state: str = PLAIN
    mac: str = "none"
    warnings: list[str] = field(default_factory=list)


def replace_clear(work: Work, start: int, clear: bytes) -> None:
    """Put deciphered bytes in the place of the encrypted ones."""
    work.data = work.data[:start] + clear + work.data[start + len(clear) :]


def fail_keys(keys: Keys, what: str) -> NoReturn:
    """Say of something encrypted that no key is known, or that none fits."""
    if keys:
        raise TelegramError(Outcome.KEY_WRONG, f"{what}: none of {len(keys)} key(s) gives a plausible plaintext")
    raise TelegramError(Outcome.KEY_MISSING, f"{what} and no key is known")


def aes_keys(work: Work) -> Keys:
    """The candidate keys that AES can use."""
    return tuple(key for key in work.keys if len(key) == security.KEY_LENGTH)
