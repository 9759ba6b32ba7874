# SPDX-License-Identifier: Apache-2.0
"""Files as they come: encodings, delimiters, decimal signs, headings, and hostile ones."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.registry.importing.columns import match_headings, normalise
from avlest.registry.importing.report import ImportFileError
from avlest.registry.importing.tables import decode_text, find_delimiter, read_table
from avlest.registry.importing.values import Style, find_decimal, instant, parse_decimal, to_text
from avlest.registry.importing.zips import Limits

LIMITS = Limits()


def read(content: bytes, *, filename: str = "list.csv", limits: Limits = LIMITS):
    return read_table(content, filename=filename, limits=limits)


def make_xlsx(rows: Sequence[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def rewrite_zip(content: bytes, changed: dict[str, bytes]) -> bytes:
    """Return a ZIP with some members replaced or added."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *changed}:
            new.writestr(name, changed.get(name) or old.read(name))
    return stream.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_norwegian_letters_survive_every_usual_encoding(encoding):
    """A list written in any encoding of spreadsheets gives the same cells."""
    table = read("målernummer;sted\n12345678;Ås\n".encode(encoding))
    assert table.rows[1].cells == ["12345678", "Ås"]
    assert table.rows[0].cells == ["målernummer", "sted"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    """The delimiter that cuts all lines alike is taken, decimal commas notwithstanding."""
    text = "\n".join(delimiter.join(row) for row in (["a", "b", "c"], ["1", '"2,5"', "x"], ["3", '"4,5"', "y"]))
    assert find_delimiter(text) == delimiter


def test_a_spreadsheets_own_hint_names_the_delimiter():
    """`sep=` in the first line is believed, and line numbers still count from the top."""
    table = read(b"sep=,\na,b\n1;2,3\n")
    assert [(row.line, row.cells) for row in table.rows] == [(2, ["a", "b"]), (3, ["1;2", "3"])]


def test_lines_are_numbered_as_an_editor_shows_them():
    """Blank lines and quoted line breaks do not shift the numbers of later rows."""
    table = read(b'a;b\n\n"two\nlines";x\n1;2\n')
    assert [row.line for row in table.rows] == [1, 3, 5]


def test_a_workbook_gives_numbers_dates_and_text():
    """Cells of XLSX keep their types; the line is the row of the sheet."""
    table = read(make_xlsx([["serial", "from"], [12345678, datetime(2026, 1, 31)], [None, None], ["x", None]]))  # noqa: DTZ001
    assert [row.line for row in table.rows] == [1, 2, 4]
    assert to_text(table.rows[1].cells[0]) == "12345678"
    assert instant(table.rows[1].cells[1], Style()) == datetime(2026, 1, 30, 23, tzinfo=UTC)


def test_a_formula_is_refused():
    """A formula in a workbook or a CSV is not taken for its text."""
    table = read(make_xlsx([["serial"], ["=1+1"]]))
    with pytest.raises(ValueError, match="a value, not a formula"):
        to_text(table.rows[1].cells[0])
    with pytest.raises(ValueError, match="a value, not a formula"):
        to_text(read(b"serial;x\n=cmd|' /C calc'!A0;1\n").rows[1].cells[0])


def test_quoted_text_formulas_keep_leading_zeros():
    """`="00123"`, as spreadsheets write numbers with leading zeros, is its text."""
    assert read(b'a;b\n="00123";1\n').rows[1].cells[0] == "00123"


def test_a_zip_bomb_is_refused():
    """A workbook that unpacks to far more than its size is not unpacked."""
    bomb = rewrite_zip(make_xlsx([["a"]]), {"xl/bomb.xml": b"<a>" + b"0" * 60_000_000 + b"</a>"})
    with pytest.raises(ImportFileError, match="refused as a zip bomb"):
        read(bomb)


def test_entities_in_a_workbook_are_refused():
    """A document type in any part of a workbook (XXE, entity expansion) is refused."""
    hostile = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    with pytest.raises(ImportFileError, match="declares a document type: refused as hostile"):
        read(rewrite_zip(make_xlsx([["a"]]), {"xl/sharedStrings.xml": hostile}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "old or locked Excel file"),
        (b"PK\x03\x04 broken", "the ZIP container is broken"),
        (b"\x00\x01\x02\x03\x04 text after", "the file is binary"),
        (b"\xff\xfe\x00", "begins as utf-16 but byte"),
    ],
)
def test_a_file_of_another_kind_says_what_it_is(content, message):
    """What is no list is refused with a sentence about what it is."""
    with pytest.raises(ImportFileError, match=message):
        read(content)


def test_a_zip_that_is_no_workbook_is_refused():
    """Any other ZIP container is named as such."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(ImportFileError, match="no XLSX workbook"):
        read(stream.getvalue())


def test_size_and_row_limits_hold():
    """Files over the limits of the settings are refused, saying the limit."""
    with pytest.raises(ImportFileError, match="at most 1 MB are taken in"):
        read(b"a" * 2_000_000, limits=Limits(file_bytes=1_000_000))
    with pytest.raises(ImportFileError, match="more than 2 rows"):
        read(b"a;b\n" * 9, limits=Limits(rows=2))


@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fall_over(content):
    """Whatever comes in, the answer is a table or an `ImportFileError`."""
    try:
        table = read(content)
    except ImportFileError:
        return
    assert all(row.line >= 1 for row in table.rows)


@given(st.text(max_size=80).filter(lambda text: "\0" not in text))
def test_utf8_text_comes_back_as_it_was(text):
    """Text in UTF-8 is decoded as UTF-8."""
    assert decode_text(text.encode("utf-8-sig"))[0] == text


@pytest.mark.parametrize(
    ("cell", "decimal", "expected"),
    [
        ("1240,5", ",", "1240.5"),
        ("1 240,5", ",", "1240.5"),
        ("1\u00a0240,5", ",", "1240.5"),
        ("1.240,5", ",", "1240.5"),
        ("1.240.500", ",", "1240500"),
        ("1240.5", ".", "1240.5"),
        ("1,240.5", ".", "1240.5"),
        (" -3 ", ".", "-3"),
        (0.1, ",", "0.1"),
        (17, ",", "17"),
    ],
)
def test_numbers_are_read_by_the_files_decimal_sign(cell, decimal, expected):
    """Decimal comma and point, with or without thousands marks, give the same exact number."""
    assert parse_decimal(cell, Style(decimal=decimal)) == Decimal(expected)


def test_an_ambiguous_number_is_refused_rather_than_guessed():
    """`1.234` in a file with decimal commas could be 1234: it is refused, naming the other line."""
    with pytest.raises(ValueError, match=r'decimal "," as in line 3; "\." is ambiguous here'):
        parse_decimal("1.234", Style(decimal=",", decimal_line=3))


@pytest.mark.parametrize("cell", ["", "x", "1,2,3", "--1", "NaN", "inf", "1e5x", True])
def test_what_is_no_number_is_refused(cell):
    """Text, doubled marks and special values are no numbers."""
    with pytest.raises(ValueError, match="a number"):
        parse_decimal(cell, Style(decimal=","))


def test_the_decimal_sign_is_found_from_the_cells():
    """One unmistakable decimal comma decides; without one, a point does."""
    assert find_decimal([(2, "17"), (3, "4.5"), (4, "1,5")]) == (",", 4)
    assert find_decimal([(2, "17"), (3, "4.5")]) == (".", 3)
    assert find_decimal([(2, "17"), (3, 4.5)]) == (".", None)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-31", "2026-01-30T23:00Z"),
        ("31.01.2026", "2026-01-30T23:00Z"),
        ("31.1.26", "2026-01-30T23:00Z"),
        ("20260131", "2026-01-30T23:00Z"),
        ("2026-07-01 12:30", "2026-07-01T10:30Z"),
        ("1.7.2026 kl. 12:30", "2026-07-01T10:30Z"),
        ("2026-07-01T12:30:00+00:00", "2026-07-01T12:30Z"),
        ("2026-07-01T12:30Z", "2026-07-01T12:30Z"),
        ("2026-10-25 02:30", "2026-10-25T00:30Z"),
    ],
)
def test_dates_are_local_days_and_times_unless_they_name_a_zone(cell, expected):
    """A date is local midnight; a time without zone is local, the earlier of two in autumn."""
    assert f"{instant(cell, Style()):%Y-%m-%dT%H:%MZ}" == expected


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("2026-03-29 02:30", "clocks skip it in Europe/Oslo"),
        ("01/02/2026", "a date such as 2026-01-31 or 31.01.2026"),
        ("31.02.2026", "a date such as"),
        ("1826-01-01", "a year from 1900"),
    ],
)
def test_impossible_and_ambiguous_dates_are_refused(cell, message):
    """A skipped hour, a date in an ambiguous order and a wrong day each say what is expected."""
    with pytest.raises(ValueError, match=message):
        instant(cell, Style())


def test_headings_match_without_case_accents_and_units():
    """`MÅLER-NR. (m³)` and `målernr` are the same heading."""
    assert normalise("MÅLER-NR. (m³)") == normalise("målernr") == "malernr"


@pytest.mark.django_db
def test_wrong_headings_name_what_is_missing_and_what_was_found():
    """A file without a required column says which, what else it may be called, and what it has."""
    from avlest.registry.importing.kinds.keys import KEYS

    rows = read(b"serienumer;farge\n1;2\n").rows
    with pytest.raises(ImportFileError) as caught:
        match_headings(KEYS.columns, rows)
    text = str(caught.value)
    assert 'no column serial (serienummer, serienr, målernummer): did you mean "serienumer"?' in text
    assert "no column key" in text
    assert "Headings found: serienumer, farge" in text


@pytest.mark.django_db
def test_titles_above_the_headings_are_passed_over():
    """The heading row is the first that has every required column."""
    from avlest.registry.importing.kinds.keys import KEYS

    rows = read(b"Leveranse 2026;;\nSerienummer;AES key;Farge\n12345678;00;x\n").rows
    heading = match_headings(KEYS.columns, rows)
    assert (heading.line, heading.places, heading.ignored) == (2, {"serial": 0, "key": 1}, ("Farge",))
