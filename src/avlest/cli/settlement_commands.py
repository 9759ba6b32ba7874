# SPDX-License-Identifier: Apache-2.0
"""Commands of the room `settlement`."""

from __future__ import annotations

import typer

from avlest.cli.settle_case import settle_case


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    settle = typer.Typer(help="Settle a year: preview, approve, issue, and calculate cases.", no_args_is_help=True)
    settle.callback()(_about)
    settle.command("case")(settle_case)
    app.add_typer(settle, name="settle")


def _about() -> None:
    """Settle a year: preview, approve, issue, and calculate cases."""
