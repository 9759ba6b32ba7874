# SPDX-License-Identifier: Apache-2.0
"""The payload of a Techem-like heat cost allocator: no records, no encryption.  Pure.

Layout as the catalogue's reader knows it (`catalogue.payloads.fhkvdataiii`): the last billing date, its allocation,
today, the present allocation, room and radiator temperature in hundredths of a degree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from avlest.telegrams.encode.columns import build_identities
from avlest.telegrams.layouts.batch import Bytes
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import SND_NR
from avlest.telegrams.wmbus.frame import build_frame

Integers = npt.NDArray[np.int64]
_IDENTITY: Final = 4  # after length, C-field and maker
_PAYLOAD: Final = 11  # after the CI
_KIND: Final = 0x11
_LENGTH: Final = 14
CI: Final = 0xA0


def encode_allocator_rows(
    link: Address, serials: Integers, clocks: npt.NDArray[np.datetime64], counts: Mapping[str, Integers]
) -> Bytes:
    """Telegrams without link-layer CRCs; `counts`: hca, hca_last, room_temperature, radiator_temperature (1/100 °C)."""
    example = build_frame(c_field=SND_NR, address=link, body=bytes((CI, _KIND)) + bytes(_LENGTH - 1))
    data = np.tile(np.frombuffer(example, np.uint8), (len(serials), 1))
    data[:, _IDENTITY : _IDENTITY + 4] = build_identities(serials)
    months = clocks.astype("datetime64[M]").astype(np.int64)
    day = (clocks.astype("datetime64[D]") - clocks.astype("datetime64[M]")).astype(np.int64) + 1
    billed = (months // 12 + 1970 - 2000 - 1) << 9 | 12 << 5 | 31
    words = (
        billed,
        counts["hca_last"],
        (months % 12 + 1) << 9 | day << 4,
        counts["hca"],
        counts["room_temperature"],
        counts["radiator_temperature"],
    )
    for number, word in enumerate(words):
        if ((word < -0x8000) | (word > 0xFFFF)).any():
            raise ValueError(f"allocator: a value of two bytes is {int(np.abs(word).max())}")
        at = _PAYLOAD + 1 + 2 * number
        data[:, at] = word & 0xFF
        data[:, at + 1] = word >> 8 & 0xFF
    return data
