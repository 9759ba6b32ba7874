# SPDX-License-Identifier: Apache-2.0
"""Put the commands together; the parts that need the service's libraries only when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Annotated

import typer

from avlest import __version__

# Groups whose import is slow (Django, Delta): loaded for their own commands and for the full help.
_SERVER_GROUPS: dict[str, tuple[str, ...]] = {}


def build_app(arguments: Sequence[str] = ()) -> typer.Typer:
    """The whole command line; `arguments` tells which slow parts can be left out."""
    from avlest.cli import catalogue, decode, demo, explain

    app = typer.Typer(
        name="avlest",
        help="What meters say over the air, turned into readings people trust.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    app.command("decode")(decode.decode)
    app.command("explain")(explain.explain)
    app.command("demo")(demo.demo)
    app.add_typer(catalogue.app, name="catalogue")
    wanted = next((word for word in arguments if not word.startswith("-")), None)
    for module, commands in _SERVER_GROUPS.items():
        if wanted is None or wanted in commands:
            importlib.import_module(module).register(app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"avlest {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What meters say over the air, turned into readings people trust."""
