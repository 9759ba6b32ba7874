# SPDX-License-Identifier: Apache-2.0
"""The settlement that is running, and those that are closed."""

from __future__ import annotations

import dataclasses
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from avlest.portal.request import ViewerRequest
from avlest.readings.calendar import derive_local_day
from avlest.settlement import access
from avlest.settlement.infos import AccountInfo, ExpectedInfo, InvoiceInfo

_LITRES: Final = 1000
"""Settlement counts thousandths of a cubic metre, wording thousandths of a litre."""


@dataclasses.dataclass(frozen=True, slots=True)
class Running:
    """The year in progress of one account; quantities in thousandths of a litre."""

    account: AccountInfo
    expected: ExpectedInfo

    @property
    def used(self) -> int:
        """Used so far."""
        return self.expected.used * _LITRES

    @property
    def projected(self) -> int:
        """What the whole year comes to, if it goes on as now."""
        return self.expected.projected * _LITRES

    @property
    def advance(self) -> int:
        """What is paid for in advance."""
        return self.expected.advance * _LITRES

    @property
    def proposal(self) -> int | None:
        """A new quantity to pay in advance for, where the old one is far off."""
        return None if self.expected.proposal is None else self.expected.proposal * _LITRES


@dataclasses.dataclass(frozen=True, slots=True)
class Closed:
    """A settlement that was made, with the place it is for."""

    invoice: InvoiceInfo
    address: str


@require_safe
def show_settlements(request: ViewerRequest) -> HttpResponse:
    """This year so far, and what earlier ones came to."""
    parties = sorted(request.viewer.party_ids)
    accounts = {account.id: account for account in access.access_own_accounts(parties)}
    expected = access.access_own_expected(parties, year=derive_local_day(request.now).year)
    invoices = access.access_own_invoices(parties, limit=200) if accounts else []
    context = {
        "accounts": accounts,
        "running": [Running(accounts[number], each) for number, each in expected.items() if number in accounts],
        "closed": [
            Closed(invoice, accounts[invoice.account_id].address)
            for invoice in invoices
            if invoice.settles_from is not None and invoice.account_id in accounts
        ],
        "year": str(derive_local_day(request.now).year),
    }
    return render(request, "portal/resident/settlements.html", context)
