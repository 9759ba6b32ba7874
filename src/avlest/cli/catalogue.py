# SPDX-License-Identifier: Apache-2.0
"""`avlest catalogue`: list, show and test the meter families."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avlest.catalogue.model import CatalogueError
from avlest.cli.failure import fail
from avlest.cli.loading import load_catalogue

app = typer.Typer(help="The meter families that Avlest knows.", no_args_is_help=True, rich_markup_mode=None)

Folders = Annotated[
    list[Path] | None, typer.Option("--catalogue", metavar="DIR", help="A folder of your own catalogue files.")
]


@app.command("list")
def list_families(catalogues: Folders = None) -> None:
    """Print every family: name, number of models and fields, title."""
    catalogue = load_catalogue(catalogues or [])
    for family in catalogue.families():
        typer.echo(f"{family.name:18} {len(family.matches):3} models {len(family.fields):3} fields  {family.title}")


@app.command("show")
def show_family(name: Annotated[str, typer.Argument(help="The family's name.")], catalogues: Folders = None) -> None:
    """Print the catalogue file of one family."""
    catalogue = load_catalogue(catalogues or [])
    text = catalogue.text(name)
    if text is None:
        fail(f"no family is called {name!r}; avlest catalogue list prints them all")
    typer.echo(text, nl=False)


@app.command("test")
def test_families(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Only these families.")] = None,
    catalogues: Folders = None,
) -> None:
    """Decode the telegrams inside the catalogue files and compare; exit status 1 if any differs."""
    from avlest.catalogue.check import check_family

    catalogue = load_catalogue(catalogues or [])
    examples = differing = 0
    try:
        for name in names or catalogue.names():
            family = catalogue.get(name)
            if family is None:
                fail(f"no family is called {name!r}")
            examples += len(family.examples)
            for problem in check_family(catalogue, family):
                differing += 1
                typer.echo(f"{family.name}: {problem}")
    except CatalogueError as error:
        fail(str(error))
    typer.echo(f"{examples} telegrams in {len(names or catalogue.names())} families, {differing} differ")
    raise typer.Exit(1 if differing else 0)
