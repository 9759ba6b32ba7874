# SPDX-License-Identifier: Apache-2.0
"""Queries that every page asks, built by the ORM once and asked many times.

To build a query set and turn it into SQL costs Django some 0.5 ms, five times what SQLite takes to answer; a page asks
a dozen.  `Prepared` keeps the SQL of a query set for each shape of its values (how many there are in each list) and
puts the values of the day into it.  Rows are converted by the fields as always.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

Value = int | str | datetime

_LONGEST: Final = 16
# Within the smallest integers of a column: beyond them Django says that there can be no row.  Two, because a number of
# the query itself might be one of those that stand in.
_FIRST_NUMBERS: Final = (31_000, 32_000)
_FIRST_INSTANT: Final = datetime(1971, 1, 1, tzinfo=UTC)


class Prepared:
    """A query set whose SQL is made once.

    `make(**values)` builds it and may use each value only as the value of a lookup, not decide by it; a list only with
    `__in`.  Give `ask` the same names.  Long lists are asked as always: there the database's work is what costs.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Any]]) -> None:
        self._make = make
        self._plans: dict[tuple[Any, ...], _Plan | None] = {}

    def ask(self, **values: Value | list[int] | list[str]) -> list[Any]:
        """Return the rows: tuples of a `values_list`, or instances of the model."""
        if any(isinstance(value, list) and len(value) > _LONGEST for value in values.values()):
            return list(self._make(**values))
        shape = tuple((name, _shape(value)) for name, value in values.items())
        if shape not in self._plans:
            self._plans[shape] = _prepare(self._make, values)
        plan = self._plans[shape]
        return [] if plan is None else plan.ask(values)


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where a parameter of the SQL comes from: a value (`index`: which of a list), or it is always the same."""

    name: str = ""
    index: int | None = None
    fixed: Any = None

    def fill(self, values: dict[str, Any]) -> Any:
        if not self.name:
            return self.fixed
        value = values[self.name]
        return value if self.index is None else value[self.index]


@dataclasses.dataclass(frozen=True, slots=True)
class _Plan:
    sql: str
    places: tuple[_Place, ...]
    convert: Callable[[Iterable[Any]], Iterable[Any]]

    def ask(self, values: dict[str, Any]) -> list[Any]:
        connection = connections[DEFAULT_DB_ALIAS]
        adapt = connection.ops.adapt_datetimefield_value
        given = [place.fill(values) for place in self.places]
        params = [adapt(value) if isinstance(value, datetime) else value for value in given]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            return list(self.convert(cursor.fetchall()))


def _shape(value: Any) -> Any:
    """What the SQL depends on: the type, and how many there are."""
    if isinstance(value, (int, str, datetime)):
        return type(value)
    return (len(value), type(value[0]) if value else None)


def _prepare(make: Callable[..., QuerySet[Any, Any]], values: dict[str, Any]) -> _Plan | None:
    """Build the query with stand-ins for the values and look where they went; None: it never has rows."""
    plan, other = (_prepare_with(make, values, count(first)) for first in _FIRST_NUMBERS)
    if plan and other and (plan.sql, plan.places) != (other.sql, other.places):
        raise ValueError("the query is another one for other values")
    return plan


def _prepare_with(
    make: Callable[..., QuerySet[Any, Any]], values: dict[str, Any], numbers: Iterator[int]
) -> _Plan | None:
    stand_ins = {name: _stand_in(value, numbers) for name, value in values.items()}
    query = make(**stand_ins).query
    compiler = query.get_compiler(DEFAULT_DB_ALIAS)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return None
    places = dict(_list_places(stand_ins, compiler.connection.ops.adapt_datetimefield_value))
    found = tuple(places.get(param, _Place(fixed=param)) for param in params)
    if missing := set(places.values()) - set(found):
        raise ValueError(f"the query does not ask for {sorted(place.name for place in missing)}")
    return _Plan(sql, found, _make_converter(compiler))


def _stand_in(value: Any, numbers: Iterator[int]) -> Any:
    """A value of the same type that is in no database, another each time."""
    if not isinstance(value, (int, str, datetime)):
        return [_stand_in(each, numbers) for each in value]
    number = next(numbers)
    if isinstance(value, datetime):
        return _FIRST_INSTANT + timedelta(microseconds=number)
    return f"stand-in {number}" if isinstance(value, str) else number


def _list_places(stand_ins: dict[str, Any], adapt: Callable[[Any], Any]) -> Iterable[tuple[Any, _Place]]:
    for name, stand_in in stand_ins.items():
        if isinstance(stand_in, list):
            yield from ((each, _Place(name, index)) for index, each in enumerate(stand_in))
        else:
            yield (adapt(stand_in) if isinstance(stand_in, datetime) else stand_in), _Place(name)


def _make_converter(compiler: SQLCompiler) -> Callable[[Iterable[Any]], Iterable[Any]]:
    """From rows of the database to values, as `SQLCompiler.results_iter` and `ModelIterable` do it."""
    columns = [column for column, *_ in compiler.select[: compiler.col_count]]
    converters = compiler.get_converters(columns)

    def convert(rows: Iterable[Any]) -> Iterable[Any]:
        return map(tuple, compiler.apply_converters(rows, converters)) if converters else rows

    if compiler.query.values_select or compiler.query.annotation_select:
        return convert
    model, names = compiler.klass_info["model"], [column.target.attname for column in columns]
    return lambda rows: (model.from_db(DEFAULT_DB_ALIAS, names, row) for row in convert(rows))
