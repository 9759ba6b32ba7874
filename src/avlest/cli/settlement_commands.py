# SPDX-License-Identifier: Apache-2.0
"""`avlest accounts`, `avlest prices`, `avlest settle`, `avlest payments` and `avlest invoices`."""

from __future__ import annotations

import typer

from avlest.cli.settle_case import settle_case
from avlest.cli.settlement import accounts, invoices, payments, prices, settle


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    settle.app.command("case")(settle_case)
    app.add_typer(accounts.app, name="accounts")
    app.add_typer(prices.app, name="prices")
    app.add_typer(settle.app, name="settle")
    app.add_typer(payments.app, name="payments")
    app.add_typer(invoices.app, name="invoices")
