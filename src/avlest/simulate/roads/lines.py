# SPDX-License-Identifier: Apache-2.0
"""Simulated messages in the formats gateways speak.  Pure.

LoRaWAN uplinks are always ChirpStack's JSON, HAN frames and wired telegrams the Avlest message (`avlest`) or
hexadecimal; wireless telegrams come in any of `WIRELESS_FORMATS`.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from avlest.simulate.radio.hearing import Messages
from avlest.simulate.radio.models import Road

_MICRO: Final = 1_000_000
_APPLICATION: Final = "8a5c1f0e-7b1c-4f3e-9a57-000000000001"
_SPREADING: Final = 7
_DECIBEL: Final = 7.5


def format_avlest(messages: Messages, row: int) -> bytes:
    """The Avlest gateway message of one telegram."""
    item: dict[str, Any] = {"avlest": 1, "gateway": _gateway(messages, row), "time": _time(messages, row)}
    if messages.model.road is not Road.WMBUS:
        item["road"] = messages.model.road.value
    item |= {"rssi": int(messages.rssi[row]), "data": messages.payloads[row].hex()}
    return _dump(item)


def format_telegram_json(messages: Messages, row: int) -> bytes:
    """A flat object such as several makes of gateway send."""
    return _dump(
        {
            "telegram": messages.payloads[row].hex().upper(),
            "timestamp": _time(messages, row),
            "rssi_dbm": int(messages.rssi[row]),
            "gateway": _gateway(messages, row),
        }
    )


def format_rtl_wmbus(messages: Messages, row: int) -> bytes:
    """A line of rtl_wmbus, its times in UTC without saying so."""
    moment = _moment(messages, row).strftime("%Y-%m-%d %H:%M:%S.%f")
    payload = messages.payloads[row]
    serial = payload[4:8][::-1].hex()
    return f"C1;1;1;{moment};{int(messages.rssi[row])};0;{serial};0x{payload.hex()}".encode()


def format_hex(messages: Messages, row: int) -> bytes:
    """The telegram alone: when and by whom it was heard is lost."""
    return messages.payloads[row].hex().encode()


def format_chirpstack(messages: Messages, row: int) -> bytes:
    """An uplink event of ChirpStack v4, JSON."""
    counters = messages.counters
    eui = messages.addresses[row]
    return _dump(
        {
            "deduplicationId": f"{int(messages.received_at[row]):032x}",
            "time": _time(messages, row),
            "deviceInfo": {
                "applicationId": _APPLICATION,
                "applicationName": "meters",
                "deviceProfileName": messages.model.family,
                "deviceName": eui,
                "devEui": eui,
            },
            "devAddr": eui[-8:],
            "adr": True,
            "dr": 5,
            "fCnt": int(counters[row]) if counters is not None else 0,
            "fPort": messages.model.port,
            "confirmed": False,
            "data": b64encode(messages.payloads[row]).decode(),
            "rxInfo": [
                {"gatewayId": _gateway(messages, row), "rssi": int(messages.rssi[row]), "snr": _DECIBEL}
            ],
            "txInfo": {"frequency": 868_100_000, "modulation": {"lora": {"spreadingFactor": _SPREADING}}},
        }
    )  # fmt: skip


Format = Callable[[Messages, int], bytes]
WIRELESS_FORMATS: Final[dict[str, Format]] = {
    "avlest": format_avlest,
    "telegram_json": format_telegram_json,
    "rtl_wmbus": format_rtl_wmbus,
    "hex": format_hex,
}
"""What wireless telegrams may be written as, by the names of `avlest.collect.formats`."""


def choose_format(messages: Messages, wanted: str) -> Format:
    """The format of some messages where `wanted` is asked for (a name of `WIRELESS_FORMATS`)."""
    if messages.model.road is Road.LORAWAN:
        return format_chirpstack
    if messages.model.road is Road.WMBUS or wanted == "hex":
        return WIRELESS_FORMATS[wanted]
    return format_avlest


def format_lines(messages: Messages, wanted: str) -> Iterator[bytes]:
    """Every message as a line, without its end."""
    write = choose_format(messages, wanted)
    for row in range(len(messages)):
        yield write(messages, row)


def derive_topic(messages: Messages, row: int, wanted: str) -> str:
    """The MQTT topic that a gateway publishes the message on."""
    if messages.model.road is Road.LORAWAN:
        return f"application/{_APPLICATION}/device/{messages.addresses[row]}/event/up"
    return f"gateways/{_gateway(messages, row)}/{messages.model.road.value}/{wanted}"


def _gateway(messages: Messages, row: int) -> str:
    return messages.gateways[int(messages.gateway[row])]


def _moment(messages: Messages, row: int) -> datetime:
    microseconds = int(messages.received_at[row])
    return datetime.fromtimestamp(microseconds // _MICRO, UTC).replace(microsecond=microseconds % _MICRO)


def _time(messages: Messages, row: int) -> str:
    return _moment(messages, row).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _dump(item: dict[str, Any]) -> bytes:
    return json.dumps(item, separators=(",", ":")).encode()
