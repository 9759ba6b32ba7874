# SPDX-License-Identifier: Apache-2.0
"""`avlest elhub`: metering values of Elhub in and out."""

from __future__ import annotations

import typer

elhub = typer.Typer(no_args_is_help=True, help="Metering values as Elhub gives and takes them.")


def register(app: typer.Typer) -> None:
    """Put the commands of Elhub into the command line."""
    app.add_typer(elhub, name="elhub")
