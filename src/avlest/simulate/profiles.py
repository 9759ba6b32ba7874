# SPDX-License-Identifier: Apache-2.0
"""Sizes a municipality is asked for by name.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Profile:
    """A size: homes (everything else follows from them) and what it is for."""

    homes: int
    use: str


PROFILES: Final[dict[str, Profile]] = {
    "hamlet": Profile(50, "tests, and a first look in seconds"),
    "municipality": Profile(420, "the demonstration: about 600 meters"),
    "town": Profile(5_000, "the benchmark of what is stored"),
    "city": Profile(50_000, "an installation of its full size"),
    "million": Profile(700_000, "a million meters, streamed"),
}
"""By name, smallest first."""
DEFAULT: Final = "municipality"
