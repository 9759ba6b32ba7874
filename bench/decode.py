# SPDX-License-Identifier: Apache-2.0
"""How fast `avlest decode` turns a file of encrypted telegrams into columns and into JSON.

    python bench/decode.py [--telegrams 200000] [--memory]

Prints telegrams per second of processor time (all threads together, so per core), and
the ratio to the cryptography alone, measured in the same run: for every telegram one AES
update through a cached context; in mode 7 two key derivations, a fresh cipher and a MAC.
The telegrams are the shared ones where present (AVLEST_SHARED or ../shared), else
generated alike.  Start-up and reading of keys are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import gzip
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

    from avlest.catalogue.batch_decoder import BatchDecoder
    from avlest.catalogue.catalogue import Catalogue
    from avlest.telegrams.keyring import KeyRing

os.environ.setdefault("POLARS_MAX_THREADS", "1")

SHARED = Path(os.environ.get("AVLEST_SHARED", Path(__file__).parents[2] / "shared")) / "vectors"
ROUNDS = 5


@dataclass(frozen=True)
class Workload:
    """A file of telegrams, one a line, and a file of their keys."""

    telegrams: Path
    keys: Path
    count: int
    origin: str


def prepare(folder: Path, count: int) -> Workload:
    """Write `count` telegrams and their keys into `folder`."""
    telegrams, keys = folder / "telegrams.txt", folder / "keys.csv"
    packed, listed = SHARED / "bench-mix.txt.gz", SHARED / "bench-mix-keys.csv"
    if packed.exists() and listed.exists():
        lines = gzip.decompress(packed.read_bytes()).splitlines()
        repeated = (lines * (count // len(lines) + 1))[:count]
        telegrams.write_bytes(b"\n".join(repeated) + b"\n")
        keys.write_bytes(listed.read_bytes())
        return Workload(telegrams, keys, count, f"shared mix of {len(lines)} telegrams")
    from avlest.cli.sample import write_sample

    write_sample(telegrams, keys, count=count, meters=max(1, count // 34), seed=1)
    return Workload(telegrams, keys, count, "generated mix")


def make_decoder(work: Workload) -> BatchDecoder:
    """A decoder that has seen nothing yet."""
    from avlest.catalogue.batch_decoder import BatchDecoder
    from avlest.catalogue.decoder import Decoder

    return BatchDecoder(Decoder(load(work)[0]))


def decode_to_columns(work: Workload, decoder: BatchDecoder) -> None:
    """The file as far as columns in memory (Polars frames), without writing them."""
    from avlest.catalogue.batch_decoder import build_keys
    from avlest.catalogue.frames import build_frame
    from avlest.cli.decode import CHUNK_BYTES
    from avlest.cli.lines import read_chunks
    from avlest.telegrams.layouts.keytable import KeyTable

    keys = build_keys(KeyTable(load(work)[1]))
    with work.telegrams.open("rb") as stream:
        for lines in read_chunks(stream, size=CHUNK_BYTES):
            for group in decoder.decode(lines.batch, keys).groups:
                build_frame(group)


def load(work: Workload) -> tuple[Catalogue, KeyRing]:
    """Catalogue and keys, once: start-up is not measured."""
    from avlest.catalogue.catalogue import build_catalogue
    from avlest.cli.loading import load_keys

    if work.keys not in _loaded:
        _loaded[work.keys] = build_catalogue(), load_keys([work.keys], [])
    return _loaded[work.keys]


_loaded: dict[Path, tuple[Catalogue, KeyRing]] = {}


def decode_to(work: Workload, form: str, output: Path) -> None:
    """What `avlest decode` does after start-up."""
    from avlest.cli.decode import Format, decode_files

    catalogue, ring = load(work)
    with contextlib.redirect_stderr(io.StringIO()):
        decode_files([str(work.telegrams)], [], catalogue, ring, Format(form), output)


def measure(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The least processor seconds of some rounds after one that is not counted."""
    action()
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        action()
        seconds.append(time.process_time() - start)
    return min(seconds)


def build_crypto(work: Workload) -> Callable[[], None]:
    """The cryptography of the workload and nothing else, one telegram after another."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.cmac import CMAC

    keys = {
        bytes.fromhex(row["address"])[::-1]: bytes.fromhex(row["key"])
        for row in csv.DictReader(work.keys.open(), delimiter=";")
    }
    contexts: dict[tuple[bytes, str], CipherContext] = {}

    def context(key: bytes, kind: str) -> CipherContext:
        if (key, kind) not in contexts:
            cipher = Cipher(algorithms.AES(key), modes.ECB())
            contexts[key, kind] = cipher.encryptor() if kind == "encrypt" else cipher.decryptor()
        return contexts[key, kind]

    simple: list[tuple[Callable[[bytes], bytes], bytes]] = []
    derived: list[tuple[Callable[[bytes], bytes], bytes, bytes]] = []
    for line in work.telegrams.read_bytes().split():
        kind, identity, cipher_text, message = dissect(bytes.fromhex(line.decode()))
        key = keys.get(identity)
        if key is None or not cipher_text:
            continue
        if kind == "mode7":
            derived.append((context(key, "encrypt").update, cipher_text, message))
        else:
            direction = "encrypt" if kind == "ell-ctr" else "decrypt"
            simple.append((context(key, direction).update, cipher_text))
    seed = bytes(16)

    def run() -> None:
        for update, data in simple:
            update(data)
        for update, data, message in derived:
            Cipher(algorithms.AES(update(seed)), modes.ECB()).decryptor().update(data)
            mac = CMAC(algorithms.AES(update(seed)))
            mac.update(message)
            mac.finalize()

    return run


def dissect(telegram: bytes) -> tuple[str, bytes, bytes, bytes]:
    """Security of a telegram, identity of its key, cipher text in whole blocks, authenticated bytes."""
    from avlest.telegrams.layouts.route import read_route

    route = read_route(telegram)[0]
    identity = telegram[route.identity_at : route.identity_at + 4]
    if route.kind == "ell-ctr" and route.ell is not None:
        body = telegram[route.ell.crc_offset :]
        return route.kind, identity, body.ljust(-(-len(body) // 16) * 16, b"\0"), b""
    if route.kind in ("mode5", "mode7") and route.transport is not None:
        end = route.payload_at + route.transport.encrypted_length
        return route.kind, identity, telegram[route.payload_at : end], telegram[route.transport.offset :]
    return route.kind, identity, b"", b""


def report(work: Workload, folder: Path) -> None:
    """Measure and print one line a figure."""
    per = 1e6 / work.count
    hexadecimal = work.telegrams.read_text()
    hex_seconds = measure(lambda: [bytes.fromhex(line) for line in hexadecimal.split()])
    crypto = measure(build_crypto(work)) * per
    print(f"{work.count} telegrams, {work.origin}; least processor time of {ROUNDS} rounds")
    print(f"hex text to bytes alone       {hex_seconds * per:7.2f} us")
    print(f"cryptography alone            {crypto:7.2f} us")
    known = make_decoder(work)  # has its key contexts, as the cryptography alone has, and its layouts
    roads: tuple[tuple[str, Callable[[], None], float, float], ...] = (
        ("columns, known meters", lambda: decode_to_columns(work, known), 1.5, 2.0),
        ("columns, new meters", lambda: decode_to_columns(work, make_decoder(work)), 1.5, 2.0),
        ("a Parquet file", lambda: decode_to(work, "parquet", folder / "out.parquet"), 1.5, 2.0),
        ("JSON lines", lambda: decode_to(work, "json", folder / "out.json"), 3.0, 6.0),
    )
    for name, action, factor, extra in roads:
        took = measure(action) * per
        goal = factor * crypto + extra
        print(
            f"file to {name:22}{took:7.2f} us  {1e6 / took:9.0f} telegrams/s  "
            f"{took / crypto:5.2f} x cryptography  goal {goal:.2f} us: {'met' if took <= goal else 'missed'}"
        )


# What a child needs is counted from what its parent had when it was forked, so a small one starts it.
_WATCH = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=False)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def report_memory(folder: Path) -> None:
    """Peak memory of `avlest decode` over two million telegrams, as a process of its own."""
    work = prepare(folder, 2_000_000)
    for form in ("parquet", "json"):
        command = [sys.executable, "-m", "avlest", "decode", str(work.telegrams), "--keys", str(work.keys)]
        command += ["--format", form, "--output", str(folder / f"big.{form}")]
        watched = subprocess.run([sys.executable, "-c", _WATCH, *command], check=True, capture_output=True, text=True)
        peak = int(watched.stdout.split()[-1]) / 1024
        print(f"peak memory, 2,000,000 telegrams to {form}: {peak:.0f} MB, goal 500 MB")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--telegrams", type=int, default=200_000)
    parser.add_argument("--memory", action="store_true", help="also the peak memory over 2 million telegrams")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        report(prepare(Path(name), arguments.telegrams), Path(name))
        if arguments.memory:
            report_memory(Path(name))


if __name__ == "__main__":
    main()
