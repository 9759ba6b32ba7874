# SPDX-License-Identifier: Apache-2.0
"""A telegram byte by byte in words: what `explain` prints above the records.

Every byte of the clear frame belongs to exactly one piece of exactly one layer, in
order.  Where link-layer CRCs were taken out, offsets count without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from avlest.telegrams import mbus
from avlest.telegrams.wmbus import afl as afls
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.afl import Afl
from avlest.telegrams.wmbus.ell import AES_CTR, Ell
from avlest.telegrams.wmbus.parts import Parts
from avlest.telegrams.wmbus.transport import Transport

C_FIELDS = {
    0x06: "CNF-IR: installation confirmed",
    0x08: "RSP-UD: answer with user data",
    0x18: "RSP-UD: answer with user data, access demanded",
    0x28: "RSP-UD: answer with user data, receiver busy",
    0x38: "RSP-UD: answer with user data, access demanded, receiver busy",
    0x40: "SND-NKE: link reset",
    0x44: "SND-NR: unsolicited message without reply",
    0x46: "SND-IR: installation request",
    0x47: "ACC-NR: access possible, nothing to send",
    0x48: "ACC-DMD: access demanded",
    0x53: "SND-UD: command with user data",
    0x5A: "REQ-UD1: request for alarm data",
    0x5B: "REQ-UD2: request for user data",
    0x73: "SND-UD: command with user data",
    0x7A: "REQ-UD1: request for alarm data",
    0x7B: "REQ-UD2: request for user data",
}
FORMATS: dict[str, str] = {
    "A": "; frame format A, its CRCs were right and are left out",
    "B": "; frame format B, its CRCs were right and are left out",
    "none": "",
}
STATES = {
    "plain": "in clear",
    "decrypted": "deciphered",
    "stored plain": "said to be encrypted, but stored in clear",
}
STATUS_APPLICATION = ("no error", "application busy", "application error", "abnormal condition")
STATUS_BITS = ((0x04, "power low"), (0x08, "permanent error"), (0x10, "temporary error"))
MANUFACTURER_STATUS = 0xE0


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes `start` to `end` of the clear frame and what they mean."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: its name, its span, its pieces without gap or overlap."""

    name: str
    start: int
    end: int
    pieces: tuple[Piece, ...]


def derive_layers(stack: Parts) -> tuple[Layer, ...]:
    """All layers of a decoded telegram, from the first byte to the last."""
    found: list[Layer] = []
    at = 0
    for name, fields in _list_layers(stack):
        layer = _make_layer(name, at, fields)
        found.append(layer)
        at = layer.end
    return tuple(layer for layer in found if layer.pieces)


_Fields = Iterator[tuple[int, str]]


def _make_layer(name: str, start: int, fields: _Fields) -> Layer:
    pieces: list[Piece] = []
    at = start
    for width, text in fields:
        if width:
            pieces.append(Piece(at, at + width, text))
            at += width
    return Layer(name, start, at, tuple(pieces))


def _list_layers(stack: Parts) -> Iterator[tuple[str, _Fields]]:
    wired = isinstance(stack.frame, mbus.WiredFrame)
    if stack.frame.ci_offset:
        yield "link", _explain_wired(stack) if wired else _explain_wireless(stack)
    if stack.ell is not None:
        yield "extended link", _explain_ell(stack.ell)
    if stack.afl is not None:
        yield "authentication and fragmentation", _explain_afl(stack.afl, stack.mac)
    if stack.transport is not None:
        yield "transport", _explain_transport(stack.transport)
    yield "payload", _explain_payload(stack)
    if wired:
        yield "link end", iter(((1, "checksum, right"), (1, "stop byte")))


def describe_c_field(c_field: int) -> str:
    """The name of a C-field and what it asks; frame count bits do not matter."""
    return C_FIELDS.get(c_field, "function not in EN 13757-2 or -4")


def describe_status(status: int) -> str:
    """The general bits of a status byte (EN 13757-7, 7.5.6) in words."""
    words = [STATUS_APPLICATION[status & 3]] if status & 3 else []
    words += [name for bit, name in STATUS_BITS if status & bit]
    if status & MANUFACTURER_STATUS:
        words.append(f"manufacturer's bits {status & MANUFACTURER_STATUS:02X}")
    return ", ".join(words) or STATUS_APPLICATION[0]


def _explain_address(address: Address) -> _Fields:
    """The fields of an address in link-layer order."""
    yield 2, f"manufacturer {address.mfct}"
    yield 4, f"identity {address.id}"
    yield 1, f"version {address.version}"
    yield 1, f"device type {address.device_type:02X}: {address.medium}"


def _explain_header_address(address: Address) -> _Fields:
    """The same in long-header order."""
    manufacturer, identity, *rest = _explain_address(address)
    yield identity
    yield manufacturer
    yield from rest


def _explain_wireless(stack: Parts) -> _Fields:
    frame = stack.frame
    kind = FORMATS.get(frame.format, "")
    yield 1, f"length: {frame.data[0]} bytes follow{kind}"
    yield 1, f"C-field {frame.c_field:02X}: {describe_c_field(frame.c_field)}"
    meter = stack.link_address
    if meter != stack.wire_address:
        yield 2, f"manufacturer {meter.mfct}"
        yield 6, f"address in Diehl's order: {meter.id}, version {meter.version}, {meter.medium}"
    else:
        yield from _explain_address(stack.wire_address)


def _explain_wired(stack: Parts) -> _Fields:
    data = stack.clear
    yield 1, "start byte"
    yield 2, f"length, twice: {data[1]} bytes from the C-field to the checksum"
    yield 1, "start byte"
    yield 1, f"C-field {data[4]:02X}: {describe_c_field(data[4])}"
    yield 1, f"primary address {data[5]}"


def _explain_ci(ci: int) -> tuple[int, str]:
    return 1, f"CI {ci:02X}: {cis.MEANINGS.get(ci, 'manufacturer specific')}"


def _explain_ell(ell: Ell) -> _Fields:
    yield _explain_ci(ell.ci)
    yield 1, f"communication control {ell.communication_control:02X}"
    yield 1, f"access number {ell.access_number}"
    if ell.address is not None:
        yield from _explain_address(ell.address)
    if ell.session_number is not None:
        how = "AES-128 counter mode" if ell.encryption == AES_CTR else "not encrypted"
        yield 4, f"session number {ell.session_number:08X}: {how}"
        yield 2, f"payload CRC {ell.payload_crc:04X}"


def _explain_afl(afl: Afl, mac: str) -> _Fields:
    yield _explain_ci(cis.AFL)
    yield 1, f"length: {afl.length - afls.HEADER} bytes follow"
    part = f"fragment {afl.fragment_id}" if afl.is_fragment else "message in one piece"
    yield 2, f"fragmentation control {afl.fragmentation:04X}: {part}"
    yield from _explain_afl_fields(afl, mac)


def _explain_afl_fields(afl: Afl, mac: str) -> _Fields:
    """The optional fields; a joined message shows those of its last fragment."""
    flags, rest = afl.fragmentation, _rest_of_afl(afl)
    if rest < 0:
        yield afl.length - afls.HEADER - 2, "fields of this fragment, at odds with those of the others"
        return
    if flags & afls.HAS_CONTROL:
        yield 1, f"message control {afl.message_control:02X}"
    if flags & afls.HAS_KEY_INFORMATION:
        yield 2, f"key information {afl.key_information:04X}"
    if flags & afls.HAS_COUNTER:
        yield 4, f"message counter {afl.counter}"
    if flags & afls.HAS_MAC:
        yield len(afl.mac), f"authentication code, {mac}"
    if flags & afls.HAS_LENGTH:
        yield 2, f"message length {afl.message_length}"
    yield rest, "bytes no field of this layer claims"


def _rest_of_afl(afl: Afl) -> int:
    flags = afl.fragmentation
    widths = (
        (afls.HAS_CONTROL, 1),
        (afls.HAS_KEY_INFORMATION, 2),
        (afls.HAS_COUNTER, 4),
        (afls.HAS_MAC, len(afl.mac)),
        (afls.HAS_LENGTH, 2),
    )
    return afl.length - afls.HEADER - 2 - sum(width for flag, width in widths if flags & flag)


def _explain_transport(header: Transport) -> _Fields:
    yield _explain_ci(header.ci)
    if header.address is not None:
        yield from _explain_header_address(header.address)
    if header.config is None:
        return
    yield 1, f"access number {header.access_number}"
    yield 1, f"status {header.status:02X}: {describe_status(header.status or 0)}"
    blocks = f", {header.encrypted_length} bytes encrypted" if header.encrypted_length else ""
    yield 2, f"configuration {header.config:04X}: security mode {header.mode}{blocks}"
    if header.extension is not None:
        yield 1, f"configuration extension {header.extension:02X}"


def _explain_payload(stack: Parts) -> _Fields:
    if stack.transport is None:
        yield _explain_ci(stack.payload_ci)
        start = stack.frame.ci_offset + sum(layer.length for layer in (stack.ell, stack.afl) if layer is not None)
        start += 1
    else:
        start = stack.transport.payload_offset
    how = "" if stack.security == "none" else f" ({stack.security}: {STATES[stack.state]})"
    yield stack.payload_offset - start, f"idle fillers, the mark of a right key{how}"
    yield stack.payload_end - stack.payload_offset, f"{_name_payload(stack.payload_ci)}{how}"


def _name_payload(ci: int) -> str:
    if ci in cis.COMPACT_FRAMES:
        return "compact frame: signature, CRC and data without their DIF and VIF"
    if ci in cis.FORMAT_FRAMES:
        return "format frame: signature and the DIF and VIF of later compact frames"
    return "data records" if ci in cis.FULL_FRAMES else "the manufacturer's own format"
