# SPDX-License-Identifier: Apache-2.0
"""A log-in of a simulated municipality.  Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and password, and who that is."""

    title: str
    username: str
    password: str
    name: str
