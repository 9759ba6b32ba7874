# SPDX-License-Identifier: Apache-2.0
"""`avlest demo`: a whole municipality, from its telegrams to the pages, in one command and without a server."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from avlest.cli.failure import fail
from avlest.simulate.profiles import DEFAULT, PROFILES

SEED = 2026
FOLDER = "avlest-demo"

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help=f"Data folder; by default {FOLDER} in your home directory."),
]


def demo(
    data: DataOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw the demonstration's data away and begin anew.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Do everything, open the first pages as each log-in, and end.")
    ] = False,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Start the service at the end.")] = True,
    homes: Annotated[int, typer.Option("--homes", min=1, help="Size of a new demonstration.")] = PROFILES[
        DEFAULT
    ].homes,
    days: Annotated[int, typer.Option("--days", min=1, max=1200, help="Length of a new demonstration.")] = 395,
    seed: Annotated[int, typer.Option("--seed", help="Another seed is another municipality.")] = SEED,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="TCP port; 0: 8080 or the next that is free.")
    ] = 0,
    only_serve: Annotated[bool, typer.Option("--only-serve", hidden=True)] = False,
) -> None:
    """Simulate a municipality, take in what its meters say, and open the service on it; again, it goes on."""
    _require_server()
    from avlest.cli.demo_stages import Demonstration, explain_demo_failures

    folder = (data or Path.home() / FOLDER).absolute()
    with explain_demo_failures():
        if fresh:
            _throw_away(folder)
        if not only_serve:
            run = Demonstration.open(folder, homes=homes, days=days, seed=seed)
            run.bring_up_to_date()
            run.print_summary()
            if check or serve:
                _go_on_small(folder, port, check=check)
            return
        run = Demonstration.open_known(folder)
        if check:
            run.check_service(port)
        else:
            run.serve(port)


def _go_on_small(folder: Path, port: int, *, check: bool) -> None:
    """Become a process that only serves: what was done before holds memory that it would never give back."""
    sys.stdout.flush()
    arguments = ["demo", "--only-serve", "--data", str(folder), "--port", str(port), *(["--check"] if check else [])]
    os.execv(sys.executable, [sys.executable, "-m", "avlest", *arguments])  # noqa: S606  our own program


def _require_server() -> None:
    """Say in one line what to install where only the decoder's libraries are there."""
    from importlib.util import find_spec

    missing = [name for name in ("django", "deltalake", "granian") if find_spec(name) is None]
    if missing:
        fail(f"this command needs the service's libraries: pip install 'avlest[server]' ({missing[0]} is missing)")


def _throw_away(folder: Path) -> None:
    """Remove a demonstration; a folder that holds anything else is left alone."""
    from avlest.simulate.demo.plan import FILE_NAME

    if not folder.exists():
        return
    if not (folder / FILE_NAME).is_file() and any(folder.iterdir()):
        fail(f"{folder} holds no demonstration ({FILE_NAME} is missing): it is not thrown away")
    shutil.rmtree(folder)
