# SPDX-License-Identifier: Apache-2.0
"""Hold a family's own telegrams against the values its file says they have."""

from __future__ import annotations

import math
from collections.abc import Iterator

from avlest.catalogue.catalogue import Catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.model import Example, Family, Value
from avlest.telegrams.outcomes import TelegramError


def check_family(catalogue: Catalogue, family: Family) -> Iterator[str]:
    """Sentences about every example that does not decode to what is expected of it."""
    for number, example in enumerate(family.examples, start=1):
        try:
            found = decode_example(catalogue, example)
        except (TelegramError, ValueError) as error:
            yield f"example {number}: {error}"
            continue
        yield from (f"example {number}: {problem}" for problem in compare(found, dict(example.expected)))


def decode_example(catalogue: Catalogue, example: Example) -> dict[str, Value]:
    """The object of an example's telegram, decoded as if it were the first ever heard."""
    keys = [bytes.fromhex(example.key)] if example.key else []
    return Decoder(catalogue).decode(bytes.fromhex(example.telegram), keys=keys)


def compare(found: dict[str, Value], expected: dict[str, Value]) -> Iterator[str]:
    """What differs between a decoded object and the expected members."""
    for name, value in expected.items():
        if name not in found:
            yield f"{name} is missing, expected {value!r}"
        elif not _same(found[name], value):
            yield f"{name} is {found[name]!r}, expected {value!r}"


def _same(found: Value, expected: Value) -> bool:
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9)
    return found == expected
