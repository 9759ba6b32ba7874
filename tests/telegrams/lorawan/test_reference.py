# SPDX-License-Identifier: Apache-2.0
"""The reference page of LoRaWAN says what the code does."""

from __future__ import annotations

import tomllib
from pathlib import Path

from avlest.catalogue.lorawan.file_format import TABLES
from avlest.catalogue.lorawan.load import parse_profile
from avlest.catalogue.lorawan.profiles import build_profiles
from avlest.telegrams.lorawan.sandbox import Limits

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "reference" / "lorawan.md").read_text("utf-8")


def test_each_key_of_a_profile_is_on_the_page():
    """Whoever adds a key adds its sentence."""
    for table in TABLES:
        assert f"## {table.title}\n" in PAGE
        for key, text in table.keys.items():
            assert f"| `{key}` | {text} |" in PAGE


def test_each_built_in_profile_is_on_the_page():
    """Whoever looks for a device finds it."""
    for profile in build_profiles().profiles:
        assert f"| `{profile.name}` | {profile.title} (" in PAGE


def test_the_limits_on_the_page_are_those_of_the_code():
    """Numbers in prose follow the code."""
    limits = Limits()
    assert f"| {limits.seconds} s |" in PAGE
    assert f"{limits.memory >> 20} MiB for one codec" in PAGE
    assert f"| {limits.stack >> 10} KiB |" in PAGE
    assert f"{limits.characters:,} characters" in PAGE


def test_the_example_of_the_how_to_can_be_read():
    """What people copy works."""
    text = (DOCS / "how-to" / "add-a-lorawan-codec.md").read_text("utf-8")
    block = text.split("```toml\n")[1].split("```")[0]
    example = "\n".join(line.removeprefix("   ") for line in block.splitlines())
    assert tomllib.loads(example)["profile"] == "fjordvann_x1"
    assert len(parse_profile(example, origin="X1.toml").rules) == 2
