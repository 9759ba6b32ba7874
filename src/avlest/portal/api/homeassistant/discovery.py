# SPDX-License-Identifier: Apache-2.0
"""What Home Assistant is told: sensors it finds by itself (MQTT discovery), their states, and a file to paste.  Pure.

The forms are those of Home Assistant's documentation of MQTT discovery and of its REST sensors.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

# What each canonical unit is to Home Assistant: (device class, its unit, whether it counts).
_CLASSES: Final[Mapping[str, tuple[str, str, bool]]] = {
    "l": ("water", "L", True),
    "kwh": ("energy", "kWh", True),
    "c": ("temperature", "°C", False),
    "w": ("power", "W", False),
    "lh": ("volume_flow_rate", "L/h", False),
    "v": ("voltage", "V", False),
    "a": ("current", "A", False),
}
_NUMBERS: Final = ("reading", "today", "this_month")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One series of the home: `name` and `words` (of each number) in the resident's language."""

    series: int
    name: str
    place: str
    unit: str
    words: Mapping[str, str]
    values: Mapping[str, Any]
    """`reading`, `today`, `this_month` in the unit and `read_at`; None where unknown."""


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """What stands retained at a topic; no payload takes it away."""

    topic: str
    payload: bytes


def derive_messages(sensors: Sequence[Sensor], *, prefix: str = "homeassistant") -> list[Message]:
    """Return the discovery and the state of each sensor, discovery first."""
    found = [
        _write_discovery(sensor, number, prefix)
        for sensor in sensors
        if sensor.unit in _CLASSES
        for number in _NUMBERS
        if _has_number(sensor, number)
    ]
    return found + [_write_state(sensor) for sensor in sensors if sensor.unit in _CLASSES]


def _has_number(sensor: Sensor, number: str) -> bool:
    """What does not count has a present value only."""
    return _CLASSES[sensor.unit][2] or number == "reading"


def _get_state_topic(sensor: Sensor) -> str:
    return f"avlest/series/{sensor.series}/state"


def _write_discovery(sensor: Sensor, number: str, prefix: str) -> Message:
    kind, unit, counts = _CLASSES[sensor.unit]
    identity = f"avlest_{sensor.series}_{number}"
    config = {
        "name": sensor.words[number],
        "unique_id": identity,
        "state_topic": _get_state_topic(sensor),
        "value_template": f"{{{{ value_json.{number} }}}}",
        "device_class": kind,
        "unit_of_measurement": unit,
        "state_class": "total_increasing" if counts else "measurement",
        "json_attributes_topic": _get_state_topic(sensor),
        "device": {"identifiers": [f"avlest_{sensor.series}"], "name": sensor.name, "manufacturer": "Avlest"},
        "origin": {"name": "Avlest"},
    }
    return Message(f"{prefix}/sensor/avlest/{identity}/config", _dump(config))


def _write_state(sensor: Sensor) -> Message:
    read_at = sensor.values.get("read_at")
    state = {
        **{number: sensor.values.get(number) for number in _NUMBERS},
        "read_at": read_at.isoformat() if isinstance(read_at, datetime) else None,
    }
    return Message(_get_state_topic(sensor), _dump(state))


def _dump(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def write_rest_file(sensors: Sequence[Sensor], *, address: str) -> str:
    """Return the lines for Home Assistant's `configuration.yaml` that ask the API every five minutes.

    JSON texts are YAML texts, so that no name can break out of its line.
    """
    lines = ["rest:"]
    for sensor in sensors:
        if sensor.unit not in _CLASSES:
            continue
        kind, unit, counts = _CLASSES[sensor.unit]
        lines += [
            f"  - resource: {_quote(f'{address}/api/v1/series/{sensor.series}/latest')}",
            "    scan_interval: 300",
            "    headers:",
            "      Authorization: !secret avlest_token",
            "    sensor:",
        ]
        for number in (each for each in _NUMBERS if _has_number(sensor, each)):
            lines += [
                f"      - name: {_quote(f'{sensor.name} {sensor.words[number]}')}",
                f"        unique_id: avlest_rest_{sensor.series}_{number}",
                f'        value_template: "{{{{ value_json.{number} }}}}"',
                f"        device_class: {kind}",
                f"        unit_of_measurement: {_quote(unit)}",
                f"        state_class: {'total_increasing' if counts else 'measurement'}",
            ]
    return "\n".join(lines) + "\n"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
