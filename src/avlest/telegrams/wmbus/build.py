# SPDX-License-Identifier: Apache-2.0
"""The way back: from a payload in clear to the telegram a meter would send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus import security
from avlest.telegrams.wmbus import transport as transports
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.afl import build_afl
from avlest.telegrams.wmbus.ell import CRC_LENGTH, build_ell
from avlest.telegrams.wmbus.frame import build_frame
from avlest.telegrams.wmbus.transport import build_config, build_transport

SND_NR = 0x44
CMAC_8_BYTES = 0x25  # message control: counter present, AES-CMAC of 8 bytes
MAC_LENGTH = 8
COMMUNICATION_CONTROL = 0x20  # synchronised, as most meters send
AES_CTR_SESSION = 1 << 29

Mode = Literal["none", "des", "mode5", "mode7", "ell-ctr"]


@dataclass(frozen=True, slots=True)
class Sealing:
    """How a payload is protected.

    `counter` is the AFL's message counter (mode 7), `session_number` the ELL's without
    its encryption bits ("ell-ctr").
    """

    mode: Mode = "none"
    key: bytes = b""
    counter: int = 0
    session_number: int = 0


OPEN = Sealing()


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers around a payload: link address, CI, and what the transport header says."""

    link: Address
    ci: int = 0x7A
    header: Address | None = None
    access_number: int = 0
    status: int = 0
    c_field: int = SND_NR

    @property
    def meter(self) -> Address:
        """The address that identifies the meter."""
        return self.header or self.link


def build_telegram(payload: bytes, envelope: Envelope, *, sealing: Sealing = OPEN) -> bytes:
    """A wireless telegram without link-layer CRCs (`frame.build_format_a` adds them).

    Modes 5, 7 and DES put 2F 2F before the payload and fill up to whole blocks.
    """
    body = _SEAL[sealing.mode](payload, envelope, sealing)
    return build_frame(c_field=envelope.c_field, address=envelope.link, body=body)


def _header(envelope: Envelope, mode: int, length: int, extension: int | None = None) -> bytes:
    if mode and envelope.ci in cis.NO_HEADER:
        raise TelegramError(Outcome.UNSUPPORTED_SECURITY, f"CI {envelope.ci:02X} has no header to name a security mode")
    return build_transport(
        envelope.ci,
        access_number=envelope.access_number,
        status=envelope.status,
        config=build_config(mode=mode, encrypted_length=length),
        address=envelope.header,
        extension=extension,
    )


def _seal_none(payload: bytes, envelope: Envelope, _sealing: Sealing) -> bytes:
    return _header(envelope, transports.NO_SECURITY, 0) + payload


def _partial(payload: bytes) -> tuple[bytes, bytes]:
    """What 15 blocks can hold, and the rest, which stays in clear."""
    padded = security.pad_plaintext(payload)
    most = 15 * security.BLOCK
    return padded[:most], padded[most:]


def _seal_mode5(payload: bytes, envelope: Envelope, sealing: Sealing) -> bytes:
    secret, rest = _partial(payload)
    iv = security.derive_mode5_iv(envelope.meter, envelope.access_number)
    header = _header(envelope, transports.AES_CBC_IV, len(secret))
    return header + security.encrypt_mode5(sealing.key, iv, secret) + rest


def _seal_des(payload: bytes, envelope: Envelope, sealing: Sealing) -> bytes:
    padded = security.pad_plaintext(payload)
    secret, rest = padded[:240], padded[240:]
    header = _header(envelope, transports.DES_ZERO_IV, len(secret))
    return header + security.encrypt_des(sealing.key, bytes(security.DES_BLOCK), secret) + rest


def _seal_mode7(payload: bytes, envelope: Envelope, sealing: Sealing) -> bytes:
    secret, rest = _partial(payload)
    identity, counter = envelope.meter.identity, sealing.counter
    header = _header(envelope, transports.AES_CBC_DERIVED_KEY, len(secret), transports.DERIVED_BY_COUNTER)
    message = header + security.encrypt_mode7(sealing.key, secret, counter=counter, identity=identity) + rest
    prefix = bytes((CMAC_8_BYTES,)) + counter.to_bytes(4, "little")
    mac = security.compute_mac(sealing.key, prefix + message, counter=counter, identity=identity, length=MAC_LENGTH)
    afl = build_afl(message_control=CMAC_8_BYTES, counter=counter, mac=mac)
    return build_ell(afl + message, communication_control=COMMUNICATION_CONTROL, access_number=envelope.access_number)


def _seal_ell(payload: bytes, envelope: Envelope, sealing: Sealing) -> bytes:
    session = sealing.session_number & AES_CTR_SESSION - 1 | AES_CTR_SESSION
    message = _header(envelope, transports.NO_SECURITY, 0) + payload
    clear = build_ell(
        message,
        communication_control=COMMUNICATION_CONTROL,
        access_number=envelope.access_number,
        session_number=session,
    )
    head = len(clear) - len(message) - CRC_LENGTH
    iv = security.derive_ell_iv(envelope.link, COMMUNICATION_CONTROL, session)
    return clear[:head] + security.encrypt_ell_ctr(sealing.key, iv, clear[head:])


_SEAL = {"none": _seal_none, "mode5": _seal_mode5, "mode7": _seal_mode7, "des": _seal_des, "ell-ctr": _seal_ell}
