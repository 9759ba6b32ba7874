# SPDX-License-Identifier: Apache-2.0
"""Hostile telegrams, a few thousand of them; `make fuzz` throws a million."""

from __future__ import annotations

import random
from itertools import islice

import pytest

from fuzz.decode import Run, damage, make_telegrams, read_seeds


@pytest.fixture
def seeds(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Telegrams of the repository only, so that every machine makes the same damage."""
    monkeypatch.setenv("AVLEST_SHARED", str(tmp_path))
    return read_seeds()


def test_damaged_telegrams_end_in_a_reading_or_an_outcome(seeds) -> None:
    """No exception escapes, every telegram has one result, and columns say what the scalar decoder says."""
    run = Run()
    telegrams = list(islice(make_telegrams(seeds, random.Random(20261123)), 3000))
    run.decode(telegrams)
    assert run.outcomes.total() == 3000
    assert run.outcomes["ok"] > 0
    assert len(run.outcomes) > 5


def test_damage_changes_the_telegram_and_keeps_it_short(seeds) -> None:
    """Damage is repeatable, nearly always visible, and never longer than a frame may be."""
    chance = random.Random(1)
    damaged = [damage(seed.telegram, chance) for seed in seeds for _ in range(50)]
    again = random.Random(1)
    assert damaged == [damage(seed.telegram, again) for seed in seeds for _ in range(50)]
    assert max(map(len, damaged)) <= 300
    changed = sum(
        new != seed.telegram for new, seed in zip(damaged, [s for s in seeds for _ in range(50)], strict=True)
    )
    assert changed > 0.9 * len(damaged)
