# SPDX-License-Identifier: Apache-2.0
"""What the documentation shows is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"


def test_the_telegram_in_the_tutorial_decodes() -> None:
    """The command that the tutorial shows prints a reading."""
    (telegram,) = set(re.findall(r"[0-9A-F]{20,}", (DOCS / "tutorial/first-decode.md").read_text())) - {
        "00112233445566778899AABBCCDDEEFF"
    }
    command = [sys.executable, "-m", "avlest", "decode", "--hex", telegram]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert '"total_m3": 7.905' in run.stdout
