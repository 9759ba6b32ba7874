# SPDX-License-Identifier: Apache-2.0
"""One POST to an address that somebody else chose: to where it was checked to lead, no further, and not for long."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, urlsplit

from avlest.portal.api.guard import TargetError, find_target
from avlest.portal.api.webhooks.contracts import WebhookError
from avlest.portal.options import get_options

_SECONDS: Final = 10.0
_ANSWER: Final = 1000
_PORTS: Final = {"https": 443, "http": 80}


class SendingError(OSError):
    """A message that did not arrive."""


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was found before; TLS asks for the name all the same."""

    def __init__(self, host: str, port: int, address: str, *, tls: bool) -> None:
        super().__init__(host, port, timeout=_SECONDS)
        self._address = address
        self._tls = tls

    def connect(self) -> None:
        """Connect to the address, not to whatever the name means now."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = plain
        if self._tls:
            try:
                self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)
            except OSError:
                plain.close()
                raise


def parse_url(url: str) -> SplitResult:
    """Return a checked address; `WebhookError` says what is wrong with it."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise WebhookError("url", "url", "expected an address such as https://example.no/avlest") from error
    if parts.scheme not in _PORTS or not parts.hostname or not url.isascii() or any(c <= " " for c in url):
        raise WebhookError("url", "url", "expected an address such as https://example.no/avlest")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise WebhookError("url", "url", "expected an address without user name, password and fragment")
    private = {each.lower() for each in get_options().private_hosts}
    if parts.scheme == "http" and parts.hostname.lower() not in private:
        raise WebhookError("url", "https", "expected https")
    return parts._replace(netloc=_write_place(parts.hostname, port))


def _write_place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def send(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post and return the status of the answer; no redirect is followed, and of the answer only its status is read.

    Raises `SendingError` where nobody answered, `TargetError` and `WebhookError` for an address that is not to be used.
    """
    parts = parse_url(url)
    host, port = parts.hostname or "", parts.port or 0
    connection = _Pinned(host, port, find_target(host, port), tls=parts.scheme == "https")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read(_ANSWER)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SendingError((getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]) from error
    finally:
        connection.close()
    return answer.status


__all__ = ["SendingError", "TargetError", "parse_url", "send"]
