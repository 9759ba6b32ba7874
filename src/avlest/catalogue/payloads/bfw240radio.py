# SPDX-License-Identifier: Apache-2.0
"""BFW 240 radio heat cost allocators: two values, eighteen months and the date.

Numbers are sent most significant byte first; two months share three bytes: low byte of
the older, the two high nibbles, low byte of the newer.
"""

from __future__ import annotations

from avlest.catalogue.clear import Clear
from avlest.catalogue.payloads.build import build_payload, build_record, format_date, read_bcd
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.records.model import Payload

_LENGTH = 40
_PREVIOUS, _CURRENT, _HISTORY, _DATE = (4, 6), (6, 8), 10, (37, 40)
_PAIRS = 9


def parse_payload(clear: Clear) -> Payload:
    """Previous and present period, nine pairs of months (oldest first) and the device's date.

    Raises BAD_PAYLOAD where the payload has another length than the 40 bytes of the format.
    """
    payload = clear.payload
    if len(payload) != _LENGTH:
        raise TelegramError(
            Outcome.BAD_PAYLOAD, f"bfw240radio: the payload has {len(payload)} bytes, {_LENGTH} are expected"
        )
    starts = range(_HISTORY, _HISTORY + 3 * _PAIRS, 3)
    pairs = [build_record(payload, (start, start + 3), key="03FF20") for start in starts]
    return build_payload(
        [
            build_record(payload, _PREVIOUS, key="42FF6E"),
            build_record(payload, _CURRENT, key="02FF6E"),
            *pairs,
            build_record(payload, _DATE, key="03FF6C"),
        ]
    )


def compute_number(data: bytes) -> int:
    """A number with its most significant byte first."""
    return int.from_bytes(data, "big")


def compute_older(data: bytes) -> int:
    """The older month of a pair."""
    return (data[1] >> 4) << 8 | data[0]


def compute_newer(data: bytes) -> int:
    """The newer month of a pair."""
    return (data[1] & 0x0F) << 8 | data[2]


def format_day(data: bytes) -> str | None:
    """Day, month and year in BCD."""
    day, month, year = (read_bcd(byte) for byte in data)
    return format_date(2000 + year, month, day)
