# SPDX-License-Identifier: Apache-2.0
"""How fast LoRaWAN uplinks are read, against `json.loads` of the same answer in the same run.

Four roads: a codec in the sandbox of this process; the same in the process that runs codecs,
with its pipes; the whole road of a codec (profile, process, mapping to values); and uplinks of
M-Bus records, without any codec.  Wall time, best of several rounds: two processes take part.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from time import perf_counter

from avlest.catalogue.catalogue import CatalogueFile, build_catalogue
from avlest.catalogue.lorawan.decode import Uplink
from avlest.catalogue.lorawan.model import Device, LorawanReading
from avlest.catalogue.lorawan.profiles import build_profiles
from avlest.collect.lorawan.decoder import LorawanDecoder
from avlest.collect.lorawan.folder import CodecFolder
from avlest.collect.lorawan.runner import CodecRunner
from avlest.telegrams.encode.profiles import encode_profile
from avlest.telegrams.encode.records import RecordSpec, encode_records
from avlest.telegrams.lorawan.calls import CodecCall
from avlest.telegrams.lorawan.sandbox import Sandbox
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.records.model import Coding
from avlest.telegrams.records.profiles import IncrementMode, Spacing
from avlest.telegrams.records.values import Value

NOW = datetime(2026, 3, 2, 12, 17, tzinfo=UTC)
CODEC = """
function little(bytes, at, count) {
  var number = 0;
  for (var i = count - 1; i >= 0; i--) number = number * 256 + bytes[at + i];
  return number;
}
function decodeUplink(input) {
  var bytes = input.bytes, register = little(bytes, 1, 4), hours = [];
  for (var i = 5; i < bytes.length; i++) { register -= bytes[i]; hours.push(register); }
  return { data: { volume: little(bytes, 1, 4) / 1000, leak: (bytes[0] & 1) === 1, hours: hours,
                   time: new Date(Math.floor(input.recvTime / 3600000) * 3600000).toISOString() } };
}
"""
PROFILE = """
profile = "bench"
title = "A water meter for this measurement"
source = "invented"
dev_eui = ["F0"]
[[uplink]]
codec = "bench.js"
[[uplink.value]]
name = "total_m3"
path = "volume"
at = "time"
[[uplink.value]]
name = "total_m3"
each = "hours"
path = ""
unit = "l"
at = "time"
first = "-1h"
step = "-1h"
[[uplink.status]]
path = "leak"
word = "LEAK"
"""
HOURS = 24


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the result: uplinks a second."""

    name: str
    speed: float


def make_codec_uplinks(count: int) -> list[Uplink]:
    """Uplinks of an invented meter: register and 24 hourly differences."""
    return [
        Uplink(
            b"\0" + (10_000 + n).to_bytes(4, "little") + bytes(n % 9 for _ in range(HOURS)), 5, Device("F0" * 8), NOW
        )
        for n in range(count)
    ]


def make_profile_uplinks(count: int) -> list[Uplink]:
    """Uplinks with an hourly inverse compact profile of 24 entries."""
    return [Uplink(_encode_hours(10_000 + n), 1, Device("0102030405060708"), NOW) for n in range(count)]


def _encode_hours(base: int) -> bytes:
    entries = [base - 3 * hour for hour in range(1, HOURS + 1)]
    data = encode_profile(
        entries,
        base=base,
        mode=IncrementMode.INCREMENT,
        spacing=Spacing(1, "h"),
        coding=Coding.INT,
        length=1,
        inverse=True,
    )
    moment = MeterTime(date(2026, 3, 2), 13, 0)
    specs: list[tuple[bytes, Value]] = [(b"\x44\x6d", moment), (b"\x44\x13", base), (b"\x4d\x93\x13", data)]
    return b"\x78" + encode_records(RecordSpec(key, value) for key, value in specs)


def make_heat_uplinks(count: int) -> list[Uplink]:
    """Uplinks of a heat meter's radio module: eight records."""
    keys = ("0C06", "0C14", "0B2D", "0B3B", "0A5A", "0A5E", "0C78", "02FD17")
    return [
        Uplink(
            b"\0" + encode_records(RecordSpec(bytes.fromhex(key), 100 + n % 100) for key in keys),
            2,
            Device("94193A0000000001"),
            NOW,
        )
        for n in range(count)
    ]


def measure(work: Callable[[], object], count: int, rounds: int) -> float:
    """Items a second, best of `rounds`."""
    best = 0.0
    for _ in range(rounds):
        started = perf_counter()
        work()
        best = max(best, count / (perf_counter() - started))
    return best


def measure_all(count: int, rounds: int) -> list[Row]:
    """Every road, and the JSON reference first."""
    uplinks = make_codec_uplinks(count)
    calls = [CodecCall("bench.js", uplink.payload, uplink.port, NOW) for uplink in uplinks]
    sandbox = Sandbox(CODEC)
    answers = [sandbox.run(call.payload, port=call.port, received_at=NOW) for call in calls]
    rows = [
        Row("json.loads of the answer", measure(lambda: [json.loads(text) for text in answers], count, rounds)),
        Row("codec, in this process", measure(lambda: _run(sandbox, calls), count, rounds)),
    ]
    with CodecRunner({"bench.js": CODEC}) as runner:
        rows.append(Row("codec, in its process", measure(lambda: runner.run_batch(calls), count, rounds)))
    folder = CodecFolder(build_profiles([CatalogueFile("bench.toml", PROFILE)]), {"bench.js": CODEC})
    roads = {
        "codec to 25 dated values": uplinks,
        "hourly profile to 25 dated values": make_profile_uplinks(count),
        "heat records to 6 values": make_heat_uplinks(count),
    }
    with LorawanDecoder(build_catalogue(), folder) as decoder:
        for name, batch in roads.items():
            check(decoder, batch[:100], values=6 if "heat" in name else 25)
            rows.append(Row(name, measure(lambda batch=batch: decoder.decode_uplinks(batch), count, rounds)))  # type: ignore[misc]
    return rows


def _run(sandbox: Sandbox, calls: list[CodecCall]) -> list[str]:
    return [sandbox.run(call.payload, port=call.port, received_at=call.received_at) for call in calls]


def check(decoder: LorawanDecoder, batch: list[Uplink], *, values: int) -> None:
    """What is measured must be right: every uplink gives its number of values."""
    for result in decoder.decode_uplinks(batch):
        if not isinstance(result, LorawanReading) or len(result.values) != values:
            raise SystemExit(f"expected a reading with {values} values, got {result}")


def main() -> None:
    """Print uplinks a second of each road, and each as a share of the JSON reference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="uplinks of each kind")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows = measure_all(options.count, options.rounds)
    reference = rows[0].speed
    for row in rows:
        print(f"{row.name:36} {row.speed:>10,.0f} uplinks/s  {row.speed / reference:7.3f} of json.loads")


if __name__ == "__main__":
    main()
