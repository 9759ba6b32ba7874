# SPDX-License-Identifier: Apache-2.0
"""Handing a message over: e-mail by SMTP, SMS by an HTTP gateway, push by the browser's maker."""

from __future__ import annotations

import json
import smtplib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from django.core.mail import EmailMessage

from avlest.insight.notify.contracts import Channel, DeliveryError, Outgoing
from avlest.insight.notify.options import NotifyOptions

_SECONDS: Final = 20
_NO_SUCH_ADDRESS: Final = range(500, 600)
_GONE: Final = (404, 410)


class Sender(Protocol):
    """A road: `send` returns when the message was taken, and raises `DeliveryError` where it was not."""

    def send(self, message: Outgoing) -> None:
        """Hand one message over."""


class EmailSender:
    """By Django's e-mail settings, which come from `[mail]`."""

    def send(self, message: Outgoing) -> None:
        """Hand over one e-mail; a repeated attempt carries the same Message-ID."""
        headers = {"Message-ID": f"<{message.reference}@avlest>", "Auto-Submitted": "auto-generated"}
        mail = EmailMessage(message.subject, message.body, to=[message.address], headers=headers)
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise DeliveryError(f"{code} {_decode(text)}", is_final=code in _NO_SUCH_ADDRESS) from error
        except smtplib.SMTPResponseException as error:
            reason = f"{error.smtp_code} {_decode(error.smtp_error)}"
            raise DeliveryError(reason) from error
        except ValueError as error:  # Django refuses a line break in subject or address
            raise DeliveryError(str(error), is_final=True) from error
        except (OSError, smtplib.SMTPException) as error:
            raise DeliveryError(str(error) or type(error).__name__) from error


class SmsSender:
    """By an HTTP gateway, as `[insight]` describes it."""

    def __init__(self, options: NotifyOptions) -> None:
        self._options = options

    def send(self, message: Outgoing) -> None:
        """Hand over one text message; the gateway gets the same `{id}` at every attempt."""
        values = {
            "to": message.address,
            "text": message.body,
            "sender": self._options.sms_sender,
            "id": message.reference,
        }
        fields = dict(item.split("=", 1) for item in self._options.sms_fields)
        filled = {name: _fill(value, values) for name, value in fields.items()}
        headers = dict(item.split(":", 1) for item in self._options.sms_headers)
        _post(self._options.sms_url, filled, headers, as_form=self._options.sms_format == "form")


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    """Fill `{to}` and the like in, in one pass: braces in a message's own text stay as they are."""
    if pattern.startswith("{") and pattern[1:-1] in values:
        return values[pattern[1:-1]]
    return pattern.format_map(values)


def _post(url: str, fields: Mapping[str, str], headers: Mapping[str, str], *, as_form: bool) -> None:
    if not url.startswith(("http://", "https://")):
        raise DeliveryError("no SMS gateway: set sms_url in [insight]")
    body = urllib.parse.urlencode(fields) if as_form else json.dumps(fields)
    kind = "application/x-www-form-urlencoded" if as_form else "application/json"
    named = {"Content-Type": kind, **{name.strip(): value.strip() for name, value in headers.items()}}
    request = urllib.request.Request(url, body.encode(), named, method="POST")  # noqa: S310 - http or https, see above
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        answer = error.read(300).decode("utf-8", "replace")
        # 400 and 422 are about the message itself; 401, 404 or 429 are about us, and may be put right.
        raise DeliveryError(f"HTTP {error.code}: {answer}", is_final=error.code in (400, 422)) from error
    except OSError as error:
        raise DeliveryError(str(getattr(error, "reason", error)) or type(error).__name__) from error


Subscriptions = Callable[[str], list[dict[str, Any]]]


class PushSender:
    """By web push to every browser of a person; one that is gone is forgotten."""

    def __init__(self, *, key_file: Path, contact: str, find: Subscriptions, forget: Callable[[str], None]) -> None:
        self._key_file, self._contact, self._find, self._forget = key_file, contact, find, forget

    def send(self, message: Outgoing) -> None:
        """Push to the browsers; taken when one of them took it."""
        from pywebpush import WebPushException, webpush

        payload = json.dumps({"title": message.subject, "url": message.body})
        taken, reason = 0, "no browser"
        for subscription in self._find(message.address):
            try:
                webpush(
                    subscription, payload, vapid_private_key=str(self._key_file),
                    vapid_claims={"sub": f"mailto:{self._contact}"}, timeout=_SECONDS, ttl=86_400,
                )  # fmt: skip
                taken += 1
            except WebPushException as error:
                if error.response is not None and error.response.status_code in _GONE:
                    self._forget(subscription["endpoint"])
                reason = str(error)
            except OSError as error:
                reason = str(error)
        if not taken:
            raise DeliveryError(reason, is_final=reason == "no browser")


def make_push_key(file: Path) -> str:
    """Make the key pair that signs pushes where there is none; return the public key as browsers want it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from py_vapid import Vapid02, b64urlencode

    if not file.exists():
        vapid = Vapid02()
        vapid.generate_keys()
        file.touch(mode=0o600)
        vapid.save_key(str(file))
    public = Vapid02.from_file(str(file)).public_key
    return str(b64urlencode(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)))


def _decode(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


Senders = Mapping[Channel, Sender]
