# SPDX-License-Identifier: Apache-2.0
"""Sealing a meter's AES key: AES-256-GCM with the meter's number as associated data.  Pure.

A sealed key is the text `s1:<ring key id>:<base64 of nonce and ciphertext>`.  Copied to
another meter's row it does not open; the id says which key of the ring opens it.
"""

from __future__ import annotations

import dataclasses
import secrets
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_FORMAT = "s1"
_NONCE = 12
_CONTEXT = b"avlest meter key 1:"
RING_KEY_BYTES = 32


class SealError(ValueError):
    """A sealed key that cannot be opened; the message never holds key material."""


class SecretKey(bytes):
    """Key bytes that do not print themselves."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the length only."""
        return f"SecretKey({len(self)} bytes)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Return the length only, whatever the format."""
        return repr(self)


class SealedKey(str):
    """The sealed text of one key; its `repr` shows which ring key, not the ciphertext."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the ring key's id only."""
        return f"SealedKey(ring key {self.ring_key_id})"

    @property
    def ring_key_id(self) -> str:
        """The id of the ring key that opens this."""
        return self.split(":", 2)[1] if self.count(":") == 2 else "?"


@dataclasses.dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that seal and open: one is `current`, older ones still open."""

    current: str
    ciphers: Mapping[str, AESGCM] = dataclasses.field(repr=False)

    def seal(self, key: bytes, *, meter_id: int) -> SealedKey:
        """Return `key` (16 bytes) sealed for the meter with number `meter_id`."""
        nonce = secrets.token_bytes(_NONCE)
        cipher = self.ciphers[self.current]
        body = nonce + cipher.encrypt(nonce, key, _CONTEXT + b"%d" % meter_id)
        return SealedKey(f"{_FORMAT}:{self.current}:{b64encode(body).decode()}")

    def open(self, sealed: str, *, meter_id: int) -> SecretKey:
        """Return the key sealed in `sealed` for `meter_id`; raise `SealError` saying why not."""
        try:
            form, ring_key_id, body = sealed.split(":", 2)
            cipher = self.ciphers[ring_key_id]
            raw = b64decode(body)
            plain = cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _CONTEXT + b"%d" % meter_id)
        except KeyError as error:
            raise SealError(f"sealed with ring key {ring_key_id}, which is not in the ring") from error
        except InvalidTag as error:
            raise SealError("it was altered, or sealed for another meter") from error
        except (ValueError, BadBase64) as error:
            raise SealError("it is not in the form of a sealed key") from error
        if form != _FORMAT:
            raise SealError(f"unknown form {form!r}")
        return SecretKey(plain)


def make_ring_key() -> tuple[str, bytes]:
    """Return a new random ring key and its id (eight hexadecimal digits)."""
    return secrets.token_hex(4), secrets.token_bytes(RING_KEY_BYTES)


def build_ring(keys: Mapping[str, bytes], *, current: str) -> KeyRing:
    """Return the ring of `keys`; raise `ValueError` when `current` is missing or a size is wrong."""
    for name, key in keys.items():
        if len(key) != RING_KEY_BYTES:
            raise ValueError(f"ring key {name} has {len(key)} bytes, expected {RING_KEY_BYTES}")
    if current not in keys:
        raise ValueError(f"the current ring key {current} is not in the ring")
    return KeyRing(current=current, ciphers={name: AESGCM(key) for name, key in keys.items()})
