# SPDX-License-Identifier: Apache-2.0
"""How a command says that it could not do what it was asked."""

from __future__ import annotations

from typing import NoReturn

import typer

CANNOT_READ = 2


def fail(message: str) -> NoReturn:
    """Say what was wrong on standard error and end with exit status 2."""
    typer.echo(f"avlest: {message}", err=True)
    raise typer.Exit(CANNOT_READ)
