# SPDX-License-Identifier: Apache-2.0
"""The three languages: separators, names of months and days, as one table.  Pure.

Norwegian forms: Språkrådet (space in numbers, comma, "22. november 2026"); the money and
percent forms are those of Unicode CLDR for nb, nn and en.
"""

from __future__ import annotations

import dataclasses
from typing import Final

NBSP: Final = "\u00a0"
MINUS: Final = "\u2212"


class WordingError(ValueError):
    """A language, unit or value that cannot be written."""


@dataclasses.dataclass(frozen=True, slots=True)
class Language:
    """`point` and `group` separate decimals and thousands; `money`, `percent`, `date` and `clock` are patterns."""

    code: str
    point: str
    group: str
    money: str
    percent: str
    date: str
    short_date: str
    clock: str
    clock_join: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]


_MONTHS = "januar februar mars april mai juni juli august september oktober november desember"
_MONTHS_EN = "January February March April May June July August September October November December"

_ROWS: Final = (
    Language(
        code="nb",
        point=",",
        group=NBSP,
        money=f"{{}}{NBSP}kr",
        percent=f"{{}}{NBSP}%",
        date="{day}. {month} {year}",
        short_date="{day:02}.{number:02}.{year}",
        clock=f"kl.{NBSP}{{}}",
        clock_join=".",
        months=tuple(_MONTHS.split()),
        weekdays=("mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"),
    ),
    Language(
        code="nn",
        point=",",
        group=NBSP,
        money=f"{{}}{NBSP}kr",
        percent=f"{{}}{NBSP}%",
        date="{day}. {month} {year}",
        short_date="{day:02}.{number:02}.{year}",
        clock=f"kl.{NBSP}{{}}",
        clock_join=".",
        months=tuple(_MONTHS.split()),
        weekdays=("måndag", "tysdag", "onsdag", "torsdag", "fredag", "laurdag", "sundag"),
    ),
    Language(
        code="en",
        point=".",
        group=",",
        money=f"NOK{NBSP}{{}}",
        percent="{}%",
        date="{day} {month} {year}",
        short_date="{day:02}.{number:02}.{year}",
        clock="{}",
        clock_join=":",
        months=tuple(_MONTHS_EN.split()),
        weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    ),
)
LANGUAGES: Final = {row.code: row for row in _ROWS}


def get_language(code: str) -> Language:
    """Return the language of `nb`, `nn`, `en` or one with a region (`en-gb`); `WordingError` otherwise."""
    found = LANGUAGES.get(code.partition("-")[0].lower())
    if found is None:
        raise WordingError(f'language "{code}": one of {", ".join(LANGUAGES)}')
    return found
