# SPDX-License-Identifier: Apache-2.0
"""How fast telegrams are built in columns, and how much of that is cryptography.

    python bench/encode.py [--telegrams 100000] [--meters 20000]

Every meter has its own key and sends in turn, as in a simulated town: most batches hold
one telegram a meter.  "Cryptography alone" is the AES of the same telegrams through
cached contexts, one update a telegram (CBC is one context call a block, because each
block needs the one before), in mode 7 with its key derivations and its MAC.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import date
from functools import partial

import numpy as np

from avlest.telegrams.encode.columns import Senders, TelegramLayout, build_identities, build_layout, encode_columns
from avlest.telegrams.encode.records import RecordSpec
from avlest.telegrams.layouts.aes import AesBank
from avlest.telegrams.records.dates import MeterTime
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Mode

ROUNDS = 3
LINK = Address(0x2C2D, bytes(4), 0x1B, 0x16)


def build_specs() -> list[RecordSpec]:
    """Records of a water meter: volume, target volume and date, flow, two temperatures, status."""
    return [
        RecordSpec(bytes.fromhex("02ff20"), 0),
        RecordSpec(bytes.fromhex("0413"), 123456),
        RecordSpec(bytes.fromhex("4413"), 120000),
        RecordSpec(bytes.fromhex("426c"), date(2026, 10, 1)),
        RecordSpec(bytes.fromhex("023b"), 130),
        RecordSpec(bytes.fromhex("615b"), 8),
        RecordSpec(bytes.fromhex("6167"), 17),
        RecordSpec(bytes.fromhex("046d"), MeterTime(date(2026, 11, 23), 8, 0)),
    ]


def measure(action: Callable[[], object]) -> float:
    """The least processor seconds of some rounds after one that is not counted."""
    action()
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        action()
        seconds.append(time.process_time() - start)
    return min(seconds)


def build_crypto(mode: Mode, blocks: int, keys: list[bytes], index: list[int]) -> Callable[[], None]:
    """The AES of the telegrams and nothing else."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.cmac import CMAC

    bank, data, block = AesBank(), bytes(16 * blocks), bytes(16)
    updates = [bank.context("encrypt", key).update for key in keys]

    def run_ctr() -> None:
        for key in index:
            updates[key](data)

    def run_cbc() -> None:
        for key in index:
            for _ in range(blocks):
                updates[key](block)

    def run_derived() -> None:
        for key in index:
            Cipher(algorithms.AES(updates[key](block)), modes.CBC(block)).encryptor().update(data)
            mac = CMAC(algorithms.AES(updates[key](block)))
            mac.update(data)
            mac.finalize()

    return {"ell-ctr": run_ctr, "mode5": run_cbc, "mode7": run_derived}[mode]


def encode_all(layout: TelegramLayout, count: int, keys: list[bytes], bank: AesBank) -> None:
    """`count` telegrams, every meter in turn."""
    for start in range(0, count, len(keys)):
        serial = np.arange(min(len(keys), count - start))
        senders = Senders(build_identities(serial), serial % 256, serial + start, serial * 0, keys, serial)
        encode_columns(layout, senders, {1: 1000 + serial, 2: 900 + serial, 4: serial % 500}, bank=bank)


def main() -> None:
    """Measure every mode and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--telegrams", type=int, default=100_000)
    parser.add_argument("--meters", type=int, default=20_000)
    arguments = parser.parse_args()
    count, meters = arguments.telegrams, arguments.meters
    keys = [number.to_bytes(16, "big") for number in range(1, meters + 1)]
    bank = AesBank()
    for mode in ("none", "ell-ctr", "mode5", "mode7"):
        layout = build_layout(build_specs(), Envelope(LINK), mode=mode)

        took = measure(partial(encode_all, layout, count, keys, bank)) * 1e6 / count
        text = f"{mode:8} {took:6.2f} us a telegram  {1e6 / took:9.0f} telegrams/s"
        if mode != "none":
            blocks = -(-(len(layout.template) - layout.route.payload_at + 2) // 16)
            index = [number % meters for number in range(count)]
            crypto = measure(build_crypto(mode, blocks, keys, index)) * 1e6 / count
            text += f"  {took / crypto:5.2f} x cryptography ({crypto:.2f} us)"
        print(text)


if __name__ == "__main__":
    main()
