# SPDX-License-Identifier: Apache-2.0
"""Every catalogue file has telegrams of its own, and they decode to what they say."""

from __future__ import annotations

import pytest

from avlest.catalogue.catalogue import Catalogue, build_catalogue
from avlest.catalogue.check import check_family
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.model import Family
from avlest.telegrams.outcomes import Outcome, TelegramError

_CATALOGUE = build_catalogue()
_FAMILIES = tuple(_CATALOGUE.all_families())

WITHOUT_EXAMPLE: dict[str, str] = {}
"""Files that have no example, and why."""


@pytest.fixture
def catalogue() -> Catalogue:
    """The built-in catalogue."""
    return _CATALOGUE


@pytest.mark.parametrize("family", _FAMILIES, ids=[family.origin for family in _FAMILIES])
def test_the_examples_of_a_file_decode_to_what_they_say(catalogue: Catalogue, family: Family) -> None:
    """At least one telegram, and no member printed otherwise."""
    assert list(check_family(catalogue, family)) == []
    assert family.examples or family.origin in WITHOUT_EXAMPLE


def test_files_without_example_are_listed_with_a_reason() -> None:
    """The list names no file that has one, or that is gone."""
    without = {family.origin for family in _FAMILIES if not family.examples}
    assert without == set(WITHOUT_EXAMPLE)
    assert all(WITHOUT_EXAMPLE.values())


def test_examples_cover_the_fields(catalogue: Catalogue) -> None:
    """Nearly every field that a file reads from a record is expected by one of its examples."""
    fields = [(family, field.name) for family in _FAMILIES for field in family.fields if field.select]
    fields = [(family, name) for family, name in fields if "{" not in name]
    seen = {
        family.origin: {name for example in family.examples for name, _ in example.expected} for family in _FAMILIES
    }
    covered = sum(name in seen[family.origin] for family, name in fields)
    assert covered > 0.85 * len(fields)


@pytest.mark.parametrize(
    "family",
    [family for family in _FAMILIES if any(example.key for example in family.examples)],
    ids=lambda item: item.origin,
)
def test_sealed_examples_do_not_open_without_their_key(catalogue: Catalogue, family: Family) -> None:
    """A telegram with a key says that it needs one, and that another does not fit."""
    for example in family.examples:
        if example.key:
            telegram = bytes.fromhex(example.telegram)
            assert _outcome(catalogue, telegram, []) is Outcome.KEY_MISSING
            assert _outcome(catalogue, telegram, [b"\x5a" * 16]) in (Outcome.KEY_WRONG, Outcome.MAC_WRONG)


def _outcome(catalogue: Catalogue, telegram: bytes, keys: list[bytes]) -> Outcome | None:
    try:
        Decoder(catalogue).decode(telegram, keys=keys)
    except TelegramError as error:
        return error.outcome
    return None
