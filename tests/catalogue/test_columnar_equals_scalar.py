# SPDX-License-Identifier: Apache-2.0
"""Whatever is decoded in columns is what the scalar decoder says, telegram by telegram.

The scalar decoder is the readable reference; the columnar one is the one that is used.
They are held against each other on the shared vectors, the catalogue's examples, a
generated capture, and 20,000 telegrams made of these: with other values, sealed anew,
damaged, or with other keys.  `make fuzz` makes it 100,000 (`AVLEST_TEST_TELEGRAMS`).
"""

from __future__ import annotations

import json
import math
import os
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from avlest.catalogue.batch_decoder import BatchDecoder, Keys, build_keys
from avlest.catalogue.catalogue import Catalogue, build_catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.frames import build_objects
from avlest.catalogue.model import Value
from avlest.telegrams.keyring import KeyRing, build_keyring
from avlest.telegrams.layouts.batch import build_batch
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.identities import find_identities
from tests.catalogue.mutations import (
    Heard,
    Pool,
    make_sample,
    mutate,
    read_examples,
    read_original,
    read_vectors,
)

BATCH = 4000
ORIGINALS = 25  # a batch is made of so many telegrams, so that many of its rows are alike
TELEGRAMS = int(os.environ.get("AVLEST_TEST_TELEGRAMS", "20000"))
MADE_BATCHES = TELEGRAMS * 3 // 5 // BATCH
SHARED_BATCHES = TELEGRAMS // BATCH - MADE_BATCHES

Result = dict[str, Value] | str
"""An object, or the outcome code of an error."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The built-in catalogue, read once."""
    return build_catalogue()


def decode_in_columns(decoder: BatchDecoder, heard: Sequence[Heard], keys: Keys) -> list[Result]:
    """What the columnar decoder says of each telegram; every one must be in exactly one place."""
    result = decoder.decode(build_batch(item.telegram for item in heard), keys)
    found: dict[int, Result] = {row: error.outcome.value for row, error in result.errors.items()}
    parts: list[tuple[list[int], list[Any]]] = [(list(result.objects), list(result.objects.values()))]
    parts += [(group.rows.tolist(), build_objects(group)) for group in result.groups]
    for rows, objects in parts:
        assert not found.keys() & set(rows)
        found |= dict(zip(rows, objects, strict=True))
    assert sorted(found) == list(range(len(heard)))
    return [found[row] for row in range(len(heard))]


def decode_singly(decoder: Decoder, heard: Sequence[Heard], ring: KeyRing) -> list[Result]:
    """What the scalar decoder says of each telegram."""
    results: list[Result] = []
    for item in heard:
        try:
            keys = ring.candidates(find_identities(item.telegram), item.key or None)
            results.append(decoder.decode(item.telegram, keys=keys))
        except TelegramError as error:
            results.append(error.outcome.value)
    return results


def collect_keys(heard: Sequence[Heard], ring: KeyRing) -> Keys:
    """The keys of a batch: a ring, and those that the telegrams bring along."""
    table = tuple(dict.fromkeys(item.key for item in heard if item.key))
    places = {key: place for place, key in enumerate(table)}
    return build_keys(ring, table, np.array([places.get(item.key, -1) for item in heard], np.int64))


def assert_equal(columnar: BatchDecoder, scalar: Decoder, heard: Sequence[Heard], ring: KeyRing) -> Counter[str]:
    """Fail with the first telegrams on which the two differ; else count the outcomes.

    Both know the compact formats that any of the telegrams teaches: which of them was
    heard first is no matter of columns.
    """
    expected = decode_singly(scalar, heard, ring)
    columnar.decoder.formats = scalar.formats
    early = [row for row, item in enumerate(expected) if item == Outcome.UNKNOWN_FORMAT]
    for row, item in zip(early, decode_singly(scalar, [heard[row] for row in early], ring), strict=True):
        expected[row] = item
    found = decode_in_columns(columnar, heard, collect_keys(heard, ring))
    huge = find_huge(expected)
    different = [row for row in range(len(heard)) if not is_same(found[row], expected[row], huge)]
    assert not different, describe_difference(heard, found, expected, different)
    return Counter(item if isinstance(item, str) else "ok" for item in expected)


def find_huge(results: Sequence[Result]) -> frozenset[tuple[Value, str]]:
    """Fields with a whole number beyond 64 bits somewhere: a column of them holds doubles."""
    objects = [item for item in results if isinstance(item, dict)]
    return frozenset(
        (item["meter"], name)
        for item in objects
        for name, value in item.items()
        if isinstance(value, int) and abs(value) > 2**63 - 1
    )


def is_same(one: Result, other: Result, huge: frozenset[tuple[Value, str]]) -> bool:
    """Equal values of equal kind (5 and 5.0 are printed differently), huge ones as doubles."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    if one.keys() != other.keys():
        return False
    return all(
        is_close(value, other[name])
        if (one["meter"], name) in huge
        else (value, type(value)) == (other[name], type(other[name]))
        for name, value in one.items()
    )


def is_close(one: Value, other: Value) -> bool:
    """Equal, or the same number to the last digit of a double."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-15)
    return one == other


def describe_difference(
    heard: Sequence[Heard], found: Sequence[Result], expected: Sequence[Result], rows: Sequence[int]
) -> str:
    """A few telegrams that differ, with key and the members that are not the same."""
    lines = [f"{len(rows)} of {len(heard)} telegrams differ"]
    for row in rows[:3]:
        one, other = found[row], expected[row]
        lines.append(f"row {row}: {heard[row].telegram.hex()} key {heard[row].key.hex() or 'none'}")
        if isinstance(one, dict) and isinstance(other, dict):
            names = [
                name for name in {**one, **other} if json.dumps(one.get(name, "-")) != json.dumps(other.get(name, "-"))
            ]
            lines += [f"  {name}: columnar {one.get(name, '-')!r}, scalar {other.get(name, '-')!r}" for name in names]
        else:
            lines += [f"  columnar {one}", f"  scalar {other}"]
    return "\n".join(lines)


def _compare_anew(
    catalogue: Catalogue, heard: Sequence[Heard], ring: KeyRing | None = None, *, smallest: int = 1
) -> Counter[str]:
    columnar = BatchDecoder(Decoder(catalogue), smallest=smallest)
    return assert_equal(columnar, Decoder(catalogue), heard, ring or build_keyring([]))


def test_shared_vectors_agree(catalogue: Catalogue, wmbus_vectors: list[dict[str, Any]]) -> None:
    """Every real telegram at hand, with its key, all in one batch."""
    counts = _compare_anew(catalogue, read_vectors(wmbus_vectors))
    assert counts["ok"] > 0.9 * len(wmbus_vectors)


def test_keys_from_a_ring_agree(catalogue: Catalogue, wmbus_vectors: list[dict[str, Any]]) -> None:
    """The same with keys found by the identity, wrong ones among them."""
    heard = read_vectors(wmbus_vectors)
    pairs = [(identity, item.key) for item in heard if item.key for identity in find_identities(item.telegram)]
    wrong = [(identity, bytes(16)) for identity, _ in pairs[::3]]
    without = [Heard(item.telegram) for item in heard]
    _compare_anew(catalogue, without, build_keyring(wrong + pairs))
    _compare_anew(catalogue, without, build_keyring(pairs, for_all=[b"\x11" * 16]))


def test_examples_of_the_catalogue_agree(catalogue: Catalogue) -> None:
    """The telegrams that the catalogue files hold, in one batch, several times."""
    examples = read_examples(catalogue)
    counts = _compare_anew(catalogue, examples * 3)
    assert counts == {"ok": 3 * len(examples)} if examples else not counts


def test_a_generated_capture_agrees(catalogue: Catalogue, tmp_path: Path) -> None:
    """Full and compact frames under every mode, many telegrams a layout."""
    assert _compare_anew(catalogue, make_sample(tmp_path, count=1000)) == {"ok": 1000}


def read_pool(catalogue: Catalogue, heard: Sequence[Heard]) -> Pool:
    """The telegrams that decode, taken apart: what others can be made of."""
    decoder = Decoder(catalogue)
    found = [read_original(decoder, item) for item in heard]
    return Pool(catalogue, [item for item in found if item is not None])


@pytest.fixture(scope="module")
def made(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    """The generated capture and the examples of the catalogue."""
    capture = make_sample(tmp_path_factory.mktemp("sample"), count=80)
    return read_pool(catalogue, capture + read_examples(catalogue))


@pytest.fixture(scope="module")
def shared(catalogue: Catalogue, wmbus_vectors: list[dict[str, Any]]) -> Pool:
    """The shared vectors."""
    return read_pool(catalogue, read_vectors(wmbus_vectors))


def _compare_mutants(pool: Pool, seed: int) -> None:
    chance = random.Random(seed)
    heard = mutate(chance.sample(pool.originals, min(ORIGINALS, len(pool.originals))), chance, BATCH)
    counts = _compare_anew(pool.catalogue, heard, smallest=chance.choice((1, 2, 8)))
    assert counts.total() == BATCH
    assert counts["ok"] > BATCH / 10


_SEEDS = st.integers(0, 2**32 - 1)
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # a smaller seed is no simpler batch


@pytest.mark.slow
@pytest.mark.timeout(600)  # a busy machine is slow, not wrong
@settings(max_examples=MADE_BATCHES, derandomize=True, database=None, phases=_PHASES)
@given(seed=_SEEDS)
def test_telegrams_made_of_our_own_agree(made: Pool, seed: int) -> None:
    """Three in five of them: other values in known shapes, sealed anew, damaged, noise, right and wrong keys."""
    _compare_mutants(made, seed)


@pytest.mark.slow
@pytest.mark.timeout(600)  # a busy machine is slow, not wrong
@settings(max_examples=SHARED_BATCHES, derandomize=True, database=None, phases=_PHASES)
@given(seed=_SEEDS)
def test_telegrams_made_of_shared_vectors_agree(shared: Pool, seed: int) -> None:
    """The others, made of the real telegrams of every family at hand."""
    _compare_mutants(shared, seed)
