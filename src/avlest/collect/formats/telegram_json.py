# SPDX-License-Identifier: Apache-2.0
"""Telegrams in JSON: the Avlest gateway message, plain telegrams in a field, rtl_433, wmbusmeters.  Pure."""

from __future__ import annotations

from typing import Any, Final

from avlest.collect.formats.canonical import parse_reading_fields, to_heard
from avlest.collect.formats.fields import Fields, parse_json
from avlest.collect.formats.frames import derive_road
from avlest.collect.formats.model import FormatError, Message, NoDataError, Parsed, Problem, merge_parsed
from avlest.collect.formats.times import parse_gateway_time
from avlest.collect.heard import HAN, LARGEST_PAYLOAD, LORAWAN, MBUS, READING, WMBUS, Heard
from avlest.registry.identifiers import parse_dev_eui

AVLEST_VERSION: Final = 1
LARGEST_BATCH: Final = 10_000
TELEGRAM_NAMES: Final = ("telegram", "frame", "raw", "data", "payload", "hex", "raw_frame", "rawFrame")
"""Names under which gateways send the hexadecimal telegram, in the order they are tried."""
_TIME_NAMES: Final = ("time", "timestamp", "received_at", "ts")
_RSSI_NAMES: Final = ("rssi", "rssi_dbm")
_GATEWAY_NAMES: Final = ("gateway", "gateway_id", "gatewayId", "device", "receiver")
WMBUSMETERS_ADVICE: Final = (
    "values decoded by wmbusmeters already; Avlest decodes itself and needs the telegrams: "
    "let the receiver (rtl_wmbus, rtl_433, the USB stick or ESPHome) send them to Avlest as they are"
)


def parse_avlest_message(message: Message) -> Parsed:
    """The gateway message of Avlest, version 1: one telegram, or a batch under `telegrams`.

    An item that cannot be read is a problem naming it; the others are taken in.
    """
    fields = Fields(parse_json(message.payload))
    version = fields.values.get("avlest")
    if version != AVLEST_VERSION or isinstance(version, bool):
        raise fields.fail("avlest", f"{AVLEST_VERSION}, the version of the message")
    if "telegrams" not in fields:
        return Parsed((_parse_item(fields, fields, message),))
    items = fields.values["telegrams"]
    if not isinstance(items, list) or len(items) > LARGEST_BATCH:
        raise fields.fail("telegrams", f"a list of at most {LARGEST_BATCH} objects")
    return merge_parsed([_try_item(value, at, fields, message) for at, value in enumerate(items)])


def _try_item(value: Any, at: int, whole: Fields, message: Message) -> Parsed:
    try:
        return Parsed((_parse_item(Fields(value, f"telegrams[{at}]"), whole, message),))
    except FormatError as error:
        return Parsed(problems=(Problem(error.detail, error.field),))


def _parse_item(item: Fields, whole: Fields, message: Message) -> Heard:
    gateway = item.get_text("gateway") or whole.get_text("gateway") or message.origin
    at = parse_gateway_time(
        item.get_text("time"), arrival=message.received_at, zone=message.zone, field=item.name("time")
    )
    road = item.get_text("road") or (READING if "readings" in item else WMBUS)
    if road == READING:
        readings = [parse_reading_fields(reading, at=at, zone=message.zone) for reading in item.get_objects("readings")]
        if not readings:
            raise item.fail("readings", "a list with at least one reading")
        return to_heard(readings, received_at=at, source=message.source, gateway=gateway)
    if road not in (WMBUS, MBUS, HAN, LORAWAN):
        raise item.fail("road", f"one of {WMBUS}, {MBUS}, {HAN}, {LORAWAN}, {READING}")
    return Heard(
        at,
        message.source,
        road,
        _payload(item, "data"),
        gateway=gateway,
        address=_address(item) if road == LORAWAN else "",
        port=item.get_whole("port", 1, 255) if road == LORAWAN else None,
        counter=item.get_whole("counter", 0, 0xFFFFFFFF) if "counter" in item else None,
        rssi=item.get_number("rssi"),
        snr=item.get_number("snr"),
        key=_key(item),
    )


def _payload(item: Fields, name: str) -> bytes:
    payload = item.get_hex(name)
    if not 0 < len(payload) <= LARGEST_PAYLOAD:
        raise FormatError(f"{len(payload)} bytes, expected 1 to {LARGEST_PAYLOAD}", field=item.name(name))
    return payload


def _address(item: Fields) -> str:
    try:
        return parse_dev_eui(item.get_text("address"))
    except ValueError as error:
        raise item.fail("address", f"a DevEUI: {error}") from error


def _key(item: Fields) -> bytes | None:
    """The key a message brings along; an error does not show it."""
    text = item.get_text("key")
    if not text:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) not in (8, 16):
        raise FormatError("expected a key of 16 bytes (8 for DES) in hexadecimal", field=item.name("key"))
    return key


def parse_telegram_json(message: Message) -> Parsed:
    """A JSON object with the telegram in hexadecimal under one of the usual names."""
    fields = Fields(parse_json(message.payload))
    name = find_telegram_name(fields.values)
    if not name:
        raise FormatError(f"no telegram in it, expected one of the fields {', '.join(TELEGRAM_NAMES)}")
    payload = _payload(fields, name)
    time = _first(fields, _TIME_NAMES)
    rssi = next((fields.get_number(name) for name in _RSSI_NAMES if name in fields), None)
    heard = Heard(
        parse_gateway_time(fields.get_text(time), arrival=message.received_at, zone=message.zone, field=time),
        message.source,
        derive_road(payload),
        payload,
        gateway=fields.get_text(_first(fields, _GATEWAY_NAMES)) or message.origin,
        rssi=rssi,
        snr=fields.get_number("snr"),
        key=_key(fields),
    )
    return Parsed((heard,))


def find_telegram_name(values: dict[str, Any]) -> str:
    """Return the name of the field that holds a telegram; "" when none does."""
    return next((name for name in TELEGRAM_NAMES if isinstance(values.get(name), str) and values[name]), "")


def _first(fields: Fields, names: tuple[str, ...]) -> str:
    return next((name for name in names if name in fields), names[0])


def parse_rtl_433(message: Message) -> Parsed:
    """One JSON line of rtl_433: its `data` is the telegram, `time`, `rssi` and `snr` say how it was heard.

    What rtl_433 decoded itself is left alone: it is wrong for encrypted payloads.
    """
    fields = Fields(parse_json(message.payload))
    model = fields.get_text("model")
    if model != "Wireless-MBus":
        raise NoDataError(f"rtl_433 model {model or 'not named'}, only Wireless-MBus carries telegrams")
    payload = _payload(fields, "data")
    heard = Heard(
        parse_gateway_time(fields.get_text("time"), arrival=message.received_at, zone=message.zone),
        message.source,
        WMBUS,
        payload,
        gateway=message.gateway or _rtl_433_host(message.topic) or message.topic,
        rssi=fields.get_number("rssi"),
        snr=fields.get_number("snr"),
    )
    return Parsed((heard,))


def _rtl_433_host(topic: str) -> str:
    """The host in `rtl_433/<host>/events`."""
    levels = topic.split("/")
    return levels[levels.index("rtl_433") + 1] if "rtl_433" in levels[:-1] else ""


def parse_wmbusmeters(message: Message) -> Parsed:
    """JSON printed by wmbusmeters: refused with advice, unless it carries the telegram too."""
    fields = Fields(parse_json(message.payload))
    if "telegram" in fields:
        return parse_telegram_json(message)
    raise FormatError(WMBUSMETERS_ADVICE)
