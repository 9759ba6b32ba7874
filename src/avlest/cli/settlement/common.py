# SPDX-License-Identifier: Apache-2.0
"""What the settlement commands share: who acts, the store, failures in one line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from avlest.cli.service import explain_failures, get_actor

if TYPE_CHECKING:
    from avlest.readings.tables import Store
    from avlest.registry.rights import Actor

ByOption = Annotated[
    str, typer.Option("--by", help="User name of the person who acts; another one must approve than made it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def explain_settlement_failures() -> Iterator[None]:
    """Print what is refused as one line and end with code 1."""
    from avlest.settlement.contracts import SettlementError
    from avlest.settlement.payments.model import PaymentFileError

    with explain_failures():
        try:
            yield
        except (SettlementError, PaymentFileError) as error:
            typer.echo(f"avlest: {error}", err=True)
            raise typer.Exit(1) from error


def get_person(organisation: str, by: str) -> Actor:
    """Return who acts: the named user with the rights of their roles, else the command line itself."""
    system = get_actor(organisation)
    if not by:
        return system
    from avlest.registry.access import access_actor
    from avlest.registry.models import User
    from avlest.registry.rights import AccessDeniedError

    number = User.objects.filter(username=by).values_list("pk", flat=True).first()
    if number is None:
        raise AccessDeniedError(f'no user "{by}"')
    return access_actor(number, system.organisation_id)


def get_store() -> Store:
    """Return the store of the installation."""
    from django.conf import settings

    from avlest.readings.options import open_configured_store

    return open_configured_store(settings.AVLEST)


def print_json(value: Any) -> None:
    """Print a value as JSON; dates and instants as ISO text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def kroner(ore: int) -> str:
    """Write øre as kroner."""
    from avlest.wording import format_money

    return format_money(ore)


def write_output(content: bytes, output: Path | None) -> None:
    """Write to a file, or to standard output."""
    import sys

    if output is None:
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)
        typer.echo(f"wrote {output} ({len(content)} bytes)")
