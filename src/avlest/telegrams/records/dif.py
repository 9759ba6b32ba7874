# SPDX-License-Identifier: Apache-2.0
"""Data information block: DIF and DIFEs (EN 13757-3:2018, 6.3)."""

from __future__ import annotations

from typing import Final, NamedTuple

from avlest.telegrams.records.model import Coding, Function

MAX_EXTENSIONS: Final = 10
"""At most ten DIFEs and ten VIFEs follow their first byte (EN 13757-3, 6.3.4 and 6.4.3)."""

MANUFACTURER_DATA: Final = 0x0F
MORE_FOLLOWS: Final = 0x1F
IDLE_FILLER: Final = 0x2F
GLOBAL_READOUT: Final = 0x7F

VARIABLE_FIELD: Final = 0x0D
"""Data field of the DIF for data whose length an LVAR byte says."""

VARIABLE: Final = -1
"""Data length standing for "an LVAR byte says it"."""

# Data field of the DIF -> bytes of data, and how they are coded before the VIF has a say.
DATA_FIELDS: Final[dict[int, tuple[int, Coding]]] = {
    0x0: (0, Coding.NONE),
    0x1: (1, Coding.INT),
    0x2: (2, Coding.INT),
    0x3: (3, Coding.INT),
    0x4: (4, Coding.INT),
    0x5: (4, Coding.REAL),
    0x6: (6, Coding.INT),
    0x7: (8, Coding.INT),
    0x8: (0, Coding.NONE),  # selection for readout: a request carries no data
    0x9: (1, Coding.BCD),
    0xA: (2, Coding.BCD),
    0xB: (3, Coding.BCD),
    0xC: (4, Coding.BCD),
    VARIABLE_FIELD: (VARIABLE, Coding.TEXT),
    0xE: (6, Coding.BCD),
}

_FUNCTIONS: Final = (Function.INSTANT, Function.MAXIMUM, Function.MINIMUM, Function.ERROR)


class Dib(NamedTuple):
    """A decoded data information block; `length` is `VARIABLE` for LVAR data."""

    length: int
    coding: Coding
    function: Function
    storage: int
    tariff: int
    subunit: int


def parse_dib(dib: bytes) -> Dib:
    """The DIF and its DIFEs (one to eleven bytes, DIF not a special function).

    Storage, tariff and subunit numbers grow by 4, 2 and 1 bits with every DIFE; the
    lowest storage bit is in the DIF itself (EN 13757-3, 6.3.3 to 6.3.5).
    """
    dif = dib[0]
    length, coding = DATA_FIELDS[dif & 0x0F]
    storage, tariff, subunit = dif >> 6 & 1, 0, 0
    for index, dife in enumerate(dib[1:]):
        storage |= (dife & 0x0F) << (1 + 4 * index)
        tariff |= (dife >> 4 & 0x03) << (2 * index)
        subunit |= (dife >> 6 & 0x01) << index
    return Dib(length, coding, _FUNCTIONS[dif >> 4 & 0x03], storage, tariff, subunit)
