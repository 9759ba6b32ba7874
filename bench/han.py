# SPDX-License-Identifier: Apache-2.0
"""How fast HAN messages are decoded, one at a time, against two references of the same run.

References: the library's CRC over the same bytes (what any check of a frame costs at
least), and `json.loads` of the same values as JSON text (what an adapter that decodes
by itself would have sent).  Processor time, best of several rounds: other work on the
machine matters little.
"""

from __future__ import annotations

import argparse
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from time import process_time

from avlest.telegrams.encode.han import build_list, encode_han
from avlest.telegrams.han import HanStreamReader, Maker, decode_han, summarise_values

START = datetime(2026, 1, 1, tzinfo=UTC)
MAKERS = (Maker.AIDON, Maker.KAIFA, Maker.KAMSTRUP)


def make_frames(maker: Maker, list_id: int, count: int) -> list[bytes]:
    """`count` different frames of one meter."""
    return [_make_frame(maker, list_id, number) for number in range(count)]


def _make_frame(maker: Maker, list_id: int, number: int) -> bytes:
    readings: dict[str, int | Fraction | Decimal] = {
        "active_power_import": 500 + number, "active_power_export": 0,
        "reactive_power_import": 0, "reactive_power_export": 100 + number % 50,
        "current_l1": Fraction(number % 300, 10), "current_l2": Fraction(71, 10), "current_l3": Fraction(59, 10),
        "voltage_l1": 230, "voltage_l2": 231, "voltage_l3": 229,
        "active_energy_import": 10 * (1_000_000 + number), "active_energy_export": 0,
        "reactive_energy_import": 4440, "reactive_energy_export": 777_770,
    }  # fmt: skip
    clock = START + timedelta(seconds=10 * number)
    made = build_list(maker, list_id, readings=readings, clock=clock, meter_id="0000111122223333", model="6534")
    return encode_han(made)


def measure(work: Callable[[], object], rounds: int) -> float:
    """Processor seconds of the fastest of `rounds` runs."""
    best = float("inf")
    for _ in range(rounds):
        start = process_time()
        work()
        best = min(best, process_time() - start)
    return best


def report(title: str, frames: Sequence[bytes], rounds: int) -> None:
    """Print one line of figures for `frames`."""
    texts = [json.dumps(summarise_values(decode_han(frame))) for frame in frames]
    each = 1e6 / len(frames)
    decode = measure(lambda: [decode_han(frame) for frame in frames], rounds) * each
    crc = measure(lambda: [binascii.crc_hqx(frame, 0xFFFF) for frame in frames], rounds) * each
    loads = measure(lambda: [json.loads(text) for text in texts], rounds) * each
    print(
        f"{title:18} {len(frames[0]):4} bytes {decode:7.1f} µs/frame {1e6 / decode:9,.0f} frames/s "
        f"{decode / crc:6.0f} × crc {decode / loads:5.1f} × json"
    )


def report_stream(frames: Sequence[bytes], rounds: int) -> None:
    """Print how fast the stream reader cuts a stream that comes in small pieces."""
    stream = b"".join(frames)
    pieces = [stream[at : at + 64] for at in range(0, len(stream), 64)]

    def cut() -> int:
        reader = HanStreamReader()
        return sum(len(reader.feed(piece)) for piece in pieces)

    seconds = measure(cut, rounds)
    print(
        f"stream reader, 64-byte pieces: {len(stream) / seconds / 1e6:.2f} MB/s, {len(frames) / seconds:,.0f} frames/s"
    )


def main() -> None:
    """Measure every list of every maker, and the stream reader."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    for maker in MAKERS:
        for list_id in (1, 2, 3):
            report(f"{maker} list {list_id}", make_frames(maker, list_id, options.frames), options.rounds)
    report_stream(make_frames(Maker.AIDON, 3, options.frames), options.rounds)


if __name__ == "__main__":
    main()
