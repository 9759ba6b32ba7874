# SPDX-License-Identifier: Apache-2.0
"""Numbers, money, dates and periods are written as in the tables of Språkrådet and CLDR."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.wording import (
    WordingError,
    choose_unit,
    format_cell,
    format_clock,
    format_date,
    format_in_unit,
    format_instant,
    format_money,
    format_month,
    format_number,
    format_percent,
    format_period,
    format_quantity,
    format_weekday,
    get_unit_label,
    to_sms,
)

LANGUAGES = ("nb", "nn", "en")


def _spaces(text):
    """The no-break spaces of a result as `_`, so that a table of expectations can be read."""
    return text.replace("\u00a0", "_")


@pytest.mark.parametrize(
    ("value", "unit", "nb", "nn", "en"),
    [
        (12_400_000, "l", "12,4_m³", "12,4_m³", "12.4_m³"),
        (830_000, "l", "830_liter", "830_liter", "830_litres"),
        (1_000, "l", "1_liter", "1_liter", "1_litre"),
        (999_499, "l", "999_liter", "999_liter", "999_litres"),
        (1_234_500_000, "l", "1_234,5_m³", "1_234,5_m³", "1,234.5_m³"),
        (12_000_000, "l", "12_m³", "12_m³", "12_m³"),
        (41_000, "kwh", "41_kWh", "41_kWh", "41_kWh"),
        (41_250, "kwh", "41,3_kWh", "41,3_kWh", "41.3_kWh"),
        (1_234_567, "kwh", "1_235_kWh", "1_235_kWh", "1,235_kWh"),
        (2_430_000, "w", "2,4_kW", "2,4_kW", "2.4_kW"),
        (640_000, "w", "640_W", "640_W", "640_W"),
        (12_000, "lh", "12_liter/time", "12_liter/time", "12_litres/hour"),
        (-4_500, "c", "−4,5_°C", "−4,5_°C", "−4.5_°C"),
        (1_000, "hca", "1_enhet", "1_eining", "1_unit"),
        (1_234_000, "hca", "1_234_enheter", "1_234_einingar", "1,234_units"),
        (None, "l", "–", "–", "–"),
        (0, "l", "0_liter", "0_liter", "0_litres"),
    ],
)
def test_quantities_as_people_write_them(value, unit, nb, nn, en):
    """The unit follows the size, the decimals follow the unit, the space never breaks."""
    assert [_spaces(format_quantity(value, unit, language=each)) for each in LANGUAGES] == [nb, nn, en]


def test_fixed_decimals_are_kept():
    """Settlements show litres exactly; an asked-for decimal is not dropped."""
    assert _spaces(format_quantity(12_000_000, "l", decimals=3)) == "12,000_m³"


def test_one_unit_for_a_whole_table():
    """The largest value chooses the unit of all rows."""
    values = [830_000, None, 12_400_000]
    shown = choose_unit(values, "l")
    assert [_spaces(format_in_unit(value, "l", shown)) for value in values] == ["0,8_m³", "–", "12,4_m³"]
    assert format_in_unit(830_000, "l", shown, with_label=False) == "0,8"
    assert get_unit_label(shown) == "m³"


@pytest.mark.parametrize(
    ("ore", "decimals", "nb", "en"),
    [
        (138_242, 2, "1_382,42_kr", "NOK_1,382.42"),
        (138_250, 0, "1_383_kr", "NOK_1,383"),
        (-64_000, 2, "−640,00_kr", "NOK_−640.00"),
        (5, 2, "0,05_kr", "NOK_0.05"),
        (None, 2, "–", "–"),
    ],
)
def test_money(ore, decimals, nb, en):
    """Money has the unit after the amount in Norwegian, never "kr 1 382,–"."""
    assert _spaces(format_money(ore, decimals=decimals)) == nb
    assert _spaces(format_money(ore, language="nn", decimals=decimals)) == nb
    assert _spaces(format_money(ore, language="en", decimals=decimals)) == en


def test_numbers_and_percent():
    """Thousands are set apart by a space that does not break, decimals by a comma; half goes up."""
    assert _spaces(format_number(Decimal("1234.5"), decimals=1)) == "1_234,5"
    assert format_number(1234.5, language="en", decimals=1) == "1,234.5"
    assert format_number(Decimal("2.675"), decimals=2) == "2,68"
    assert format_number(2.675, decimals=2) == "2,68"
    assert format_number(Fraction(-1, 2)) == "−1"
    assert _spaces(format_percent(0.123)) == "12,3_%"
    assert _spaces(format_percent(Fraction(1, 8), language="nn", decimals=0)) == "13_%"
    assert format_percent(0.123, language="en") == "12.3%"
    assert format_number(None) == format_percent(None) == "–"


def test_dates_and_times():
    """Dates have the month by name; the clock is Oslo's, in winter and in summer."""
    day = date(2026, 11, 22)
    assert format_date(day) == format_date(day, language="nn") == "22. november 2026"
    assert format_date(day, language="en") == "22 November 2026"
    assert format_date(date(2026, 3, 5), style="short") == "05.03.2026"
    assert format_date(datetime(2026, 11, 22, 23, 30, tzinfo=UTC)) == "23. november 2026"
    moment = datetime(2026, 11, 22, 13, 5, tzinfo=UTC)
    assert _spaces(format_clock(moment)) == "kl._14.05"
    assert format_clock(datetime(2026, 7, 1, 12, 5, tzinfo=UTC), language="en") == "14:05"
    assert _spaces(format_instant(moment)) == "22. november 2026 kl._14.05"
    assert format_instant(moment, language="en", style="short") == "22.11.2026 14:05"
    assert (format_month(day), format_weekday(day), format_weekday(day, language="nn")) == (
        "november 2026",
        "søndag",
        "sundag",
    )


def _oslo(day, hour, minute=0, month=11):
    return datetime(2026, month, day, hour - 1, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "stop", "nb", "en"),
    [
        (date(2026, 11, 1), date(2026, 12, 1), "1.–30. november 2026", "1–30 November 2026"),
        (date(2026, 11, 22), date(2026, 11, 23), "22. november 2026", "22 November 2026"),
        (date(2026, 11, 1), date(2026, 12, 6), "1. november – 5. desember 2026", "1 November – 5 December 2026"),
        (
            date(2025, 12, 1),
            date(2026, 2, 1),
            "1. desember 2025 – 31. januar 2026",
            "1 December 2025 – 31 January 2026",
        ),
        (
            datetime(2026, 10, 31, 23, tzinfo=UTC),
            datetime(2026, 11, 30, 23, tzinfo=UTC),
            "1.–30. november 2026",
            "1–30 November 2026",
        ),
        (_oslo(22, 12), _oslo(22, 13), "22. november 2026 kl._12–13", "22 November 2026 12:00–13:00"),
        (_oslo(22, 12, 30), _oslo(22, 13), "22. november 2026 kl._12.30–13.00", "22 November 2026 12:30–13:00"),
        (_oslo(22, 23), _oslo(22, 24), "22. november 2026 kl._23–24", "22 November 2026 23:00–24:00"),
        (
            _oslo(22, 12),
            _oslo(23, 13),
            "22. november 2026 kl._12.00 – 23. november 2026 kl._13.00",
            "22 November 2026 12:00 – 23 November 2026 13:00",
        ),
    ],
)
def test_periods(start, stop, nb, en):
    """Half-open periods are written with their last day or hour, with an en dash."""
    assert _spaces(format_period(start, stop)) == nb
    assert _spaces(format_period(start, stop, language="nn")) == nb
    assert format_period(start, stop, language="en") == en


def test_what_cannot_be_written_is_said():
    """An unknown language, an instant without zone, an empty period and "not a number" are errors, not guesses."""
    with pytest.raises(WordingError, match='language "sv": one of nb, nn, en'):
        format_number(1, language="sv")
    with pytest.raises(WordingError, match="needs a zone"):
        format_instant(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(WordingError, match="must end after"):
        format_period(date(2026, 1, 1), date(2026, 1, 1))
    with pytest.raises(WordingError, match="finite"):
        format_number(float("nan"))
    assert format_number(1, language="en-gb") == "1"


def test_cells_and_sms():
    """CSV cells have a decimal comma and nothing else; an SMS stays in the GSM alphabet."""
    assert format_cell(1_234_500) == "1234,500"
    assert format_cell(-138_242, shift=2, decimals=2) == "-1382,42"
    assert format_cell(None) == ""
    assert to_sms(f"{format_quantity(12_400_000, 'l')}, {format_money(-138_242)}") == "12,4 m3, -1 382,42 kr"


@given(st.integers(-(10**15), 10**15), st.integers(0, 4))
def test_numbers_read_back(value, decimals):
    """What is written reads back as the value rounded to the decimals."""
    text = format_number(Fraction(value, 1000), decimals=decimals)
    number = Decimal(text.replace("\u00a0", "").replace(",", ".").replace("−", "-"))
    assert abs(number - Decimal(value) / 1000) <= Decimal(5) / 10 ** (decimals + 1)
