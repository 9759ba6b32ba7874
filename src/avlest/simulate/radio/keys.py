# SPDX-License-Identifier: Apache-2.0
"""The made-up keys of simulated meters: nobody's, the same for the same seed.  Pure."""

from __future__ import annotations

import hashlib


def derive_key(seed: int, manufacturer: str, serial: int) -> bytes:
    """The AES key of a simulated meter (16 bytes)."""
    return hashlib.sha256(f"avlest world {seed} {manufacturer} {serial:08d}".encode()).digest()[:16]
