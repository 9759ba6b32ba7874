# SPDX-License-Identifier: Apache-2.0
"""`avlest accounts`: taken over from an earlier system, opened from the register, and what a meter's control showed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.failure import fail
from avlest.cli.service import DataOption, OrganisationOption, get_now, start_service
from avlest.cli.settlement.common import ByOption, explain_settlement_failures, get_person

if TYPE_CHECKING:
    from avlest.registry.importing.report import RowIssue

app = typer.Typer(no_args_is_help=True, help="Who is settled: accounts, what was invoiced before, accuracy controls.")
_SHOWN = 50

FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or XLSX.")]
PreviewOption = Annotated[bool, typer.Option("--preview", help="Say what the file holds and change nothing.")]


@app.command("import")
def import_accounts(
    file: FileArgument,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
    preview: PreviewOption = False,
) -> None:
    """Make accounts with their services and a konto from a list: one row a customer and service."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.importing.take_over import parse_accounts
        from avlest.settlement.services.take_over import do_import_accounts

        rows, issues = parse_accounts(file.read_bytes(), filename=file.name)
        actor = get_person(organisation, by)
        done = do_import_accounts(actor, rows, now=get_now(), preview=preview or bool(issues))
        _report([*issues, *done.issues], f"{done.made} accounts", done.known, preview=preview)


@app.command("earlier")
def import_earlier(
    file: FileArgument,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
    preview: PreviewOption = False,
) -> None:
    """Keep lines that an earlier system invoiced: the first settlement here deducts them as they stand."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.importing.take_over import parse_earlier
        from avlest.settlement.services.take_over import do_import_earlier

        rows, issues = parse_earlier(file.read_bytes(), filename=file.name)
        actor = get_person(organisation, by)
        done = do_import_earlier(actor, rows, now=get_now(), preview=preview or bool(issues))
        _report([*issues, *done.issues], f"{done.made} lines", done.known, preview=preview)


def _report(issues: Sequence[RowIssue], made: str, known: int, *, preview: bool) -> None:
    for issue in issues[:_SHOWN]:
        typer.echo(f"  {issue}", err=True)
    if issues:
        typer.echo(f"nothing was taken in: mend the {len(issues)} places above", err=True)
        raise typer.Exit(1)
    typer.echo(f"{made} {'would be ' if preview else ''}made, {known} were there already")


@app.command("open")
def open_accounts(data: DataOption = Path(), organisation: OrganisationOption = "", by: ByOption = "") -> None:
    """Open an account for each subscriber in the register that has none, and close those that ended."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.accounts import Opening, do_open_accounts

        made = do_open_accounts(get_person(organisation, by), Opening(), now=get_now())
        typer.echo(f"{len(made)} accounts opened")


@app.command("control")
def note_control(
    point: Annotated[str, typer.Argument(help="Code of the metering point.")],
    error: Annotated[str, typer.Argument(help="Per cent, (indicated - true) / true; put -- before a negative one.")],
    found_on: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="The day from which the error is over, exclusive.")
    ],
    reason: Annotated[str, typer.Option(help="Who tested the meter, and where the report stands.")],
    starts_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day it was wrong from, where that is shown.")
    ] = None,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
) -> None:
    """Note what a meter's accuracy control showed: beyond the threshold the whole error is charged or paid back."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.registry.models import MeteringPoint
        from avlest.settlement.models import AccuracyClaim
        from avlest.settlement.services.controls import ControlReport, do_note_control

        actor = get_person(organisation, by)
        number = MeteringPoint.objects.of(actor.organisation_id).filter(code=point).values_list("pk", flat=True).first()
        if number is None:
            fail(f"no metering point {point!r}")
        report = ControlReport(
            point_id=number, error=_parse_error(error), found_on=found_on.date(), reason=reason,
            starts_on=starts_on.date() if starts_on else None,
        )  # fmt: skip
        control = do_note_control(actor, report, now=get_now())
        count = AccuracyClaim.objects.filter(control=control).count()
        typer.echo(f"control {control}: {count} claims wait for the next runs")


def _parse_error(text: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        fail(f"error {text!r}: expected per cent, as 7.5 or -6")
