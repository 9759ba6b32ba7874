# SPDX-License-Identifier: Apache-2.0
"""Real telegrams of more than a hundred families decode to the values that are known of them."""

from __future__ import annotations

from typing import Any

from avlest.catalogue.batch_decoder import BatchDecoder, build_keys
from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.frames import build_objects
from avlest.catalogue.model import Value
from avlest.telegrams.keyring import KeyRing
from avlest.telegrams.layouts.batch import build_batch

NOT_COMPARED = {"_", "name", "timestamp", "device", "device_date", "rssi_dbm"}
# One meter model is described under two names upstream, with other field names for the same
# records; nothing in a telegram tells which description is meant.  We have `ultrimisv2`.
TWICE_DESCRIBED = {"ultrimis"}


def differences(found: dict[str, Value], expected: dict[str, Any]) -> list[str]:
    return [
        f"{name}: {found.get(name, 'absent')!r}, expected {value!r}"
        for name, value in expected.items()
        if name not in NOT_COMPARED and not (name in found and same(found[name], value))
    ]


def same(found: Value, expected: Any) -> bool:
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return abs(found - expected) <= max(5e-7, 1e-9 * abs(expected))
    return bool(found == expected)


def keys_of(vector: dict[str, Any]) -> list[bytes]:
    return [bytes.fromhex(vector["key"])] if vector.get("key") else []


def test_every_known_telegram_decodes_to_its_known_values(wmbus_vectors: list[dict[str, Any]]) -> None:
    decoder = Decoder(build_catalogue())
    wrong = {}
    for vector in wmbus_vectors:
        found = decoder.decode(bytes.fromhex(vector["telegram"]), keys=keys_of(vector))
        problems = differences(found, vector["expected"])
        if problems:
            wrong[vector["meter"], vector["telegram"][:24]] = problems
    assert {meter for meter, _ in wrong} <= TWICE_DESCRIBED, wrong


def test_columns_give_the_very_same_objects(wmbus_vectors: list[dict[str, Any]]) -> None:
    telegrams = [bytes.fromhex(vector["telegram"]) for vector in wmbus_vectors]
    brought: dict[bytes, int] = {}
    index = [brought.setdefault(key, len(brought)) if key else -1 for key in (_first(v) for v in wmbus_vectors)]
    catalogue = build_catalogue()
    batch = BatchDecoder(Decoder(catalogue), smallest=1)
    result = batch.decode(build_batch(telegrams), build_keys(KeyRing(), tuple(brought), _array(index)))
    found = dict(result.objects)
    for group in result.groups:
        found |= dict(zip(group.rows.tolist(), build_objects(group), strict=True))
    scalar = Decoder(catalogue)
    expected = {
        row: scalar.decode(telegram, keys=keys_of(vector))
        for row, (telegram, vector) in enumerate(zip(telegrams, wmbus_vectors, strict=True))
    }
    assert not result.errors
    assert found == expected


def _first(vector: dict[str, Any]) -> bytes | None:
    return next(iter(keys_of(vector)), None)


def _array(index: list[int]) -> Any:
    import numpy as np

    return np.array(index, np.int64)
