# SPDX-License-Identifier: Apache-2.0
"""From whatever frames an adapter hands over to the data-notification inside.

Accepted: HDLC frames (one, or all segments of a message), wired M-Bus long frames, a
bare LLC PDU (E6 E7 00 …) and a bare APDU (0F …).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from avlest.telegrams.han import hdlc, mbus
from avlest.telegrams.outcomes import Outcome, TelegramError

DATA_NOTIFICATION: Final = 0x0F
_LLC: Final = (b"\xe6\xe7\x00", b"\xe6\xe6\x00")
_CIPHERED: Final = frozenset({0xDB, 0xDC, 0xDD, 0xDF, 0xCB, 0xCF})
_DATE_TIME: Final = 12


@dataclass(frozen=True, slots=True)
class Notification:
    """A data-notification: date-time as sent (12 bytes or none), A-XDR body from `offset`."""

    invoke_id: int
    date_time: bytes
    apdu: bytes
    offset: int


def extract_apdu(data: bytes) -> bytes:
    """The APDU inside `data`, framing checked and taken off.

    Raises `TelegramError` with what was wrong: EMPTY, UNKNOWN_CI, or whatever the
    framing found (TOO_SHORT, BAD_LENGTH, LINK_CRC, BAD_CHECKSUM, FRAGMENT_MISSING …).
    """
    if not data:
        raise TelegramError(Outcome.EMPTY, "the payload holds no bytes")
    first = data[0]
    if first == hdlc.FLAG:
        return _strip_llc(hdlc.join_segments(b"\x7e" + data.lstrip(b"\x7e")))
    if first == mbus.START:
        return _strip_llc(mbus.join_segments(data))
    if first & 0xF0 == 0xA0:  # an adapter that takes the flags off
        return _strip_llc(hdlc.join_segments(b"\x7e" + data + b"\x7e"))
    return _strip_llc(data)


def parse_notification(apdu: bytes) -> Notification:
    """Read the header of a data-notification (IEC 62056-5-3).

    The date-time is an octet string without type byte; some firmware sends the type
    byte 09 nevertheless.
    """
    tag = apdu[0] if apdu else -1
    if tag in _CIPHERED:
        raise TelegramError(Outcome.UNSUPPORTED_SECURITY, f"the APDU is ciphered (tag {tag:02X})", offset=0)
    if tag != DATA_NOTIFICATION:
        raise TelegramError(
            Outcome.UNKNOWN_CI,
            f"APDU starts with {apdu[:1].hex().upper() or 'nothing'}, expected a data-notification 0F",
            offset=0,
        )
    at = 6 if apdu[5:7] == b"\x09\x0c" else 5
    length = apdu[at] if at < len(apdu) else -1
    if length not in (0, _DATE_TIME):
        _reject_date_time(apdu, length)
    body = at + 1 + length
    if len(apdu) <= body:
        raise TelegramError(Outcome.TOO_SHORT, "the APDU ends before its body", offset=len(apdu))
    return Notification(int.from_bytes(apdu[1:5], "big"), apdu[at + 1 : body], apdu, body)


def _reject_date_time(apdu: bytes, length: int) -> None:
    if length < 0:
        raise TelegramError(Outcome.TOO_SHORT, "the APDU ends inside its header", offset=len(apdu))
    raise TelegramError(Outcome.BAD_RECORDS, f"date-time of {length} bytes, expected 0 or 12", offset=5)


def _strip_llc(pdu: bytes) -> bytes:
    if pdu.startswith(_LLC):
        return pdu[3:]
    first = pdu[:1]
    if first == b"\x0f" or (first and first[0] in _CIPHERED):
        return pdu
    raise TelegramError(
        Outcome.UNKNOWN_CI,
        f"starts with {pdu[:3].hex(' ').upper() or 'nothing'}; expected HDLC (7E), M-Bus (68), "
        "LLC (E6 E7 00) or a data-notification (0F)",
        offset=0,
    )
