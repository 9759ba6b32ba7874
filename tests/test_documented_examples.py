# SPDX-License-Identifier: Apache-2.0
"""What the documentation shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from avlest.collect.formats.detect import parse_message
from avlest.collect.formats.model import Message

DOCS = Path(__file__).resolve().parent.parent / "docs"
NOW = datetime(2026, 1, 31, 12, 1, tzinfo=UTC)


def find_blocks(page: str, language: str) -> list[str]:
    """The code blocks of one language in a page."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("number", "items"), [(0, 1), (1, 2), (2, 1)])
def test_the_gateway_messages_in_the_manual_are_taken_in(number: int, items: int) -> None:
    """Each example of the page on the gateway message is read without a problem."""
    payload = find_blocks("reference/gateway-message.md", "json")[number].encode()
    parsed = parse_message(Message(payload, received_at=NOW, source="test"))
    assert parsed.problems == ()
    assert len(parsed.heard) == items
    assert all(heard.received_at <= NOW for heard in parsed.heard)


def test_the_telegram_in_the_tutorial_decodes() -> None:
    """The command that the tutorial shows prints a reading."""
    (telegram,) = set(re.findall(r"[0-9A-F]{20,}", (DOCS / "tutorial/first-decode.md").read_text())) - {
        "00112233445566778899AABBCCDDEEFF"
    }
    command = [sys.executable, "-m", "avlest", "decode", "--hex", telegram]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert '"total_m3": 7.905' in run.stdout
