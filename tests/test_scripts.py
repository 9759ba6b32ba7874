# SPDX-License-Identifier: Apache-2.0
"""The scripts that judge: how answers are compared, how pages are written."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import pytest

from avlest.telegrams.records.vif_tables import VifRow
from scripts.conformance import Score, compare_fields, decode, is_same
from scripts.reference.markdown import make_cell, make_page, make_table
from scripts.reference.telegrams import describe_code, describe_fraction, describe_scale


@pytest.mark.parametrize(
    ("got", "want", "same"),
    [
        (1.0000004, 1.0, True),
        (1.000001, 1.0, False),
        (1e12, 1e12 + 500, True),
        (1e12, 1e12 + 5000, False),
        (3, 3.0, True),
        ("3", 3, False),
        (True, 1, False),
        (None, None, True),
        (0, None, False),
        ("OK", "OK", True),
        (None, 0, False),
    ],
)
def test_values_agree_within_the_tolerance(got: object, want: object, same: bool) -> None:
    """Numbers agree within 1e-9 relative or half of the sixth decimal, everything else exactly."""
    assert is_same(got, want) is same


def test_an_absent_field_and_a_wrong_one_are_named() -> None:
    """Each difference is a sentence with the field, what came and what was expected."""
    said = list(compare_fields({"a": 1, "b": "OK", "c": 2}, {"a": 1, "b": "DRY"}))
    assert said == ["b is 'DRY', expected 'OK'", "c is absent, expected 2"]


def test_what_a_decoder_cannot_know_does_not_count() -> None:
    """The name somebody gave and the time of reading are left out of the score."""
    score = Score()
    score.add({"telegram": "00", "expected": {"name": "x", "timestamp": "y", "id": "1"}}, {"id": "1"})
    assert (score.vectors_right, score.fields, score.fields_right) == (1, 1, 1)
    score.add({"telegram": "00", "expected": {"id": "1"}}, {"error": "too_short"})
    assert (score.vectors, score.vectors_right, score.fields_right) == (2, 1, 1)
    assert "[too_short] id is absent" in score.differences[0]


def test_too_few_answers_end_the_score() -> None:
    """A command that swallows a telegram is not scored line by line, but refused."""
    with pytest.raises(SystemExit, match="0 answers for 1 telegrams"):
        decode([{"telegram": "00"}], [sys.executable, "-c", "pass"])


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    """Table cells keep their text in one cell and on one line."""
    assert make_cell("a|b\n c") == "a\\|b c"
    assert make_table(("x", "y"), [(1, "a|b")]) == "| x | y |\n|---|---|\n| 1 | a\\|b |"
    assert make_page("T", "text\n").endswith("# T\n\ntext\n")


def test_factors_are_written_as_people_write_them() -> None:
    """Whole, decimal where that is exact, else a fraction; runs of codes show both ends."""
    assert [describe_fraction(Fraction(*pair)) for pair in ((60, 1), (1, 1000), (10, 36))] == ["60", "0.001", "5/18"]
    assert (describe_code(0x13, 0x13), describe_code(0x10, 0x17)) == ("`13`", "`10`–`17`")
    assert describe_scale(VifRow(0x10, 0x17, "volume", "m3", "x", exponent=-6)) == "10^-6 … 10^1"
    assert describe_scale(VifRow(0x20, 0x21, "on_time", "s", "x", units=("s", "min"))) == "s, min"


def test_a_page_that_is_missing_is_not_current(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The check of generated pages sees a missing page and a changed one."""
    from scripts import generate_docs

    monkeypatch.setattr(generate_docs, "FOLDER", tmp_path)
    assert not generate_docs.is_current("units.md")
    (tmp_path / "units.md").write_text(generate_docs.build_page("units.md"), encoding="utf-8")
    assert generate_docs.is_current("units.md")
    (tmp_path / "units.md").write_text("old", encoding="utf-8")
    assert not generate_docs.is_current("units.md")
