# SPDX-License-Identifier: Apache-2.0
"""`avlest payments`: bank files, and what a person must look at."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from avlest.cli.service import DataOption, OrganisationOption, get_now, start_service
from avlest.cli.settlement.common import (
    ByOption,
    JsonOption,
    explain_settlement_failures,
    get_person,
    kroner,
    print_json,
)

app = typer.Typer(no_args_is_help=True, help="Payments from the bank's files, matched by KID.")


@app.command("import")
def import_payments(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="OCR giro or camt.054.")],
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
    preview: Annotated[bool, typer.Option("--preview", help="Say what the file holds and change nothing.")] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Take in the good payments although something is wrong.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Take in a bank file; the same file, or the same payment in another file, changes nothing the second time."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.payments import do_import_payments

        report = do_import_payments(
            get_person(organisation, by), file.read_bytes(), filename=file.name, now=get_now(), preview=preview,
            skip_bad=skip_bad,
        )  # fmt: skip
        if as_json:
            print_json(dataclasses.asdict(report))
        else:
            states = ", ".join(f"{count} {state}" for state, count in sorted(report.states.items())) or "none new"
            typer.echo(f"{report.format}: {kroner(report.total)}; payments: {states}; known before: {report.repeated}")
            for problem in report.problems:
                typer.echo(f"  {problem}", err=True)
        if report.problems and not report.applied:
            typer.echo("nothing was taken in: mend the file, or use --skip-bad", err=True)
            raise typer.Exit(1)


@app.command("list")
def list_payments(
    data: DataOption = Path(), organisation: OrganisationOption = "", by: ByOption = "", as_json: JsonOption = False
) -> None:
    """Print the work list: payments that are under, over, double or unknown."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.access import access_payments

        rows = access_payments(get_person(organisation, by), limit=1000)
        if as_json:
            print_json([dataclasses.asdict(row) for row in rows])
            return
        for row in rows:
            typer.echo(
                f"{row.id:>6} {row.booked_on} {kroner(row.amount):>16} {row.state:<8} KID {row.kid or '-'} {row.payer}"
            )
        typer.echo(f"{len(rows)} payments to look at")
