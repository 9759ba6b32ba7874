# SPDX-License-Identifier: Apache-2.0
"""A price list as read from a file, before anybody keeps it.  Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date

from avlest.registry.importing.report import RowIssue
from avlest.settlement.contracts import Price, SettlementError, Unit, VatRate
from avlest.settlement.core.prices import check_prices
from avlest.settlement.core.work import check_bands

UNITS = tuple(unit.value for unit in Unit)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PriceListDraft:
    """What a file says: its head, prices and VAT rates, and every thing wrong with it.

    `vat_included` is None where the file does not say: nobody may guess it.
    """

    name: str
    valid_from: date | None
    valid_to: date | None
    vat_included: bool | None
    source: str
    note: str
    prices: tuple[Price, ...]
    vat: tuple[VatRate, ...]
    issues: tuple[RowIssue, ...]

    @property
    def is_good(self) -> bool:
        """Whether it can be kept."""
        return not self.issues


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the operator says beside the file; what is None the file must say."""

    vat_included: bool | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    name: str = ""
    source: str = ""


def finish_draft(draft: PriceListDraft, *, lines: dict[str, int]) -> PriceListDraft:
    """Add what can only be seen of the whole list: choice of VAT, dates, overlaps, missing rates.

    `lines` gives the line of each price by its `place`.
    """
    issues = list(draft.issues)
    if draft.vat_included is None:
        text = "say whether the prices include VAT: vat_included = true or false (--vat-included / --vat-excluded)"
        issues.append(RowIssue(lines.get("list", 1), "vat_included", "", text))
    if draft.valid_from is None:
        issues.append(RowIssue(lines.get("list", 1), "valid_from", "", "the first day the prices hold, as 2026-01-01"))
    if not draft.prices and not issues:
        issues.append(RowIssue(lines.get("list", 1), "price", "", "at least one price"))
    issues += _check(draft, lines)
    return dataclasses.replace(draft, issues=tuple(sorted(set(issues), key=lambda issue: (issue.line, issue.column))))


def _check(draft: PriceListDraft, lines: dict[str, int]) -> Iterable[RowIssue]:
    """The core's own checks; a VAT code without a rate may have one in the database, so that is checked there."""
    chosen = [dataclasses.replace(price, vat_included=True) for price in draft.prices]
    hourly: dict[str, list[Price]] = {}
    for price in chosen:
        hourly.setdefault(price.service, []).append(price)
    overlaps = [error for prices in hourly.values() for error in check_bands(_at_once(prices))]
    for error in (*check_prices(chosen, draft.vat), *overlaps):
        if error.code != "no_vat_rate":
            yield RowIssue(lines.get(error.place, lines.get("list", 1)), _FIELDS.get(error.code, ""), "", str(error))


def _at_once(prices: list[Price]) -> list[Price]:
    """The prices that hold when the list begins: versions that follow each other may have the same hours."""
    first = min((price.valid_from for price in prices if price.valid_from), default=None)
    return [price for price in prices if price.valid_from in (None, first)]


_FIELDS = {"overlap": "valid_from", "bad_period": "valid_to", "bad_unit": "unit", "bad_number": "value"}


def get_issue(error: SettlementError, *, line: int, field: str, given: object = "") -> RowIssue:
    """Return a core error as an issue of a line."""
    return RowIssue(line, field, str(given)[:80], f"expected {error.expected}")
