# SPDX-License-Identifier: Apache-2.0
"""What a data record of EN 13757-3 is once its header has been read.

Everything here is plain frozen data: bytes and spans as sent, and their meaning.
Values are decoded from it by `values.decode_value`, never stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from avlest.telegrams.outcomes import TelegramError


class Function(StrEnum):
    """The function field of the DIF (EN 13757-3, 6.3): what kind of value it is."""

    INSTANT = "instant"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    ERROR = "error"


class Coding(StrEnum):
    """How the data bytes are to be read: data field of the DIF, LVAR and VIF together."""

    NONE = "none"
    INT = "int"
    UINT = "uint"
    REAL = "real"
    BCD = "bcd"
    TEXT = "text"
    BCD_VAR = "bcd_var"
    BCD_VAR_NEGATIVE = "bcd_var_negative"
    BINARY_VAR = "binary_var"
    DATE_G = "date_g"
    DATETIME_F = "datetime_f"
    DATETIME_I = "datetime_i"
    TIME_J = "time_j"
    RAW = "raw"


@dataclass(frozen=True, slots=True)
class VifMeaning:
    """What the VIF and its VIFEs say of the value.

    value in `unit` = number sent * `scale` + `offset`; both exact.
    `modifiers` are the orthogonal VIFEs in order of sending, as snake-case names;
    `text` is the plain-text VIF where there is one.
    """

    quantity: str
    unit: str
    scale: Fraction
    modifiers: tuple[str, ...]
    text: str = ""
    offset: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Record:
    """One data record: header as sent, place in the payload, and meaning.

    `key` is DIF DIFE* VIF VIFE* exactly as sent, a plain-text VIF included.
    `offset` is the first DIF byte in the payload (-1 in compact frames, whose headers
    are not sent); `data_offset` and `data_length` span the data bytes after any LVAR.
    """

    key: bytes
    offset: int
    data_offset: int
    data_length: int
    function: Function
    storage: int
    tariff: int
    subunit: int
    coding: Coding
    meaning: VifMeaning
    data: bytes


@dataclass(frozen=True, slots=True)
class Payload:
    """The application data of one telegram, split into records.

    `structure` holds half-open spans of the bytes that make the skeleton (DIF..VIFE,
    LVAR bytes, fillers, the 0F/1F marker).  Structure, record data and
    `manufacturer_data` partition the payload; after an `error` the rest is in none of them.
    """

    records: tuple[Record, ...]
    structure: tuple[tuple[int, int], ...]
    manufacturer_data: tuple[int, int] | None
    more_follows: bool
    error: TelegramError | None
