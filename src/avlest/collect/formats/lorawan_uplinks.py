# SPDX-License-Identifier: Apache-2.0
"""Uplinks of LoRaWAN network servers: ChirpStack v4 and The Things Stack v3, JSON.  Pure.

Both leave out fields that are 0, so a missing frame counter is 0.
"""

from __future__ import annotations

import re

from avlest.collect.formats.fields import Fields, parse_json
from avlest.collect.formats.model import FormatError, Message, NoDataError, Parsed
from avlest.collect.formats.times import parse_gateway_time
from avlest.collect.heard import LORAWAN, Heard
from avlest.registry.identifiers import parse_dev_eui

CHIRPSTACK_TOPIC = re.compile(r"(?:^|/)application/[^/]+/device/[^/]+/event/([a-z]+)$")
TTS_TOPIC = re.compile(r"(?:^|/)v3/[^/]+/devices/[^/]+/(.+)$")
_COUNTER = 0xFFFFFFFF
# What other events of The Things Stack hold instead of an uplink.
_TTS_OTHERS = ("join_accept", "downlink_ack", "downlink_nack", "downlink_sent", "downlink_failed", "downlink_queued",
               "downlink_queue_invalidated", "location_solved", "service_data")  # fmt: skip


def parse_chirpstack(message: Message) -> Parsed:
    """An event of ChirpStack v4's MQTT or HTTP integration (JSON encoding).

    Only `up` carries data; every other event is a `NoDataError` naming it.
    """
    fields = _object(message, "in ChirpStack choose the JSON encoding, not Protobuf")
    event = _find_event(message.topic, fields)
    if event != "up":
        raise NoDataError(f"ChirpStack event {event}, only up carries data")
    payload = fields.get_base64("data")
    port = fields.get_whole("fPort", 0, 255, default=0)
    if not payload or port == 0:
        raise NoDataError("uplink without payload")
    strongest = _find_strongest(fields.get_objects("rxInfo"))
    return _make(
        message,
        fields,
        payload,
        port,
        address=_dev_eui(fields.get_object("deviceInfo"), "devEui"),
        counter=fields.get_whole("fCnt", 0, _COUNTER, default=0),
        time="time",
        gateway=strongest.get_text("gatewayId") if strongest else "",
        strongest=strongest,
    )


def parse_tts(message: Message) -> Parsed:
    """A message of The Things Stack v3 (MQTT or webhook); only uplinks carry data."""
    fields = _object(message, "The Things Stack sends JSON")
    other = next((name for name in _TTS_OTHERS if name in fields), "")
    if other or "uplink_message" not in fields:
        raise NoDataError(f"The Things Stack message {other or 'without uplink_message'}, only uplinks carry data")
    if fields.values.get("simulated") is True:
        raise NoDataError("a simulated uplink, not one of a meter")
    uplink = fields.get_object("uplink_message")
    payload = uplink.get_base64("frm_payload")
    port = uplink.get_whole("f_port", 0, 255, default=0)
    if not payload or port == 0:
        raise NoDataError("uplink without payload")
    strongest = _find_strongest(uplink.get_objects("rx_metadata"))
    ids = strongest.get_object("gateway_ids") if strongest and "gateway_ids" in strongest else None
    return _make(
        message,
        uplink,
        payload,
        port,
        address=_dev_eui(fields.get_object("end_device_ids"), "dev_eui"),
        counter=uplink.get_whole("f_cnt", 0, _COUNTER, default=0),
        time="received_at",
        gateway=(ids.get_text("eui") or ids.get_text("gateway_id")) if ids else "",
        strongest=strongest,
    )


def find_device_kind(payload: bytes) -> str:
    """Return what the network server calls the kind of device of an uplink, in lower case; "" where it does not.

    ChirpStack: the name of the device profile and the tags; The Things Stack: brand and model.
    """
    values = parse_json(payload)
    if not isinstance(values, dict):
        return ""
    info = values.get("deviceInfo")
    ids = values.get("uplink_message")
    words: list[object] = []
    if isinstance(info, dict):
        tags = info.get("tags")
        words += [info.get("deviceProfileName"), *(tags.values() if isinstance(tags, dict) else ())]
    if isinstance(ids, dict) and isinstance(ids.get("version_ids"), dict):
        words += [ids["version_ids"].get("brand_id"), ids["version_ids"].get("model_id")]
    return " ".join(word for word in words if isinstance(word, str)).casefold()


def _object(message: Message, hint: str) -> Fields:
    if not message.payload.lstrip().startswith(b"{"):
        raise FormatError(f"not a JSON object; {hint}")
    return Fields(parse_json(message.payload))


def _find_event(topic: str, fields: Fields) -> str:
    found = CHIRPSTACK_TOPIC.search(topic)
    if found:
        return found[1]
    # Over HTTP the event is in the address; the caller gives it as topic.
    if re.fullmatch(r"[a-z]+", topic):
        return topic
    return "up" if "data" in fields or "fPort" in fields or "rxInfo" in fields else "without uplink"


def _dev_eui(ids: Fields, name: str) -> str:
    try:
        return parse_dev_eui(ids.get_text(name, required=True))
    except FormatError:
        raise
    except ValueError as error:
        raise ids.fail(name, f"a DevEUI: {error}") from error


def _find_strongest(receptions: list[Fields]) -> Fields | None:
    """The reception of the gateway that heard best."""

    def strength(reception: Fields) -> float:
        rssi = reception.get_number("rssi")
        return -1000.0 if rssi is None else rssi

    return max(receptions, key=strength, default=None)


def _make(
    message: Message, fields: Fields, payload: bytes, port: int,
    *, address: str, counter: int, time: str, gateway: str, strongest: Fields | None,
) -> Parsed:  # fmt: skip
    heard = Heard(
        parse_gateway_time(
            fields.get_text(time), arrival=message.received_at, zone=message.zone, field=fields.name(time)
        ),
        message.source,
        LORAWAN,
        payload,
        gateway=gateway or message.gateway,
        address=address,
        port=port,
        counter=counter,
        rssi=strongest.get_number("rssi") if strongest else None,
        snr=strongest.get_number("snr") if strongest else None,
    )
    return Parsed((heard,))
