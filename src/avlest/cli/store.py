# SPDX-License-Identifier: Apache-2.0
"""What commands over the stored tables share: opening them, saying what failed, days of options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from avlest.cli.service import explain_failures, start_service

if TYPE_CHECKING:
    from avlest.readings.tables import Store


@contextmanager
def explain_store_failures() -> Iterator[None]:
    """Print what keeps derivation from its work as one line and end with code 1."""
    from avlest.readings.tables import StoreError

    try:
        with explain_failures():
            yield
    except StoreError as error:
        typer.echo(f"avlest: {error}", err=True)
        raise typer.Exit(1) from error


def open_store_of(data: Path) -> Store:
    """Set the service up and open its tables."""
    start_service(data.absolute())
    from django.conf import settings

    from avlest.readings.options import open_configured_store

    return open_configured_store(settings.AVLEST)


def parse_day(text: str, name: str) -> date | None:
    """A day of an option; None where it was not given."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{name} {text!r}: expected a day such as 2026-03-01") from error
