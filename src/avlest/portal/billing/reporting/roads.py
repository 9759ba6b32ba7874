# SPDX-License-Identifier: Apache-2.0
"""Handing a report over: by e-mail, or by SFTP with a key of this installation to a server whose key is known."""

from __future__ import annotations

import asyncio
import dataclasses
import smtplib
from pathlib import Path
from typing import Any, Final

import asyncssh
from django.conf import settings
from django.core.mail import EmailMessage

_SECONDS: Final = 30
KEY_FILE: Final = "sftp_key"
"""In the data directory; in a backup it is sealed (`service.backup.delivery_key`)."""


class DeliveryError(Exception):
    """A report that was not taken; the text says why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a report goes by SFTP; `host_key` is the server's public key as one line."""

    host: str
    port: int
    username: str
    folder: str
    host_key: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A file to hand over; `reference` is the same at every attempt."""

    filename: str
    content: bytes = dataclasses.field(repr=False)
    media_type: str
    subject: str
    text: str
    reference: str


def send_by_email(parcel: Parcel, addresses: list[str]) -> None:
    """Send one e-mail with the file to all addresses; `DeliveryError` where it was not taken."""
    headers = {"Message-ID": f"<{parcel.reference}@avlest>", "Auto-Submitted": "auto-generated"}
    mail = EmailMessage(parcel.subject, parcel.text, to=addresses, headers=headers)
    mail.attach(parcel.filename, parcel.content, parcel.media_type)
    try:
        mail.send()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise DeliveryError(f"{type(error).__name__}: {error}") from error


def send_by_sftp(parcel: Parcel, server: Server, *, key_file: Path | None = None) -> None:
    """Put the file in the folder: under another name first, so that nobody reads half a file."""
    key = get_key(key_file or Path(settings.DATA_DIR) / KEY_FILE)
    try:
        asyncio.run(asyncio.wait_for(_put(parcel, server, key), _SECONDS))
    except asyncssh.HostKeyNotVerifiable as error:
        raise DeliveryError(f"the server has another key than the one given: {error}") from error
    except asyncssh.PermissionDenied as error:
        raise DeliveryError(f"the server does not take our key for {server.username}: {error}") from error
    except (OSError, asyncssh.Error, TimeoutError, ValueError) as error:
        raise DeliveryError(f"{type(error).__name__}: {error}") from error


async def _put(parcel: Parcel, server: Server, key: Any) -> None:
    trusted: Any = ([asyncssh.import_public_key(server.host_key)], [], [])
    connection = asyncssh.connect(
        server.host, server.port, username=server.username, client_keys=[key], known_hosts=trusted, config=None,
        agent_path=None, connect_timeout=_SECONDS,
    )  # fmt: skip
    folder = server.folder.rstrip("/")
    target = f"{folder}/{parcel.filename}" if server.folder else parcel.filename
    partial = f"{target}.part"
    async with connection as session, session.start_sftp_client() as sftp:
        async with sftp.open(partial, "wb") as file:
            await file.write(parcel.content)
        await _replace(sftp, partial, target)


async def _replace(sftp: Any, partial: str, target: str) -> None:
    """Give the file its name; a server without OpenSSH's extension needs the old one gone first."""
    try:
        await sftp.posix_rename(partial, target)
    except asyncssh.SFTPOpUnsupported:
        if await sftp.exists(target):
            await sftp.remove(target)
        await sftp.rename(partial, target)


def get_key(file: Path) -> Any:
    """Return the private key of this installation, made (readable by nobody else) when there is none."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_bytes(asyncssh.generate_private_key("ssh-ed25519", comment="avlest").export_private_key())
    return asyncssh.read_private_key(str(file))


def get_public_key() -> str:
    """Return the public key that receivers must know, as one line."""
    key = get_key(Path(settings.DATA_DIR) / KEY_FILE)
    return str(key.export_public_key().decode().strip())


def is_public_key(text: str) -> bool:
    """Whether a line is a server's public key."""
    try:
        asyncssh.import_public_key(text)
    except (asyncssh.KeyImportError, ValueError):
        return False
    return True
