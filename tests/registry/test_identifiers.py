# SPDX-License-Identifier: Apache-2.0
"""Identifiers are checked and written one way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean

from avlest.registry import identifiers
from avlest.registry.identifiers import Cadastre, parse_cadastre, parse_gsrn, parse_serial
from avlest.registry.intervals import find_overlaps, is_overlapping
from avlest.registry.media import get_media, parse_medium
from avlest.telegrams.units import UNITS

START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(min_value=0, max_value=40).map(lambda hours: START + timedelta(hours=hours))
PERIODS = st.tuples(INSTANTS, st.none() | st.integers(min_value=1, max_value=20)).map(
    lambda p: (p[0], None if p[1] is None else p[0] + timedelta(hours=p[1]))
)


@given(st.integers(min_value=0, max_value=10**17 - 1))
def test_every_gsrn_with_its_check_digit_is_taken_and_with_another_is_not(number):
    """The last digit decides, however the digits are grouped."""
    digits = f"{number:017d}"
    digit = ean.calc_check_digit(digits)
    assert parse_gsrn(f"{digits[:6]} {digits[6:]}{digit}") == digits + digit
    with pytest.raises(ValueError, match=f"check digit {digit}"):
        parse_gsrn(digits + str((int(digit) + 1) % 10))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3110-12/34", (3110, 12, 34, 0, 0)),
        ("301-207/1", (301, 207, 1, 0, 0)),
        ("3110 12/34/0/5", (3110, 12, 34, 0, 5)),
    ],
)
def test_cadastral_numbers_are_read_as_they_are_written(text, expected):
    """With dash or space after the municipality; a lost leading zero is put back."""
    found = parse_cadastre(text)
    assert (int(found.municipality), *found[1:]) == expected
    assert len(found.municipality) == 4
    assert parse_cadastre(str(found)) == found


@pytest.mark.parametrize("text", ["", "12", "12/34", "3110/12/34", "0301-0/1", "x-1/2", "3110-1/2/3/4/5"])
def test_a_cadastral_number_that_is_not_whole_is_refused(text):
    """Farm and title number are needed, and the municipality."""
    with pytest.raises(ValueError, match="municipality-gnr/bnr"):
        parse_cadastre(text)


def test_the_municipality_may_stand_elsewhere():
    """`12/34` is enough in a list with a municipality column."""
    assert parse_cadastre("12/34", municipality="0301") == Cadastre("0301", 12, 34)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12345678", "12345678"), ("777", "00000777"), ("1234 5678", "12345678"), ("1234567A", "1234567a"),
     ("0018-B200-0000-0001", "0018b20000000001"), ("7359992890941742", "7359992890941742")],
)  # fmt: skip
def test_serials_are_written_one_way(text, expected):
    """Eight digits with lost zeros put back, lower case, no gaps."""
    assert parse_serial(text) == expected


@pytest.mark.parametrize("text", ["", "12AB", "x" * 33, "12345678;"])
def test_what_is_no_serial_is_refused(text):
    """Too short to be a radio address, too long, or with other signs."""
    with pytest.raises(ValueError, match="8 hexadecimal digits"):
        parse_serial(text)


@pytest.mark.parametrize("name", [n for n in dir(identifiers) if n.startswith("parse_")])
@given(text=st.text(max_size=40))
def test_no_text_makes_a_parser_fall_over(name, text):
    """Whatever is written, the answer is a value or `ValueError`."""
    try:
        getattr(identifiers, name)(text)
    except ValueError as error:
        assert str(error)


@given(st.lists(PERIODS, max_size=7))
def test_overlaps_are_found_exactly_when_two_periods_share_an_instant(periods):
    """The sweep finds a collision if and only if some pair overlaps."""
    tagged = [(start, end, at) for at, (start, end) in enumerate(periods)]
    pairs = find_overlaps(tagged)
    every = any(is_overlapping(*periods[a], *periods[b]) for a in range(len(periods)) for b in range(a))
    assert bool(pairs) == every
    assert all(is_overlapping(*periods[a], *periods[b]) for a, b in pairs)


def test_every_medium_has_a_unit_and_three_names():
    """The table of media is whole: known units, names in bokmål, nynorsk and English."""
    for medium in get_media().values():
        assert medium.unit in UNITS
        assert set(medium.names) == {"nb", "nn", "en"}
        assert {parse_medium(name) for name in (medium.code, *medium.names.values())} == {medium.code}
