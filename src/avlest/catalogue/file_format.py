# SPDX-License-Identifier: Apache-2.0
"""What each key of a catalogue file means; the reference page is written from this.

`load` reads the keys; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableFormat:
    """One TOML table of a catalogue file: its heading, what it is for, its keys."""

    title: str
    text: str
    keys: Mapping[str, str]


FAMILY = TableFormat(
    title="The file",
    text="One file is one family: meters that say the same things in the same way.",
    keys={
        "family": "Name of the family, lower case; printed as `meter`.",
        "title": "Maker and product names, for people.",
        "source": "Where the facts come from: standard, maker's document, public decoder.",
        "meters": "Models as `MANUFACTURER:VERSION:TYPE`, such as `KAM:1b:16`: three letters, then version and "
        "device type in hexadecimal as the telegram carries them; `*` stands for any.",
        "media": "Word printed as `media` when the device type in the telegram says it wrongly.",
        "payload": "Name of the Python reader for a payload that is not made of standard records.",
        "like": "Name of another family whose fields, payload reader and transport bits this one has too.",
        "when": "What a telegram must hold besides, for families that share a model; see below.",
        "transport_bits": "Names for the maker's three bits (mask 0xE0) of the transport header's status byte; a "
        "lookup table.",
        "compact_formats": "DIF/VIF strings, hexadecimal, of the compact frames (CI 79) the meters send.",
        "use": "Names of fields in the shared file, taken over as they are.",
        "field": "The fields, in the order they are printed; an array of tables.",
        "example": "Telegrams with the object they must give; an array of tables that `avlest catalogue test` runs.",
    },
)

WHEN = TableFormat(
    title="when",
    text="All of these must hold.",
    keys={
        "ci": "CI fields of the payload, hexadecimal, one of which must be there.",
        "has": "Record keys (DIF/VIF bytes, hexadecimal) that must all be there.",
        "lacks": "Record keys none of which may be there.",
    },
)

FIELD = TableFormat(
    title="[[field]]",
    text="One printed value. The last part of the name says the unit (`total_m3`) or that it is a `date` or "
    "`datetime`; the value is converted to it. Two fields of one name are alternatives: the one whose record is "
    "there is printed.",
    keys={
        "name": "Name as printed. `{storage}`, `{tariff}`, `{subunit}`, `{nth}` and sums such as `{storage-1}` are "
        "replaced by the record's numbers.",
        "from": "Which record the value is read from; see below.",
        "as": "Makes it text, in the form: `auto`, `ascii`, `ascii_reversed`, `hex`, `hex_reversed`, `digits`, `date`, "
        "`datetime`.",
        "raw": "`true`: the number as sent, without the scale of the VIF.",
        "unsigned": "`true`: an integer as sent has no sign.",
        "scale": 'Factor on top, a number or a fraction such as `"1/10"`.',
        "mask": "Bits of the number as sent that count, moved down to the low end.",
        "compute": "Function of a payload reader (`module.function`) that makes the value of the record's bytes, "
        "where no coding of EN 13757-3 fits.",
        "required": "`true`: printed as null (or as the lookup's `ok`) when the telegram does not hold it.",
        "hidden": "`true`: not printed, but formulas and the status may use it.",
        "lookup": "Names for bits, codes or digits; an array of tables.",
        "status": "`true`: this is the status, which gathers its own lookup and what is sent into it. `OK` when "
        "nothing is set.",
        "transport_status": "`true`: the status byte of the transport header goes into this status.",
        "into_status": "`true`: the names found here go into the status too.",
        "formula": "Sum, difference, product, quotient of other fields by name, such as `total_m3 + "
        "total_backward_m3`.",
    },
)

SELECT = TableFormat(
    title="from",
    text='Which record: either by its bytes (`key`) or by what it means. A number may be `[low, high]` or `"any"`.',
    keys={
        "key": "The DIF, DIFE, VIF and VIFE bytes exactly as sent, hexadecimal.",
        "vif": "Quantity, or a list of them, as in the record tables.",
        "unit": "Unit of the VIF, or a list of them.",
        "function": "`instant` (default), `maximum`, `minimum`, `error` or `any`.",
        "storage": "Storage number; 0 by default.",
        "tariff": "Tariff; 0 by default.",
        "subunit": "Subunit; 0 by default.",
        "with": 'Names of exactly the combinable VIFEs the record has; none by default, `"any"` for whatever it has.',
        "nth": "Which of several that fit, from 1; the first by default.",
    },
)

LOOKUP = TableFormat(
    title="[[field.lookup]]",
    text="Turns a number into names. A bit of the mask that is set and has no name is printed as the lookup's name "
    "and the bits in hexadecimal, so that nothing vanishes.",
    keys={
        "name": "Printed before unnamed bits and codes.",
        "kind": "`bits` (default): each set bit; `index`: the whole value is a code; `decimal`: each decimal digit.",
        "mask": "Bits that count; all by default.",
        "names": "Bit, code or decimal weight (`0x04`, `16`) → name.",
        "unset": "Bit → name printed when the bit is zero.",
        "ok": "Printed when nothing is set.",
    },
)

EXAMPLE = TableFormat(
    title="[[example]]",
    text="A telegram of this family, made with Avlest's own encoder: invented serial numbers and values.",
    keys={
        "telegram": "The telegram, hexadecimal.",
        "key": "Its key, hexadecimal, when it is enciphered.",
        "expected": 'Fields and values it must give; `"null"` stands for null.',
    },
)

TABLES = (FAMILY, WHEN, FIELD, SELECT, LOOKUP, EXAMPLE)
