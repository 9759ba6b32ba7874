# SPDX-License-Identifier: Apache-2.0
"""Put the commands together; the parts that need the service's libraries only when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Annotated

import typer

from avlest import __version__
from avlest.cli.failure import fail

# Groups whose import is slow (Django, Delta): loaded for their own commands and for the full help.
# A name that is not there is a part of Avlest that has not been installed (extra `server`).
_SERVER_GROUPS: dict[str, tuple[str, ...]] = {
    "avlest.cli.registry_commands": ("init", "import", "keys"),
    "avlest.cli.serve_commands": ("serve", "web", "backup", "restore", "admin"),
    "avlest.cli.service_commands": ("collect", "work", "status", "replay", "compact", "readings"),
    "avlest.cli.readings_commands": ("derive", "queue", "elhub"),
    "avlest.cli.insight_commands": ("alarms", "balance", "coverage"),
    "avlest.cli.settlement_commands": ("settle", "prices", "payments", "invoices", "accounts"),
    "avlest.cli.simulate_commands": ("simulate",),
    "avlest.cli.jobs_commands": ("jobs",),
}


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
            _register(app, module, needed=wanted is not None)
    return app


def _register(app: typer.Typer, module: str, *, needed: bool) -> None:
    """Add a group's commands; where its libraries are not installed, say so if it was asked for."""
    try:
        importlib.import_module(module).register(app)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("avlest"):
            raise
        if needed:
            fail(f"this command needs the service's libraries: pip install 'avlest[server]' ({error.name} is missing)")


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
