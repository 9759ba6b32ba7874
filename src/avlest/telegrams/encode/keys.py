# SPDX-License-Identifier: Apache-2.0
"""Record headers from what they are to say: DIF, DIFE, VIF and VIFE (EN 13757-3:2018, 6.3 and 6.4)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from avlest.telegrams.records import vif_tables as tables
from avlest.telegrams.records.dif import DATA_FIELDS, MAX_EXTENSIONS, VARIABLE_FIELD
from avlest.telegrams.records.model import Coding, Function
from avlest.telegrams.records.vif import MANUFACTURER, PLAIN_TEXT, parse_vib

EXTENSION: Final = 0x80
_FUNCTIONS: Final = tuple(Function)
_TABLES: Final = ((b"", tables.PRIMARY), (b"\xfd", tables.FD), (b"\xfb", tables.FB), (b"\xfd\xfd", tables.FD_FD))
_VIFS: Final = tuple(
    prefix + bytes((code,)) for prefix, rows in _TABLES for row in rows for code in range(row.first, row.last + 1)
)
_VARIABLE_CODINGS: Final = frozenset(
    (Coding.TEXT, Coding.BCD_VAR, Coding.BCD_VAR_NEGATIVE, Coding.BINARY_VAR, Coding.RAW)
)
_BY_LAYOUT: Final = {
    (length, coding): field for field, (length, coding) in reversed(DATA_FIELDS.items()) if field != VARIABLE_FIELD
}


def derive_data_field(coding: Coding, length: int) -> int:
    """The data field of the DIF for a coding and a number of data bytes.

    Raises ValueError where EN 13757-3 has none.  `length` does not matter for
    variable-length codings.
    """
    if coding in _VARIABLE_CODINGS:
        return VARIABLE_FIELD
    plain = coding if coding in (Coding.REAL, Coding.BCD, Coding.NONE) else Coding.INT
    field = _BY_LAYOUT.get((length, plain))
    if field is None:
        raise ValueError(f"data_field: EN 13757-3 has no {coding.value} of {length} bytes")
    return field


def build_dib(
    *, data_field: int, function: Function = Function.INSTANT, storage: int = 0, tariff: int = 0, subunit: int = 0
) -> bytes:
    """DIF and as many DIFEs as the numbers need (EN 13757-3, 6.3.3 to 6.3.5).

    Raises ValueError naming the number that ten DIFEs cannot hold.
    """
    _check("data_field", data_field, 14)
    _check("storage", storage, (1 << 1 + 4 * MAX_EXTENSIONS) - 1)
    _check("tariff", tariff, (1 << 2 * MAX_EXTENSIONS) - 1)
    _check("subunit", subunit, (1 << MAX_EXTENSIONS) - 1)
    dif = data_field | _FUNCTIONS.index(function) << 4 | (storage & 1) << 6
    block = [dif]
    storage >>= 1
    while storage or tariff or subunit:
        block.append(storage & 0x0F | (tariff & 3) << 4 | (subunit & 1) << 6)
        storage, tariff, subunit = storage >> 4, tariff >> 2, subunit >> 1
    return chain_extensions(bytes(block))


def _check(name: str, number: int, highest: int) -> None:
    if not 0 <= number <= highest:
        raise ValueError(f"{name}: {number} is not between 0 and {highest}")


def chain_extensions(codes: bytes) -> bytes:
    """The codes with bit 7 set on every one but the last."""
    return bytes(code | EXTENSION for code in codes[:-1]) + bytes((codes[-1] & ~EXTENSION,)) if codes else b""


def build_vib(vif: bytes, *, vifes: bytes = b"", text: str = "") -> bytes:
    """VIF and VIFEs from their codes; the extension bits are put in.

    `vif` is one code, or an extension with the code behind it (`FD 17`); `text` is the
    plain-text VIF and belongs to the code 7C alone.  Raises ValueError.
    """
    if len(vif) + len(vifes) - 1 > MAX_EXTENSIONS:
        raise ValueError(f"vifes: {len(vif) + len(vifes) - 1} extension bytes; at most {MAX_EXTENSIONS}")
    is_text = len(vif) == 1 and vif[0] & ~EXTENSION == PLAIN_TEXT
    if bool(text) and not is_text:
        raise ValueError(f"text: a plain-text VIF has the code 7C, not {vif.hex().upper()}")
    if not is_text:
        return chain_extensions(vif + vifes)
    letters = text.encode("latin-1")[::-1]
    if len(letters) > 255:
        raise ValueError(f"text: {len(letters)} characters; at most 255")
    chained = chain_extensions(vif + vifes)
    return chained[:1] + bytes((len(letters),)) + letters + chained[1:]


def build_key(
    *,
    data_field: int,
    vif: bytes,
    vifes: bytes = b"",
    function: Function = Function.INSTANT,
    storage: int = 0,
    tariff: int = 0,
    subunit: int = 0,
    text: str = "",
) -> bytes:
    """A whole record header, as `Record.key` holds it.  Raises ValueError naming the part."""
    dib = build_dib(data_field=data_field, function=function, storage=storage, tariff=tariff, subunit=subunit)
    return dib + build_vib(vif, vifes=vifes, text=text)


def find_vif(quantity: str, *, unit: str = "", scale: Fraction | None = None) -> bytes:
    """A VIF that says `quantity`, in `unit` and with `scale` where they are given.

    Raises LookupError where the tables of EN 13757-3 have none.
    """
    if quantity == "manufacturer_specific":
        return bytes((MANUFACTURER,))
    for vif in _VIFS:
        meaning = parse_vib(chain_extensions(vif)).meaning
        if quantity == meaning.quantity and unit in ("", meaning.unit) and scale in (None, meaning.scale):
            return vif
    raise LookupError(f"no VIF of EN 13757-3 says {quantity!r} in {unit or 'any unit'} at scale {scale or 'any'}")


def find_vifes(modifiers: tuple[str, ...]) -> bytes:
    """The VIFE codes of modifiers as the record parser names them.  Raises LookupError."""
    codes = b""
    for number, name in enumerate(modifiers):
        if name.startswith("mfct_"):
            first = number == 0 or not modifiers[number - 1].startswith("mfct_")
            codes += (b"\x7f" if first else b"") + bytes.fromhex(name.removeprefix("mfct_"))
        else:
            codes += _find_vife(name)
    return codes


def _find_vife(name: str) -> bytes:
    if name.startswith("vife_"):
        prefix = b"\x7c" if name.startswith("vife_fc_") else b""
        return prefix + bytes.fromhex(name.rpartition("_")[2])
    for prefix, rows in ((b"", tables.COMBINABLE), (b"\x7c", tables.COMBINABLE_FC)):
        for row in rows:
            if row.name == name:
                return prefix + bytes((row.first,))
    raise LookupError(f"no VIFE of EN 13757-3 is called {name!r}")
