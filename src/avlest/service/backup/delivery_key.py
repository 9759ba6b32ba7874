# SPDX-License-Identifier: Apache-2.0
"""The key by which this installation delivers reports (SFTP), in a backup: sealed, as the meters' keys are.

Without it receivers would have to be given a new public key after a restore; in the clear, whoever holds a backup
could write to their servers.  AES-256-GCM with the current key of the ring, as `s1:<ring key>:<base64>`.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag

from avlest.portal.billing.reporting.roads import KEY_FILE
from avlest.project.options import ConfigError
from avlest.project.secret import read_private, write_private
from avlest.registry.keys.ring import get_key_ring
from avlest.service.errors import ServiceError

SEALED_NAME: Final = f"settings/{KEY_FILE}.sealed"
_FORM: Final = "s1"
_NONCE: Final = 12
_CONTEXT: Final = b"avlest delivery key 1"


def seal_delivery_key(data_dir: Path) -> bytes | None:
    """Return the key sealed; None where there is none yet.

    Raises `ServiceError` when it is there and there is no ring to seal it with, `ConfigError` when others may read it.
    """
    if not (data_dir / KEY_FILE).exists():
        return None
    try:
        ring = get_key_ring()
    except ConfigError as error:
        raise ServiceError(f"cannot be sealed for the backup: {error}", where=KEY_FILE) from error
    nonce = secrets.token_bytes(_NONCE)
    plain = read_private(data_dir / KEY_FILE).encode()
    body = nonce + ring.ciphers[ring.current].encrypt(nonce, plain, _CONTEXT)
    return f"{_FORM}:{ring.current}:{b64encode(body).decode()}\n".encode()


def put_delivery_key(folder: Path, data_dir: Path) -> bool:
    """Put the key of an unpacked backup in place; False where it stays sealed, because its ring key is missing."""
    sealed = folder / SEALED_NAME
    if not sealed.exists():
        return True
    try:
        form, name, body = sealed.read_text(encoding="utf-8").strip().split(":")
        cipher, raw = get_key_ring().ciphers[name], b64decode(body)
        plain = cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _CONTEXT)
    except (ConfigError, KeyError):
        return False
    except (ValueError, InvalidTag) as error:
        raise ServiceError("is not the sealed key of a backup", where=SEALED_NAME) from error
    if form != _FORM:
        raise ServiceError(f"is sealed in a form this version does not know ({form})", where=SEALED_NAME)
    write_private(data_dir / KEY_FILE, plain.decode())
    return True
