# SPDX-License-Identifier: Apache-2.0
"""What can come of a telegram: one code for each way it may end.

A malformed telegram is an outcome with a code, never an exception that stops a batch
(house plan, invariant 2).  Inside one telegram the layers raise `TelegramError`; the
batch catches it and keeps the code, the sentence and the telegram.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """How decoding one telegram ended; the value is the code printed in `error`."""

    OK = "ok"
    EMPTY = "empty"
    NOT_HEX = "not_hex"
    BAD_JSON = "bad_json"
    BAD_KEY = "bad_key"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    BAD_LENGTH = "bad_length"
    BAD_CHECKSUM = "bad_checksum"
    LINK_CRC = "link_crc"
    UNKNOWN_CI = "unknown_ci"
    NO_DATA = "no_data"
    KEY_MISSING = "key_missing"
    KEY_WRONG = "key_wrong"
    MAC_WRONG = "mac_wrong"
    UNSUPPORTED_SECURITY = "unsupported_security"
    FRAGMENT_MISSING = "fragment_missing"
    UNKNOWN_FORMAT = "unknown_format"
    BAD_RECORDS = "bad_records"
    BAD_PAYLOAD = "bad_payload"
    CODEC_FAILED = "codec_failed"
    CODEC_MISSING = "codec_missing"


DESCRIPTIONS: dict[Outcome, str] = {
    Outcome.OK: "Decoded.",
    Outcome.EMPTY: "The line or telegram holds no bytes.",
    Outcome.NOT_HEX: "The text is not hexadecimal, or has an odd number of digits.",
    Outcome.BAD_JSON: "The line starts as JSON but is not a valid object with a telegram.",
    Outcome.BAD_KEY: "A key was given that is not 16 bytes (8 for DES) of hexadecimal.",
    Outcome.TOO_SHORT: "The telegram ends inside a header.",
    Outcome.TOO_LONG: "The telegram is longer than any frame of its kind can be.",
    Outcome.BAD_LENGTH: "The length field does not agree with the number of bytes.",
    Outcome.BAD_CHECKSUM: "The checksum of a wired M-Bus frame is wrong.",
    Outcome.LINK_CRC: "A link-layer block fails its CRC: the radio heard it wrongly.",
    Outcome.UNKNOWN_CI: "The CI field names no layer or payload that can be read.",
    Outcome.NO_DATA: "The frame is whole but carries no meter data (acknowledge, request, command).",
    Outcome.KEY_MISSING: "The payload is encrypted and no key is known for the meter.",
    Outcome.KEY_WRONG: "None of the known keys gives a plausible plaintext.",
    Outcome.MAC_WRONG: "The message authentication code does not fit the key.",
    Outcome.UNSUPPORTED_SECURITY: "The security mode is reserved or needs something not supported.",
    Outcome.FRAGMENT_MISSING: "The message is one fragment of several and the others are missing.",
    Outcome.UNKNOWN_FORMAT: "A compact frame whose format signature has not been seen in full yet.",
    Outcome.BAD_RECORDS: "The data records break off or are malformed before the first reading.",
    Outcome.BAD_PAYLOAD: "A manufacturer's own payload does not have the shape its family has.",
    Outcome.CODEC_FAILED: "A LoRaWAN codec threw, exceeded a limit or answered with something that is no reading.",
    Outcome.CODEC_MISSING: "No profile or codec says how uplinks of this LoRaWAN device are read.",
}


class TelegramError(ValueError):
    """One telegram (or layer of it) cannot be read.

    `outcome` is the code, `detail` a sentence that says what was wrong and what was
    expected, `offset` the byte in the layer's input where known.
    """

    def __init__(self, outcome: Outcome, detail: str, *, offset: int | None = None) -> None:
        super().__init__(f"{outcome.value}: {detail}")
        self.outcome = outcome
        self.detail = detail
        self.offset = offset
