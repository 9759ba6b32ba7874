# SPDX-License-Identifier: Apache-2.0
"""What a write may be refused for: a code for programs, a sentence for people.  Pure."""

from __future__ import annotations

from enum import StrEnum


class Problem(StrEnum):
    """Why a write was refused."""

    INVALID = "invalid"
    OVERLAP = "overlap"
    LOOP = "loop"
    OTHER_ORGANISATION = "other_organisation"
    ENDED = "ended"
    COLLISION = "collision"
    BAD_FILE = "bad_file"
    SAME_PERSON = "same_person"
    PASSWORD = "password"  # noqa: S105  a code, not a secret


class RegistryError(ValueError):
    """A write that was refused; nothing of it was kept."""

    def __init__(self, problem: Problem, detail: str) -> None:
        super().__init__(detail)
        self.problem = problem
        self.detail = detail
