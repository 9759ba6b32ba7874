# SPDX-License-Identifier: Apache-2.0
"""The cases printed in docs/reference/settlement-cases.md are what the page says they are."""

from __future__ import annotations

import re
from pathlib import Path

from avlest.cli.settle_case import get_holidays
from avlest.settlement.cases.calculate import derive_case
from avlest.settlement.cases.output import write_case
from avlest.settlement.cases.parse import parse_case

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "settlement-cases.md"


def test_every_printed_case_calculates():
    """Each block of the page is a whole case, and comes to the sums beside it."""
    blocks = re.findall(r"```(toml|json)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    totals = []
    for kind, text in blocks:
        written = write_case(derive_case(parse_case(text, filename=f"case.{kind}", holidays=get_holidays)))
        assert not written["problems"]
        totals.append(written["invoices"][0]["total"])
    assert totals == ["6698.66", "1020.86", "-1525.79", "2507.50"]
