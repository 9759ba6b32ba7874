# SPDX-License-Identifier: Apache-2.0
"""What each key of a LoRaWAN profile means; the loader knows exactly these."""

from __future__ import annotations

from avlest.catalogue.file_format import TableFormat

FILE = TableFormat(
    title="The file",
    text="One file is one kind of LoRaWAN device.",
    keys={
        "profile": "Name of the profile, kept with every reading.",
        "title": "Maker and product names, for people.",
        "source": "Where the facts come from: maker's document, codec, own observation.",
        "dev_eui": "First digits of the DevEUIs of such devices, from 2 digits to all 16.",
        "kind": "Words, one of which the network server's name for the kind of device holds (device profile, brand, "
        "model; upper and lower case alike). A profile with neither `dev_eui` nor `kind` is tried for any device.",
        "zone": "Zone of the clock in the device: `UTC` (default), an offset such as `+01:00`, or `Europe/Oslo`.",
        "uplink": "How its uplinks are read; an array of tables, of which the first that fits is used.",
    },
)

UPLINK = TableFormat(
    title="[[uplink]]",
    text="Which uplinks, and how they are built.",
    keys={
        "ports": "The fPorts; without it any.",
        "starts": "First bytes, hexadecimal; without it any.",
        "layout": "`application` (begins with a CI field of EN 13757-7), `records` (M-Bus records at once), `codec` "
        "(the default where `codec` is named) or `ignore` (settings and the like: nothing to read).",
        "skip": "Bytes before the records.",
        "family": "Catalogue family that names the records and status bits.",
        "codec": "File name of the maker's JavaScript codec, in the same folder.",
        "variables": "Texts that the codec finds as `input.variables`.",
        "value": "Numbers to take from the codec's object; an array of tables.",
        "status": "Words for what is wrong; an array of tables.",
        "text": "Other members to keep; an array of tables.",
    },
)

VALUE = TableFormat(
    title="[[uplink.value]]",
    text="One number of the codec's object, or one of each item of a list in it.",
    keys={
        "name": "`<quantity>_<unit>`, such as `total_m3`; the unit is that of the stored value.",
        "quantity": "What is measured, where the unit does not say it: `flow_temperature`.",
        "path": "Where the number stands in `data`: names and list positions with dots between; in an item of the list "
        "where `each` is given (an empty text: the item itself).",
        "unit": "Unit of the number as the codec gives it; without it that of the name.",
        "scale": 'Exact factor to that unit: a whole number, or a text such as `"1/1000"`.',
        "each": "Path to a list; every item that fits gives a value.",
        "where": 'Members an item must have: `{ Type = "Volume" }`.',
        "at": "Path to the time of the value: ISO 8601 text, or seconds or milliseconds since 1970; in the item if it "
        "is there, else in `data`.",
        "first": "Time from `at` to the first item of the list, such as `-1h`; without it none.",
        "step": "Time from one item to the next, such as `-1h`.",
        "required": "The uplink is refused where the number is missing.",
    },
)

STATUS = TableFormat(
    title="[[uplink.status]]",
    text="Words for what is wrong.",
    keys={
        "path": "Where the member stands in `data` (or in an item).",
        "word": "The word when the member is true, not 0 and not empty.",
        "bits": 'Words for the bits of a number: `{ 0x04 = "LOW_BATTERY" }`; other bits are kept as `BITS_<hex>`.',
        "names": "Words for the values of a text or number; an empty word for what is well.",
        "each": "Path to a list; every item that fits is looked at.",
        "where": "Members an item must have.",
    },
)

TEXT = TableFormat(
    title="[[uplink.text]]",
    text="A member kept as text with the reading.",
    keys={
        "name": "Name of the text; `serial` is the serial number of the meter.",
        "path": "Where it stands in `data`.",
    },
)

TABLES = (FILE, UPLINK, VALUE, STATUS, TEXT)
