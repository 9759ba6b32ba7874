# SPDX-License-Identifier: Apache-2.0
"""HAN push lists as bytes: the inverse of `avlest.telegrams.han`.

`build_list` makes a list from readings, at the resolution that the maker's meters have;
`encode_han` gives the frames a meter would send.  For lists of the Norwegian layouts
``decode_han(encode_han(x)) == x``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from struct import pack
from typing import Final, NamedTuple

from avlest.telegrams.han import hdlc, mbus, obis
from avlest.telegrams.han.clock import CIVIL_ZONE, NO_DEVIATION, STANDARD_TIME, decode_clock
from avlest.telegrams.han.decode import assemble_list
from avlest.telegrams.han.lists import KAIFA_LAYOUTS, LIST_VERSION, Entry, build_values
from avlest.telegrams.han.model import HanList, HanValue, Maker, MeterClock

Number = int | Fraction | Decimal


class _Style(NamedTuple):
    """How a maker's meters frame and mark their messages."""

    version: str
    address: bytes  # destination, source and control as sent
    invoke_id: bytes
    date_time_head: bytes | None  # before the message's date-time; None: none is sent
    medium: str  # A-B of the OBIS codes of measured values
    clock: bytes


_STYLES: Final = {
    Maker.AIDON: _Style(
        "AIDON_V0001", bytes.fromhex("41088313"), b"\x40\0\0\0", None, "1-0", bytes((0, 0, 1, 0, 0, 255))
    ),
    Maker.KAIFA: _Style(
        "KFM_001", bytes.fromhex("01020110"), b"\x40\0\0\0", b"\x09\x0c", "1-0", bytes((0, 0, 1, 0, 0, 255))
    ),
    Maker.KAMSTRUP: _Style(
        "Kamstrup_V0001", bytes.fromhex("2b2113"), b"\0\0\0\0", b"\x0c", "1-1", bytes((0, 1, 1, 0, 0, 255))
    ),
}
_METER_ID: Final = {Maker.KAMSTRUP: bytes((1, 1, 0, 0, 5, 255))}
_METER_TYPE: Final = {Maker.KAMSTRUP: bytes((1, 1, 96, 1, 1, 255))}
_REGISTERS: Final = {  # name: OBIS C and D, in the order of the lists
    "active_power_import": (1, 7), "active_power_export": (2, 7),
    "reactive_power_import": (3, 7), "reactive_power_export": (4, 7),
    "current_l1": (31, 7), "current_l2": (51, 7), "current_l3": (71, 7),
    "voltage_l1": (32, 7), "voltage_l2": (52, 7), "voltage_l3": (72, 7),
    "active_energy_import": (1, 8), "active_energy_export": (2, 8),
    "reactive_energy_import": (3, 8), "reactive_energy_export": (4, 8),
}  # fmt: skip
_AIDON_POWERS: Final = {"a": -1, "v": -1, "w": 0, "var": 0, "wh": 1, "varh": 1}
_UNIT_CODES: Final = {unit: code for code, unit in sorted(obis.UNITS.items(), reverse=True)}
_U32, _U16, _I16 = 0x06, 0x12, 0x10
_FORMATS: Final = {_U32: (">BI", 0, 2**32), _U16: (">BH", 0, 2**16), _I16: (">Bh", -(2**15), 2**15)}


def build_list(
    maker: Maker,
    list_id: int,
    *,
    readings: Mapping[str, Number],
    clock: datetime,
    meter_id: str = "",
    model: str = "",
) -> HanList:
    """Make a Norwegian push list.

    `readings`: exact values by name (`active_power_import`, `current_l1`,
    `active_energy_import` …) in W, var, A, V, Wh and varh; each is rounded to what the
    maker's meters send.  List 1 holds active power only, list 2 powers, currents and
    voltages, list 3 the counters and the clock as well.  `clock` (aware) is the meter's
    time, cut to whole seconds.  Raises `ValueError` for a name the lists do not have.
    """
    unknown = sorted(set(readings) - set(_REGISTERS))
    if unknown or list_id not in (1, 2, 3):
        raise ValueError(f"list {list_id} has no {', '.join(unknown) or 'such number'}")
    style = _STYLES[maker]
    entries = [*_identify(maker, list_id, meter_id, model), *_choose(maker, list_id, readings)]
    sent = decode_clock(_encode_instant(clock, maker), maker, received_at=clock)
    return assemble_list(
        maker,
        _version_sent(maker, list_id),
        build_values(entries, maker),
        (),
        message_clock=sent if style.date_time_head else None,
        list_clock=sent if list_id == 3 else None,
        list_clock_obis=obis.format_obis(style.clock) if list_id == 3 else "",
    )


def encode_han(han_list: HanList, *, segment_size: int | None = None) -> bytes:
    """The HDLC frame of `han_list`; several when `segment_size` (bytes of information) says so."""
    information = b"\xe6\xe7\x00" + encode_apdu(han_list)
    return encode_hdlc(information, address=_STYLES[han_list.maker].address, segment_size=segment_size)


def encode_apdu(han_list: HanList) -> bytes:
    """The data-notification of `han_list` in its maker's layout."""
    style = _STYLES.get(han_list.maker)
    if style is None:
        raise ValueError(f"there is no layout for the lists of {han_list.maker}")
    head = b"\x0f" + style.invoke_id
    if style.date_time_head is None or han_list.message_clock is None:
        head += b"\x00"
    else:
        head += style.date_time_head + encode_clock(han_list.message_clock)
    return head + _BODIES[han_list.maker](han_list)


def encode_clock(clock: MeterClock) -> bytes:
    """A DLMS date-time of 12 bytes; hundredths are sent as not specified."""
    local = datetime.fromisoformat(clock.local).replace(tzinfo=UTC)
    deviation = NO_DEVIATION if clock.deviation is None else clock.deviation
    return _pack_clock(local, deviation, clock.status)


def encode_hdlc(information: bytes, *, address: bytes, segment_size: int | None = None) -> bytes:
    """HDLC frames around `information`; `address` is destination, source and control."""
    size = segment_size or len(information)
    pieces = [information[at : at + size] for at in range(0, len(information), size)]
    last = len(pieces) - 1
    return b"".join(_encode_frame(piece, address, more=index < last) for index, piece in enumerate(pieces))


def encode_mbus(apdu: bytes, *, segment_size: int = 240) -> bytes:
    """Wired M-Bus long frames of the DLMS transport layer around `apdu`."""
    pieces = [apdu[at : at + segment_size] for at in range(0, len(apdu), segment_size)]
    frames = []
    for number, piece in enumerate(pieces):
        ci = number & 0x0F | (mbus.LAST_SEGMENT if number == len(pieces) - 1 else 0)
        body = bytes((0x53, 0xFF, ci, 0x01, 0x67)) + piece
        head = bytes((mbus.START, len(body), len(body), mbus.START))
        frames.append(head + body + bytes((sum(body) & 0xFF, mbus.STOP)))
    return b"".join(frames)


def encode_envelope(frames: Iterable[bytes], *, kind: str = "HAN", compress: bool = False) -> bytes:
    """The adapter's protobuf message of several frames (see `han.tibber`)."""
    stream = zlib.compressobj()
    packed = bytearray(b"\x08\xdc\xd9\x02" + (b"\x18\x01" if compress else b""))
    for number, frame in enumerate(frames):
        data = stream.compress(frame) + stream.flush(zlib.Z_SYNC_FLUSH) if compress else frame
        uptime = b"\x09" + pack("<Q", 10_000 * (number + 1))
        entry = uptime + _delimit(2, kind.encode()) + _delimit(3, data)
        packed += _delimit(2, entry + (b"\x20" + _varint(len(frame)) if compress else b""))
    return bytes(packed)


def _identify(maker: Maker, list_id: int, meter_id: str, model: str) -> list[Entry]:
    version = _version_sent(maker, list_id)
    if not version:
        return []
    entries = [Entry(LIST_VERSION, version, None)]
    if list_id == 1:
        return entries
    id_code = _METER_ID.get(maker, bytes((0, 0, 96, 1, 0, 255)))
    type_code = _METER_TYPE.get(maker, bytes((0, 0, 96, 1, 7, 255)))
    return [*entries, Entry(id_code, meter_id, None), Entry(type_code, model, None)]


def _version_sent(maker: Maker, list_id: int) -> str:
    return _STYLES[maker].version if list_id > 1 or maker is Maker.KAMSTRUP else ""


def _choose(maker: Maker, list_id: int, readings: Mapping[str, Number]) -> list[Entry]:
    """The registers of the list in order, as the numbers sent."""
    wanted = [name for name, (_, d) in _REGISTERS.items() if list_id == 3 or d == 7]
    if list_id == 1:
        wanted = wanted[:1]
    if maker is Maker.KAIFA:
        readings = _fill_kaifa(list_id, readings, wanted)
    return [_quantise(maker, name, readings[name]) for name in wanted if name in readings]


def _fill_kaifa(list_id: int, readings: Mapping[str, Number], wanted: Sequence[str]) -> Mapping[str, Number]:
    """Kaifa's values have no codes, so none can be left out: zero stands for what is missing."""
    three_phase = any(name[-2:] in ("l2", "l3") for name in readings)
    names = [name for name in wanted if three_phase or name[-2:] not in ("l2", "l3")]
    return {name: readings.get(name, 0) for name in names}


def _quantise(maker: Maker, name: str, reading: Number) -> Entry:
    c, d = _REGISTERS[name]
    a, b = (int(group) for group in _STYLES[maker].medium.split("-"))
    code = bytes((a, b, c, d, 0, 255))
    unit = obis.derive_meaning(code).unit
    scaler = (_AIDON_POWERS[unit], _UNIT_CODES[unit]) if maker is Maker.AIDON else None
    scale = build_values([Entry(code, 0, scaler)], maker)[0].scale
    return Entry(code, round(Fraction(reading) / scale), scaler)


def _encode_instant(clock: datetime, maker: Maker) -> bytes:
    zone = CIVIL_ZONE if maker is Maker.KAIFA else STANDARD_TIME
    return _pack_clock(clock.astimezone(zone), 0 if maker is Maker.AIDON else NO_DEVIATION, 0)


def _pack_clock(wall: datetime, deviation: int, status: int) -> bytes:
    date = (wall.year, wall.month, wall.day, wall.isoweekday())
    return pack(">HBBBBBBBhB", *date, wall.hour, wall.minute, wall.second, 0xFF, deviation, status)


def _encode_aidon(han_list: HanList) -> bytes:
    items = [_encode_aidon_item(value) for value in han_list.values]
    if han_list.list_clock is not None:
        first_energy = next((i for i, v in enumerate(han_list.values) if "energy" in v.quantity), len(items))
        at = first_energy if han_list.version else 0
        items.insert(at, b"\x02\x02" + _encode_list_clock(han_list))
    return b"\x01" + bytes((len(items),)) + b"".join(items)


def _encode_aidon_item(value: HanValue) -> bytes:
    head = _encode_code(value.obis)
    if not isinstance(value.raw, int):
        return b"\x02\x02" + head + _encode_text(value, 0x0A)
    form = {"a": _I16, "v": _U16}.get(value.unit, _U32)
    scaler = pack(">BBBbBB", 0x02, 0x02, 0x0F, _log10(value.scale), 0x16, _UNIT_CODES[value.unit])
    return b"\x02\x03" + head + _encode_number(value.raw, form, value.name) + scaler


def _encode_kaifa(han_list: HanList) -> bytes:
    codes = [value.obis for value in han_list.values]
    if han_list.list_clock is not None:
        at = next((i for i, value in enumerate(han_list.values) if "energy" in value.quantity), len(codes))
        codes.insert(at, han_list.list_clock_obis)
    layout = KAIFA_LAYOUTS.get(len(codes), ())
    coded = [obis.format_obis(code) for code in layout] != codes
    by_code = {value.obis: value for value in han_list.values}
    items = [_encode_kaifa_item(by_code.get(code), code, han_list, coded=coded) for code in codes]
    return b"\x02" + bytes((len(items) * (1 + coded),)) + b"".join(items)


def _encode_kaifa_item(value: HanValue | None, code: str, han_list: HanList, *, coded: bool) -> bytes:
    head = _encode_code(code) if coded else b""
    if value is None:
        return head + _encode_list_clock(han_list)[8:]
    if isinstance(value.raw, int):
        return head + _encode_number(value.raw, _U32, value.name)
    return head + _encode_text(value, 0x09)


def _encode_kamstrup(han_list: HanList) -> bytes:
    """Version text, then code and value in turn, the clock before the counters."""
    counters = [value for value in han_list.values[1:] if "energy" in value.quantity]
    others = [value for value in han_list.values[1:] if "energy" not in value.quantity]
    items = [_encode_text(han_list.values[0], 0x0A)]
    items += [item for value in others for item in _encode_kamstrup_pair(value, han_list)]
    if han_list.list_clock is not None:
        both = _encode_list_clock(han_list)
        items += [both[:8], both[8:]]
    items += [item for value in counters for item in _encode_kamstrup_pair(value, han_list)]
    return b"\x02" + bytes((len(items),)) + b"".join(items)


def _encode_kamstrup_pair(value: HanValue, han_list: HanList) -> list[bytes]:
    """Code and value; after the first phase nulls for the other two where they are not there."""
    pair = [_encode_code(value.obis), _encode_kamstrup_value(value)]
    if value.name in ("current_l1", "voltage_l1") and han_list.get(value.name[:-1] + "3") is None:
        return pair + [b"\x00"] * 4
    return pair


def _encode_kamstrup_value(value: HanValue) -> bytes:
    if isinstance(value.raw, int):
        return _encode_number(value.raw, _U16 if value.unit == "v" else _U32, value.name)
    return _encode_text(value, 0x0A)


def _encode_list_clock(han_list: HanList) -> bytes:
    """OBIS code (8 bytes) and date-time (14 bytes) of the list's clock."""
    if han_list.list_clock is None:
        raise ValueError("the list has no clock")
    return _encode_code(han_list.list_clock_obis) + b"\x09\x0c" + encode_clock(han_list.list_clock)


def _encode_code(code: str) -> bytes:
    groups = code.replace("-", ".").replace(":", ".").split(".")
    return b"\x09\x06" + bytes(int(group) for group in groups)


def _encode_text(value: HanValue, tag: int) -> bytes:
    if not isinstance(value.raw, str) or len(value.raw) > 127:
        raise ValueError(f"{value.name}: {value.raw!r} is no text of at most 127 letters")
    return bytes((tag, len(value.raw))) + value.raw.encode("latin-1")


def _encode_number(number: int, tag: int, name: str) -> bytes:
    form, low, high = _FORMATS[tag]
    if not low <= number < high:
        raise ValueError(f"{name}: {number} is not between {low} and {high - 1}")
    return pack(form, tag, number)


def _log10(scale: Fraction) -> int:
    power = len(str(scale.numerator)) - len(str(scale.denominator))
    if Fraction(10) ** power != scale:
        raise ValueError(f"{scale} is no power of ten")
    return power


def _encode_frame(information: bytes, address: bytes, *, more: bool) -> bytes:
    length = 2 + len(address) + 2 + len(information) + 2
    if length > hdlc.MAX_FRAME - 2:
        raise ValueError(f"{len(information)} bytes do not fit in one frame: give a segment size")
    head = pack(">H", 0xA000 | 0x0800 * more | length) + address
    head += hdlc.compute_crc(head).to_bytes(2, "little")
    body = head + information
    return b"\x7e" + body + hdlc.compute_crc(body).to_bytes(2, "little") + b"\x7e"


def _delimit(field: int, data: bytes) -> bytes:
    return bytes((field << 3 | 2,)) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


_BODIES: Final = {Maker.AIDON: _encode_aidon, Maker.KAIFA: _encode_kaifa, Maker.KAMSTRUP: _encode_kamstrup}
