# SPDX-License-Identifier: Apache-2.0
"""The manual's page of gateways says what the code does."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

from avlest.collect.formats.detect import PARSERS, parse_message
from avlest.collect.formats.model import Message
from avlest.collect.settings import KINDS, READERS, parse_sources
from avlest.project.options import Place
from tests.collect.sources.support import make_telegram

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "reference/gateways.md").read_text("utf-8")
HOW_TO = (DOCS / "how-to/connect-a-gateway.md").read_text("utf-8")


def test_every_format_source_and_reader_has_its_row() -> None:
    """A format that is added is documented, and none that is gone."""
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    fields = {"avlest", "gateway", "telegrams", "road", "data", "time", "key", "kind", "format", "reader", "field"}
    assert rows - fields >= {*PARSERS, *KINDS, *READERS} - fields
    assert rows <= {*PARSERS, *KINDS, *READERS} | fields


def test_the_example_of_the_avlest_message_is_taken_in() -> None:
    """Word for word, with telegrams where the page has dots."""
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    telegram = make_telegram(1).hex()
    message = Message(re.sub(r'"[0-9A-F]*…[0-9A-F]*"', f'"{telegram}"', example).encode(), datetime.now(UTC), "s")
    parsed = parse_message(message)
    assert parsed.problems == ()
    assert [one.road for one in parsed.heard] == ["wmbus", "mbus", "han", "lorawan", "reading"]
    assert {one.gateway for one in parsed.heard} == {"roof-12"}
    assert json.loads(parsed.heard[-1].payload)["readings"][0]["value"] == "123.456"


def test_every_table_of_the_how_to_is_a_valid_source() -> None:
    """What is to be copied works."""
    tables = [tomllib.loads(text)["sources"][0] for text in re.findall(r"```toml\n(.*?)```", HOW_TO, re.DOTALL)]
    sources = parse_sources(tables, place=Place("avlest.toml", "", "sources"), data_dir=Path("/data"))
    assert {source.kind for source in sources} == set(KINDS)
