# SPDX-License-Identifier: Apache-2.0
"""Apator NA-1 water radios: one AES block behind an access number and a status byte.

The block is CBC under the meter's key; the initial vector is the one of security mode 5
with the payload's first byte as access number.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from avlest.catalogue.clear import Clear
from avlest.catalogue.lookup import translate
from avlest.catalogue.model import Lookup, Value
from avlest.catalogue.payloads.build import FILLER, require_length
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.security import BLOCK, KEY_LENGTH, decrypt_mode5, derive_mode5_iv

_BLOCK_AT = 2
_EPOCH = datetime.datetime(2000, 1, 1)  # noqa: DTZ001 - the meter's own clock, no zone known
_LITRES = (1, 10, 100, 1000)
_LONGEST_AGE = 24 * 400
_LAST_YEAR = 2080

_FRAME_STATUS = Lookup(
    "FRAME_STATUS_FLAGS",
    "bits",
    0xFF,
    (
        (0x01, "SUMMER_TIME"),
        (0x02, "HISTORICAL_INDICATION"),
        (0x04, "MAX_SPEED_EXCEEDED"),
        (0x08, "DEVICE_ACCESS_ERROR"),
        (0x10, "TWO_WAY_COM_BLOCK"),
        (0x20, "INSTALL_FRAME"),
        (0x40, "WRONG_TEMPERATURE"),
        (0x80, "SERVICE_EVENT"),
    ),
    ok="OK",
)
_ALARMS = (
    (0x80, "MINIMUM_FLOW"),
    (0x40, "MAXIMUM_FLOW"),
    (0x20, "REVERSE_FLOW"),
    (0x10, "MEASUREMENT_UNCHANGED"),
    (0x08, "LEAK"),
    (0x04, "DEVICE_DISCONNECTED"),
    (0x02, "MAGNETIC_FIELD"),
)
_CURRENT_STATUS = Lookup("CURRENT_STATUS_FLAGS", "bits", 0xFF, (*_ALARMS, (0x01, "BATTERY_LOW")), ok="OK")
_HISTORIC_STATUS = Lookup(
    "HISTORIC_STATUS_FLAGS", "bits", 0xFF, (*_ALARMS, (0x01, "BATTERY_LIFETIME_THRESHOLD_EXCEEDED")), ok="OK"
)


def derive_values(clear: Clear) -> Mapping[str, Value]:
    """Register, clock, the last history value with its age, and the three status bytes.

    Raises KEY_MISSING without a key, KEY_WRONG where no key gives a plausible clock.
    """
    block = decipher(clear)
    total, factor = read_total(block)
    clock = read_clock(block)
    age = int.from_bytes(block[9:11], "little")
    hours = (age >> 10) << 8 | age & 0xFF
    delta = int.from_bytes(block[11:14], "little") << 2 | block[10] & 0x03
    return {
        "total_m3": total / 1000,
        "meter_datetime": f"{clock:%Y-%m-%d %H:%M}",
        "historic_m3": (total - delta * factor) / 1000,
        "historic_datetime": f"{clock - datetime.timedelta(hours=hours):%Y-%m-%d %H:%M}",
        "historic_age_h": hours,
        "frame_status": _translate(_FRAME_STATUS, clear.payload[1]),
        "current_status": _translate(_CURRENT_STATUS, block[14]),
        "historic_status": _translate(_HISTORIC_STATUS, block[15]),
    }


def _translate(lookup: Lookup, value: int) -> str:
    return " ".join(sorted(translate(lookup, value).split()))


def decipher(clear: Clear) -> bytes:
    """The sixteen bytes in clear under the first key that gives a plausible clock."""
    payload = clear.payload
    require_length(payload, _BLOCK_AT + BLOCK, family="apatorna1")
    keys = [key for key in clear.keys if len(key) == KEY_LENGTH]
    if not keys:
        raise TelegramError(Outcome.KEY_MISSING, "apatorna1: the payload is encrypted and no key is known")
    iv = derive_mode5_iv(clear.address, payload[0])
    for key in keys:
        block = decrypt_mode5(key, iv, payload[_BLOCK_AT : _BLOCK_AT + BLOCK])
        if is_plausible(block):
            return block
    raise TelegramError(Outcome.KEY_WRONG, f"apatorna1: none of {len(keys)} key(s) gives a plausible payload")


def is_plausible(block: bytes) -> bool:
    """Whether a filler leads, the clock has run and the history is no older than a year or so."""
    clock = read_clock(block)
    hours = (block[10] >> 2) << 8 | block[9]
    return block[0] == FILLER and _EPOCH.year < clock.year < _LAST_YEAR and hours <= _LONGEST_AGE


def read_total(block: bytes) -> tuple[int, int]:
    """The register in litres, and how many litres one count is.

    Four bytes: low digits in bits 0-3, decimal exponent of a litre in bits 4-5, the rest above.
    """
    packed = int.from_bytes(block[1:5], "little")
    factor = _LITRES[packed >> 4 & 0x03]
    return ((packed >> 8) * 16 + (packed & 0x0F)) * factor, factor


def read_clock(block: bytes) -> datetime.datetime:
    """The meter's clock: seconds since 2000."""
    return _EPOCH + datetime.timedelta(seconds=int.from_bytes(block[5:9], "little"))
