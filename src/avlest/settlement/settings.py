# SPDX-License-Identifier: Apache-2.0
"""What an organisation settles by: the defaults of `data/defaults.toml` with its own configuration on top."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from avlest.registry.errors import Problem, RegistryError
from avlest.settlement.contracts import SplitMethod, TermPlan
from avlest.settlement.models import Configuration


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """One organisation's options; `values` is JSON-able and is kept with each run."""

    values: Mapping[str, Any]

    @property
    def method(self) -> SplitMethod:
        """How a quantity without a reading at a change of price is split."""
        return SplitMethod(self.values["settlement"]["split_method"])

    @property
    def settle_month(self) -> int:
        """The month in which the settlement invoice is due."""
        return int(self.values["settlement"]["month"])

    def number(self, table: str, name: str) -> Decimal:
        """A threshold, exact."""
        return Decimal(str(self.values[table][name]))

    def get_plans(self, year: int) -> dict[int, TermPlan]:
        """Due dates of a year by number of terms."""
        return {int(count): TermPlan(count=int(count), due=_dates(days, year)) for count, days in self._terms()}

    def get_due_terms(self, year: int, month: int) -> dict[int, tuple[int, ...]]:
        """Which terms (from 1) fall due in a month, by number of terms a year."""
        plans = self.get_plans(year).values()
        return {plan.count: tuple(n for n, day in enumerate(plan.due, 1) if day.month == month) for plan in plans}

    def _terms(self) -> list[tuple[str, list[str]]]:
        return sorted(self.values["terms"].items(), key=lambda item: int(item[0]))


def _dates(days: list[str], year: int) -> tuple[date, ...]:
    return tuple(date.fromisoformat(f"{year}-{day}") for day in days)


@cache
def get_defaults() -> Mapping[str, Any]:
    """Return the defaults as they stand in the file."""
    return tomllib.loads(files("avlest.settlement").joinpath("data/defaults.toml").read_text(encoding="utf-8"))


def get_options(organisation_id: int) -> Options:
    """Return the options of an organisation; `RegistryError` naming a table or key that does not exist."""
    given = Configuration.objects.of(organisation_id).values_list("options", flat=True).first() or {}
    merged = {name: dict(table) for name, table in get_defaults().items()}
    for name, table in given.items():
        unknown = set(table) - set(merged[name]) if name in merged and name != "terms" else set()
        if name not in merged or unknown:
            detail = f"settlement configuration has no {name} {', '.join(sorted(unknown))}".rstrip()
            raise RegistryError(Problem.INVALID, detail)
        merged[name] |= table
    return Options(merged)
