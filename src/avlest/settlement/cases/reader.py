# SPDX-License-Identifier: Apache-2.0
"""Read tables of a case with the place of everything wrong: `case.toml: meter[1].readings[2].value: expected …`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from avlest.settlement.contracts import SettlementError
from avlest.settlement.core.calendar import Days
from avlest.settlement.core.money import parse_scaled

T = TypeVar("T")
D = TypeVar("D")


class CaseError(SettlementError):
    """A case that cannot be read: `place` names file and field."""

    def __init__(self, place: str, expected: str, code: str = "bad_case") -> None:
        super().__init__(code, place, f"expected {expected}")


class Table:
    """One table of the case: takes typed values by name, and knows which names nobody took."""

    def __init__(self, values: Any, place: str) -> None:
        if not isinstance(values, Mapping):
            raise CaseError(place, "a table (TOML) or object (JSON)")
        self._values: Mapping[str, Any] = values
        self._taken: set[str] = set()
        self.place = place

    def at(self, name: str) -> str:
        """The place of a field."""
        return f"{self.place}.{name}" if not self.place.endswith(": ") else f"{self.place}{name}"

    def has(self, name: str) -> bool:
        """Whether the field is given."""
        self._taken.add(name)
        return self._values.get(name) is not None

    def names(self) -> list[str]:
        """Names of the fields given."""
        return list(self._values)

    def is_table(self, name: str) -> bool:
        """Whether the field is a table of its own."""
        return isinstance(self._values.get(name), Mapping)

    def is_list(self, name: str) -> bool:
        """Whether the field is a list."""
        return isinstance(self._values.get(name), list)

    def take(self, names: str, convert: Callable[[Any, str], T], default: D) -> T | D:
        """The field converted, or the default.  `names` may list other names of it, divided by `|`."""
        for name in names.split("|"):
            if self.has(name):
                return convert(self._values[name], self.at(name))
        return default

    def is_on(self, name: str, *, default: bool) -> bool:
        """A field that is true or false."""
        return bool(self.take(name, flag, default))

    def need(self, names: str, convert: Callable[[Any, str], T], what: str) -> T:
        """The field converted.  Raises CaseError where it is missing."""
        for name in names.split("|"):
            if self.has(name):
                return convert(self._values[name], self.at(name))
        raise CaseError(self.at(names.split("|")[0]), what)

    def tables(self, *names: str) -> list[Table]:
        """The tables under a name: one, or a list of them."""
        found: list[Table] = []
        for name in names:
            if self.has(name):
                given = self._values[name]
                rows = given if isinstance(given, list) else [given]
                single = not isinstance(given, list)
                found += [Table(row, self.at(name) + ("" if single else f"[{n}]")) for n, row in enumerate(rows, 1)]
        return found

    def check_names(self, also: Sequence[str] = ()) -> None:
        """Raises CaseError for a field that nothing took: a misspelt one would silently not count."""
        for name in self._values:
            if name not in self._taken and name not in also:
                known = ", ".join(sorted(self._taken | set(also)))
                raise CaseError(self.at(name), f"one of the fields {known}", "unknown_field")


def text(given: Any, place: str) -> str:
    """Text; a number is taken as its digits, so that `id = 7` works."""
    if isinstance(given, bool) or not isinstance(given, str | int | Decimal):
        raise CaseError(place, f"text, not {given!r}")
    return str(given)


def flag(given: Any, place: str) -> bool:
    """True or false."""
    if not isinstance(given, bool):
        raise CaseError(place, f"true or false, not {given!r}")
    return given


def whole(given: Any, place: str) -> int:
    """A whole number."""
    if isinstance(given, bool) or not isinstance(given, int):
        raise CaseError(place, f"a whole number, not {given!r}")
    return given


def scaled(places: int, what: str) -> Callable[[Any, str], int]:
    """A number with at most so many decimals, as whole number of the last."""

    def convert(given: Any, place: str) -> int:
        try:
            return parse_scaled(given, places=places, place=place, what=what)
        except SettlementError as error:
            raise CaseError(place, error.expected, error.code) from error

    return convert


kroner = scaled(2, "kroner and øre")
value = scaled(4, "a price in kroner")
quantity = scaled(3, "a quantity with at most three decimals (m³)")
percent = scaled(2, "a per cent")


def fraction(given: Any, place: str) -> Fraction:
    """An exact number."""
    if isinstance(given, bool) or not isinstance(given, int | str | Decimal):
        raise CaseError(place, f"a number, not {given!r}")
    try:
        return Fraction(str(given).replace(",", "."))
    except (ValueError, ZeroDivisionError):
        raise CaseError(place, f"a number, not {given!r}") from None


def day(given: Any, place: str) -> date:
    """A civil day, as TOML date or `"2026-01-01"`."""
    if isinstance(given, datetime) or not isinstance(given, date | str):
        raise CaseError(place, f"a date such as 2026-01-01, not {given!r}")
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise CaseError(place, f"a date such as 2026-01-01, not {given!r}") from None


def moment(given: Any, place: str) -> date | datetime:
    """A day (its 00:00) or a time of day, local in Oslo where no zone is given."""
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given) if len(given) == 10 else datetime.fromisoformat(given)
    except (TypeError, ValueError):
        raise CaseError(place, f"a date or time such as 2026-01-01 or 2026-03-03T13:45, not {given!r}") from None


def instant(given: Any, place: str) -> datetime:
    """A time of day on a date."""
    found = moment(given, place)
    if not isinstance(found, datetime):
        raise CaseError(place, f"a time such as 2026-03-03T13:45, not {given!r}")
    return found


def clock(given: Any, place: str) -> time:
    """A time of day; `24:00` is the end of the day."""
    if isinstance(given, time):
        return given
    try:
        return time(0) if given == "24:00" else time.fromisoformat(given)
    except (TypeError, ValueError):
        raise CaseError(place, f"a time such as 07:00, not {given!r}") from None


def texts(given: Any, place: str) -> list[str]:
    """A list of texts; one text is a list of one."""
    rows = given if isinstance(given, list) else [given]
    return [text(row, f"{place}[{number}]") for number, row in enumerate(rows, 1)]


def choice(kind: type[T]) -> Callable[[Any, str], T]:
    """A member of a text enumeration."""

    def convert(given: Any, place: str) -> T:
        try:
            return kind(given)  # type: ignore[call-arg]
        except ValueError:
            raise CaseError(place, f"one of {', '.join(kind)}, not {given!r}") from None  # type: ignore[arg-type]

    return convert


def take_days(table: Table, default: Days | None) -> Days:
    """`from` and `to` (the first day after) of a table."""
    start = table.take("from|valid_from", day, default.start if default else None)
    stop = table.take("to|valid_to", day, default.stop if default else None)
    if start is None or stop is None:
        raise CaseError(table.at("from"), "from and to (the first day after), as dates")
    if start >= stop:
        raise CaseError(table.at("to"), f"a day after {start}")
    return Days(start, stop)
