# SPDX-License-Identifier: Apache-2.0
"""Vendors' key files as tables: Kamstrup KEM (encrypted or plain), XML lists, lists without headings.  Pure.

KEM facts (Kamstrup Encryption Key Service user guide 55123205, and public converters): a
`.zip.kem`/`.kem2` is a ZIP with one `.kem`, an XML Encryption document (W3C xmlenc,
aes128-cbc).  The AES key is the customer's password in UTF-8 filled up with zero bytes to
16; the IV is that same key.  Inside is `MetersInOrder/Meter` (`SerialNo`, `MeterNo`,
`VendorId`, `MeterName`, `TypeNo`, `EncKeys/DEK`) or `Devices/Device` (`SerialNumber`,
`CustomerDeviceNumber`, `ManufacturerId`, `ShortName`, `TypeNumber`, keys with `Value`).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as BadBase64
from collections.abc import Iterator, Sequence
from functools import cache
from xml.etree.ElementTree import Element, ParseError

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from avlest.registry.importing.columns import normalise
from avlest.registry.importing.headings import get_headings
from avlest.registry.importing.report import ImportFileError
from avlest.registry.importing.tables import Row, Table, read_table
from avlest.registry.importing.zips import Limits, open_zip, read_member

_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_BLOCK = 16
_KEY = re.compile(r"(0x)?([0-9A-Fa-f]{2}[-: ]?){15}[0-9A-Fa-f]{2}")
_SERIAL = re.compile(r"[0-9A-Fa-f]{8}")
_MAKER = re.compile(r"[A-Za-z]{3}")
# What the elements of vendors' files are called here.
_ELEMENTS = {
    "SerialNo": "serial",
    "SerialNumber": "serial",
    "MeterNo": "printed_number",
    "CustomerDeviceNumber": "printed_number",
    "VendorId": "manufacturer",
    "ManufacturerId": "manufacturer",
    "MeterName": "model",
    "ShortName": "model",
    "DEK": "key",
}


class PasswordError(ImportFileError):
    """The file is encrypted and the password is missing or wrong."""


def read_key_file(content: bytes, *, filename: str, limits: Limits, password: str | None) -> Table:
    """Return a key file's rows below a heading row, whatever its form.

    The line of a row in an XML file is the meter's place in the list, from 1.  Raises
    `PasswordError` for an encrypted file without the right password, `ImportFileError`
    for one that cannot be read.
    """
    limits.check_size(content)
    if content[:4] == b"PK\x03\x04":
        archive = open_zip(content, limits)
        names = [n for n in archive.namelist() if n.lower().endswith((".kem", ".kem2"))]
        if names:
            content = read_member(archive, names[0], limits)
    if _looks_like_xml(content):
        return _read_xml(content, limits=limits, password=password)
    table = read_table(content, filename=filename, limits=limits)
    return _with_heading(table)


def _looks_like_xml(content: bytes) -> bool:
    start = content[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").replace(b"\0", b"")
    return start.startswith(b"<")


def _parse_xml(content: bytes) -> Element:
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException as error:
        raise ImportFileError("the file declares a document type or entities: refused as hostile") from error
    except (ParseError, ValueError, LookupError) as error:
        raise ImportFileError(f"the file is not well-formed XML: {error}") from error
    return root


def _read_xml(content: bytes, *, limits: Limits, password: str | None) -> Table:
    root, form = _parse_xml(content), "xml"
    if _local(root) == "EncryptedData":
        form = "kem"
        root = _parse_decrypted(_decrypt(root, password))
    records = [_flatten(element) for element in _find_records(root)]
    if not records:
        raise ImportFileError(f"no list of meters with keys in the element {_local(root)}")
    if len(records) > limits.rows:
        raise ImportFileError(f"the file has more than {limits.rows} meters")
    names = list(dict.fromkeys(name for record in records for name in record))
    rows = [Row(0, names)]
    rows += [Row(at, [record.get(name) for name in names]) for at, record in enumerate(records, start=1)]
    return Table(form, "utf-8", "", rows)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _decrypt(root: Element, password: str | None) -> bytes:
    """Return the plain text of an xmlenc document, padding still on."""
    algorithm = next((e.get("Algorithm", "") for e in root.iter(f"{{{_XMLENC}}}EncryptionMethod")), "")
    if not algorithm.endswith("#aes128-cbc"):
        raise ImportFileError(
            f"the file is encrypted with {algorithm[-60:] or 'an unnamed method'}, expected aes128-cbc"
        )
    if not password:
        raise PasswordError("the file is encrypted: give the customer's password")
    key = password.encode()
    if len(key) > _BLOCK:
        raise PasswordError(f"the password has {len(key)} bytes, a KEM password has at most {_BLOCK}")
    key = key.ljust(_BLOCK, b"\0")
    text = next((e.text or "" for e in root.iter(f"{{{_XMLENC}}}CipherValue")), "")
    try:
        body = b64decode("".join(text.split()), validate=True)
    except (BadBase64, ValueError) as error:
        raise ImportFileError("the encrypted part is not base64") from error
    if not body or len(body) % _BLOCK:
        raise ImportFileError("the encrypted part is cut off: its length is no multiple of 16")
    decryptor = Cipher(algorithms.AES128(key), modes.CBC(key)).decryptor()
    return decryptor.update(body) + decryptor.finalize()


def _parse_decrypted(plain: bytes) -> Element:
    """Parse what was decrypted; what is no XML at all means a wrong password."""
    begin, end = plain.find(b"<"), plain.rfind(b">")
    if not 0 <= begin <= 3 or end < begin or plain[:begin].strip(b"\xef\xbb\xbf"):
        raise PasswordError("the password does not open the file")
    return _parse_xml(plain[begin : end + 1])


def _find_records(root: Element) -> list[Element]:
    """Return the elements that each are one meter: with a serial of their own and a key within."""
    found: list[Element] = []
    level = [root]
    while level:
        found += [element for element in level if _has_serial(element) and _holds_key(element)]
        level = [child for element in level if element not in found for child in element]
    return found


def _has_serial(element: Element) -> bool:
    names = [*(_local(child) for child in element if child.text and child.text.strip()), *element.attrib]
    return any(normalise(_ELEMENTS.get(name, name)) in _serial_names() for name in names)


@cache
def _serial_names() -> frozenset[str]:
    return frozenset(normalise(word) for word in ("serial", *get_headings()["meter"]["serial"]))


def _holds_key(element: Element) -> bool:
    values = [e.text or "" for e in element.iter()] + [v for e in element.iter() for v in e.attrib.values()]
    return any(_KEY.fullmatch(value.strip()) for value in values)


def _flatten(element: Element) -> dict[str, str]:
    """Return one meter's texts by name; of several keys the data encryption key (DEK), else the first."""
    found: dict[str, str] = {}
    for name, value in _pairs(element):
        found.setdefault(_ELEMENTS.get(name, name), value)
    key = _pick_key(element)
    if key is not None:
        found["key"] = key
        found.pop("Value", None)
    return found


def _pairs(element: Element) -> Iterator[tuple[str, str]]:
    for part in element.iter():
        yield from part.attrib.items()
        if part.text and part.text.strip() and part is not element:
            yield _local(part), part.text.strip()


def _pick_key(element: Element) -> str | None:
    """Return the text under `DEK`, or of a `Value` beside the word DEK, or the first `Value`."""
    values = [e for e in element.iter() if _local(e) == "Value" and e.text]
    for holder in element.iter():
        if _local(holder) == "DEK" and holder.text and holder.text.strip():
            return holder.text.strip()
        words = {(child.text or "").strip().upper() for child in holder}
        words |= {value.strip().upper() for value in holder.attrib.values()}
        named = [child for child in holder if child in values]
        if named and "DEK" in words:
            return (named[0].text or "").strip()
    return (values[0].text or "").strip() if values else None


def _with_heading(table: Table) -> Table:
    """Put a heading row on a list that has none, by what its cells look like."""
    if not table.rows:
        raise ImportFileError("the file has no rows, expected meters and keys")
    first = [str(cell or "").strip() for cell in table.rows[0].cells]
    if not any(_KEY.fullmatch(cell) for cell in first):
        return table
    names = [_guess(cell) for cell in first]
    if names.count("serial") != 1 or names.count("key") != 1:
        raise ImportFileError("line 1 holds a key but not one serial of 8 digits; add a row of headings")
    return Table(table.format, table.encoding, table.delimiter, [Row(0, names), *table.rows])


def _guess(cell: str) -> str:
    for name, form in (("key", _KEY), ("serial", _SERIAL), ("manufacturer", _MAKER)):
        if form.fullmatch(cell):
            return name
    return ""


def write_kem(meters: Sequence[dict[str, str]], *, password: str) -> bytes:
    """Return an encrypted KEM of some meters (element name to text): the inverse of reading one.

    For tests and for handing keys over to a successor who reads KEM.
    """
    from base64 import b64encode
    from xml.sax.saxutils import escape

    rows = "".join(
        "<Meter>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in meter.items()) + "</Meter>"
        for meter in meters
    )
    plain = f'<?xml version="1.0" encoding="utf-8"?><MetersInOrder schemaVersion="2.0">{rows}</MetersInOrder>'.encode()
    padding = _BLOCK - len(plain) % _BLOCK
    key = password.encode().ljust(_BLOCK, b"\0")
    encryptor = Cipher(algorithms.AES128(key), modes.CBC(key)).encryptor()
    body = encryptor.update(plain + bytes(padding - 1) + bytes([padding])) + encryptor.finalize()
    return (
        f'<?xml version="1.0" encoding="utf-8"?><EncryptedData xmlns="{_XMLENC}">'
        f'<EncryptionMethod Algorithm="{_XMLENC}aes128-cbc" /><CipherData><CipherValue>'
        f"{b64encode(body).decode()}</CipherValue></CipherData></EncryptedData>"
    ).encode()
