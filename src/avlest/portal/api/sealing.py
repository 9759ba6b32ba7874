# SPDX-License-Identifier: Apache-2.0
"""Secrets that must be read again (webhooks' and brokers'): sealed with a key made from the installation's own secret.

AES-256-GCM; the key is HKDF-SHA-256 of Django's `SECRET_KEY`, so that a copy of the database alone opens nothing.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE: Final = 12


class SealedError(ValueError):
    """A sealed secret that this installation cannot open: its own secret has changed since."""


def _derive_key(purpose: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"avlest {purpose} 1".encode())
    return hkdf.derive(settings.SECRET_KEY.encode())


def seal(text: str, *, purpose: str) -> str:
    """Return a secret sealed for one purpose."""
    nonce = secrets.token_bytes(_NONCE)
    sealed = AESGCM(_derive_key(purpose)).encrypt(nonce, text.encode(), purpose.encode())
    return urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """Return the secret; `SealedError` where it does not open."""
    try:
        raw = urlsafe_b64decode(sealed)
        opened = AESGCM(_derive_key(purpose)).decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode())
    except (ValueError, InvalidTag) as error:
        raise SealedError("this secret cannot be opened any more: set it again") from error
    return opened.decode()
