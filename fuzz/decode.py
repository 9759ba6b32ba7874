# SPDX-License-Identifier: Apache-2.0
"""Throw damaged telegrams at the decoder: each must end in a reading or in an outcome with a code.

`python -m fuzz.decode --count 1000000` makes random and damaged telegrams, decodes them in batches as
`avlest decode` does, holds a sample against the scalar decoder, and prints what came of them and the peak memory.
`python -m fuzz.decode --guided [arguments of libFuzzer]` lets atheris search for inputs that reach new code.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BATCH = 2000
LONGEST = 300
KEY = bytes(range(16))
# Where a telegram tells lengths, layers and security: worth damaging more often than the rest.
HEADER = 30


@dataclass(frozen=True, slots=True)
class Seed:
    """A telegram to damage, and its key or nothing."""

    telegram: bytes
    key: bytes


def read_seeds() -> list[Seed]:
    """The examples of the catalogue, and the shared vectors where they are."""
    from avlest.catalogue.catalogue import build_catalogue

    examples = [example for family in build_catalogue().families() for example in family.examples]
    seeds = [Seed(bytes.fromhex(example.telegram), bytes.fromhex(example.key)) for example in examples]
    folder = Path(os.environ.get("AVLEST_SHARED", ROOT.parent / "shared")) / "vectors"
    for file in sorted(folder.glob("wmbus*.jsonl")):
        rows: list[Any] = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        seeds += [Seed(bytes.fromhex(row["telegram"]), bytes.fromhex(row.get("key") or "")) for row in rows]
    # One plain telegram of our own, so that there is something to damage in any case.
    return [*seeds, Seed(bytes.fromhex("1444AE4C7856341268077A550000000413E11E0000"), b"")]


def flip_bits(data: bytearray, chance: random.Random) -> None:
    """Turn over one to eight bits, half of the time in the headers."""
    for _ in range(chance.randint(1, 8)):
        end = min(len(data), HEADER) if chance.random() < 0.5 else len(data)
        data[chance.randrange(end)] ^= 1 << chance.randrange(8)


def damage(telegram: bytes, chance: random.Random) -> bytes:
    """The telegram with something wrong: bits turned, cut, noise inside, a piece moved; often with a fitting length."""
    data = bytearray(telegram)
    match chance.randrange(5):
        case 0 | 1:
            flip_bits(data, chance)
        case 2:
            del data[chance.randrange(1, len(data) + 1) :]
        case 3:
            start = chance.randrange(len(data))
            noise = chance.randbytes(chance.randint(1, 40))
            data[start : start + chance.choice((0, len(noise)))] = noise
        case _:
            start = chance.randrange(len(data))
            data += data[start:]
            flip_bits(data, chance)
    if data and chance.random() < 0.5:
        data[0] = (len(data) - 1) & 0xFF
    return bytes(data[:LONGEST])


def make_telegrams(seeds: Sequence[Seed], chance: random.Random) -> Iterator[tuple[bytes, bytes]]:
    """Telegrams with the key to try, without end: one in ten pure noise, the others damaged."""
    while True:
        if chance.random() < 0.1:
            yield chance.randbytes(chance.randrange(LONGEST)), KEY
        else:
            seed = chance.choice(seeds)
            yield damage(seed.telegram, chance), seed.key


def compare_with_scalar(telegram: bytes, key: bytes, columnar: object) -> None:
    """Fail, naming the telegram, when the scalar decoder says otherwise."""
    scalar = decode_scalar(telegram, key)
    if json.dumps(scalar, sort_keys=True) != json.dumps(columnar, sort_keys=True):
        raise AssertionError(f"{telegram.hex()}\n  scalar   {scalar}\n  columnar {columnar}")


def decode_scalar(telegram: bytes, key: bytes) -> object:
    """The object, or the outcome, that a new scalar decoder gives for one telegram."""
    from avlest.catalogue.decoder import Decoder
    from avlest.telegrams.outcomes import TelegramError

    try:
        return Decoder(get_catalogue()).decode(telegram, keys=[key] if key else [])
    except TelegramError as error:
        return error.outcome.value


_CATALOGUE: list[Any] = []


def get_catalogue() -> Any:
    """The built-in catalogue, read once."""
    from avlest.catalogue.catalogue import build_catalogue

    if not _CATALOGUE:
        _CATALOGUE.append(build_catalogue())
    return _CATALOGUE[0]


class Run:
    """Decodes batches and counts what came of each telegram."""

    def __init__(self) -> None:
        from avlest.catalogue.batch_decoder import BatchDecoder
        from avlest.catalogue.decoder import Decoder

        self.decoder = BatchDecoder(Decoder(get_catalogue()))
        self.outcomes: Counter[str] = Counter()

    def decode(self, telegrams: Sequence[tuple[bytes, bytes]]) -> None:
        """Decode one batch; every telegram must be in exactly one place of the result."""
        import numpy as np

        from avlest.catalogue.batch_decoder import build_keys
        from avlest.telegrams.keyring import build_keyring
        from avlest.telegrams.layouts.batch import build_batch

        keys = tuple(dict.fromkeys(key for _, key in telegrams if key))
        index = np.array([keys.index(key) if key else -1 for _, key in telegrams], np.int64)
        batch = build_batch(telegram for telegram, _ in telegrams)
        result = self.decoder.decode(batch, build_keys(build_keyring([]), keys, index))
        grouped = [int(row) for group in result.groups for row in group.rows]
        rows = sorted([*grouped, *result.objects, *result.errors])
        if rows != list(range(len(telegrams))):
            raise AssertionError(f"{len(rows)} results for {len(telegrams)} telegrams")
        self.outcomes.update(error.outcome.value for error in result.errors.values())
        self.outcomes["ok"] += len(rows) - len(result.errors)
        self.check_sample(telegrams, result)

    def check_sample(self, telegrams: Sequence[tuple[bytes, bytes]], result: Any) -> None:
        """Hold one row in a hundred of the columns against the scalar decoder."""
        from avlest.catalogue.frames import build_frame

        for group in result.groups:
            if group.rows[0] % 100:
                continue
            columns = build_frame(group).row(0, named=True)
            constant = {"media": group.media, "meter": group.meter, "manufacturer": group.manufacturer}
            compare_with_scalar(*telegrams[int(group.rows[0])], constant | columns)


def run_random(count: int, seed: int) -> None:
    """Decode `count` damaged telegrams and print what came of them."""
    chance = random.Random(seed)
    source = make_telegrams(read_seeds(), chance)
    run = Run()
    began = time.perf_counter()
    for start in range(0, count, BATCH):
        run.decode([next(source) for _ in range(min(BATCH, count - start))])
    seconds = time.perf_counter() - began
    for outcome, number in run.outcomes.most_common():
        print(f"{number:>10,}  {outcome}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{count:>10,}  telegrams in {seconds:.1f} s, peak memory {peak:.0f} MB, no exception (seed {seed})")


def run_guided(arguments: Sequence[str]) -> None:
    """Let atheris look for telegrams that reach new code; a byte string is the telegram itself."""
    import atheris

    with atheris.instrument_imports(include=["avlest"]):
        import avlest.catalogue.decoder  # noqa: F401

    def decode_one(data: bytes) -> None:
        decode_scalar(data, KEY)

    atheris.Setup([sys.argv[0], *arguments], decode_one)
    atheris.Fuzz()


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="how many telegrams to make")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same telegrams")
    parser.add_argument("--guided", action="store_true", help="use atheris; further arguments go to libFuzzer")
    options, rest = parser.parse_known_args()
    if options.guided:
        run_guided(rest)
    elif rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    else:
        run_random(options.count, options.seed)


if __name__ == "__main__":
    main()
