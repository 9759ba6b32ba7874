# SPDX-License-Identifier: Apache-2.0
"""Starting the service's parts from the command line: data directory, settings, who acts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from avlest.registry.rights import Actor

DataOption = Annotated[
    Path, typer.Option("--data", envvar="AVLEST_DATA", help="Data directory that `avlest init` made.")
]
OrganisationOption = Annotated[
    str, typer.Option("--organisation", help="Short name of the organisation; needed when there is more than one.")
]


@contextmanager
def explain_failures() -> Iterator[None]:
    """Print what the service refuses as one line and end with code 1; other errors pass."""
    from avlest.project.options import ConfigError
    from avlest.registry.errors import RegistryError
    from avlest.registry.importing.report import ImportFileError
    from avlest.registry.rights import AccessDeniedError

    try:
        yield
    except (ConfigError, RegistryError, ImportFileError, AccessDeniedError, OSError) as error:
        typer.echo(f"avlest: {error}", err=True)
        raise typer.Exit(1) from error


def start_service(data: Path) -> None:
    """Read the settings of `data` and set Django up."""
    import django

    from avlest.project.config import FILE_NAME
    from avlest.project.options import ConfigError

    if not (data / FILE_NAME).is_file():
        raise ConfigError(f"no {FILE_NAME} here: run avlest init {data}", where=str(data))
    os.environ["AVLEST_DATA"] = str(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "avlest.project.settings")
    django.setup()


def get_actor(organisation: str) -> Actor:
    """Return the command line acting in an organisation: the one named, or the only one."""
    import getpass

    from avlest.registry.access import access_organisation_as_system
    from avlest.registry.errors import Problem, RegistryError
    from avlest.registry.queries import get_organisations

    if not organisation:
        known = list(get_organisations())
        if len(known) != 1:
            detail = f"name one with --organisation: {', '.join(known) or 'there is none yet'}"
            raise RegistryError(Problem.INVALID, detail)
        organisation = known[0]
    return access_organisation_as_system(organisation, name=f"command line ({getpass.getuser()})")


def get_now() -> datetime:
    """Return the clock: this is the edge, everything below takes the time as an argument."""
    return datetime.now(UTC)
