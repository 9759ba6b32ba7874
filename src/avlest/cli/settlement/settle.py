# SPDX-License-Identifier: Apache-2.0
"""`avlest settle`: preview, approve, issue, rerun, explain."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.service import DataOption, OrganisationOption, get_now, start_service
from avlest.cli.settlement.common import (
    ByOption,
    JsonOption,
    explain_settlement_failures,
    get_person,
    get_store,
    kroner,
    print_json,
)

if TYPE_CHECKING:
    from avlest.registry.rights import Actor
    from avlest.settlement.infos import LineInfo

app = typer.Typer(no_args_is_help=True, help="Settle years, charge terms, and show why a line is what it is.")

RunArgument = Annotated[int, typer.Argument(help="Number of the run.")]
LanguageOption = Annotated[str, typer.Option(help="nb, nn or en.")]
_SHOWN = 40


class RunKind(StrEnum):
    """What a run does."""

    YEAR = "year"
    TERM = "term"
    FINAL = "final"
    CORRECTION = "correction"


@app.command("preview")
def preview(
    year: Annotated[int, typer.Argument(help="Year to settle, or whose terms to charge.")],
    kind: Annotated[
        RunKind, typer.Option(help="A year, the terms of a month, moves at once, or anew after a credit note.")
    ] = RunKind.YEAR,
    month: Annotated[int, typer.Option(min=0, max=12, help="Month in which the terms fall due.")] = 0,
    account: Annotated[list[int] | None, typer.Option(help="Customer number; may be given several times.")] = None,
    due: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Due date.")] = None,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
    as_json: JsonOption = False,
) -> None:
    """Calculate a run and keep it as a preview: the control sheet says what is billed, measured and odd."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.runs import RunRequest, do_make_run

        actor = get_person(organisation, by)
        request = RunRequest(
            kind=kind.value, year=year, month=month, accounts=_find_accounts(actor, account),
            due_on=due.date() if due else None,
        )  # fmt: skip
        number = do_make_run(actor, request, store=get_store(), now=get_now())
        _print_control(actor, number, as_json=as_json)


def _find_accounts(actor: Actor, numbers: list[int] | None) -> tuple[int, ...] | None:
    from avlest.registry.errors import Problem, RegistryError
    from avlest.settlement.models import Account

    if not numbers:
        return None
    rows = Account.objects.of(actor.organisation_id).filter(number__in=numbers)
    found = dict(rows.values_list("number", "pk"))
    missing = [number for number in numbers if number not in found]
    if missing:
        raise RegistryError(Problem.INVALID, f"no customer number {missing[0]}")
    return tuple(found.values())


@app.command("show")
def show(
    run: RunArgument, data: DataOption = Path(), organisation: OrganisationOption = "", by: ByOption = "",
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Print the control sheet of a run."""
    with explain_settlement_failures():
        start_service(data)
        _print_control(get_person(organisation, by), run, as_json=as_json)


def _print_control(actor: Actor, number: int, *, as_json: bool) -> None:
    from avlest.cli.settlement.sheet import write_sheet
    from avlest.settlement.access import access_exceptions, access_run_control

    sheet = access_run_control(actor, number)
    odd = access_exceptions(actor, number, language="en", limit=_SHOWN)
    if as_json:
        print_json({**dataclasses.asdict(sheet), "exceptions_shown": [dataclasses.asdict(one) for one in odd]})
        return
    run = sheet.run
    typer.echo(f"run {run.id}: {run.kind} {run.year}, {run.state}, {run.accounts} accounts, {run.lines} lines")
    for line in write_sheet(sheet):
        typer.echo(f"  {line}")
    for row in odd:
        typer.echo(f"    {row.severity:<9} {row.account_number or '':>8} {row.code}: {row.sentence}")


@app.command("approve")
def approve(
    run: RunArgument, data: DataOption = Path(), organisation: OrganisationOption = "", by: ByOption = ""
) -> None:
    """Approve a preview that another person made."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.runs import do_approve_run

        do_approve_run(get_person(organisation, by), run, now=get_now())
        typer.echo(f"run {run} is approved: avlest settle issue {run}")


@app.command("issue")
def issue(
    run: RunArgument, data: DataOption = Path(), organisation: OrganisationOption = "", by: ByOption = ""
) -> None:
    """Make the invoices of an approved run; stopped on the way, give the same command again."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.issue import do_issue_run

        done = do_issue_run(get_person(organisation, by), run, now=get_now())
        before = f"; {done.parts_before} parts were issued before" if done.parts_before else ""
        typer.echo(f"run {run}: {done.invoices} invoices and {done.credit_notes} credit notes made{before}")


@app.command("drop")
def drop(run: RunArgument, data: DataOption = Path(), organisation: OrganisationOption = "", by: ByOption = "") -> None:
    """Put aside a run of which nothing was issued."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.runs import do_drop_run

        do_drop_run(get_person(organisation, by), run, now=get_now())
        typer.echo(f"run {run} is dropped")


@app.command("rerun")
def rerun(
    run: RunArgument, data: DataOption = Path(), organisation: OrganisationOption = "", by: ByOption = "",
    since: Annotated[bool, typer.Option(help="Also tell what has become known since and would change it.")] = True,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Run an old run again from what it kept: the same to the øre, or the difference; nothing is written."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.rerun import rerun_run

        found = rerun_run(get_person(organisation, by), run, store=get_store() if since else None, now=get_now())
        if as_json:
            print_json({**dataclasses.asdict(found), "is_same": found.is_same})
        else:
            same = "the same to the øre" if found.is_same else "NOT the same"
            typer.echo(f"run {run}: {found.lines} lines, {kroner(found.amount)}: {same}")
            if not found.is_same:
                typer.echo(f"  {found.differences} lines differ, {found.stored_differences} invoice lines differ")
            for one in (found.since or ())[:_SHOWN]:
                change = f"{one.quantity_then} -> {one.quantity_now} l"
                typer.echo(
                    f"  account {one.account_id} {one.service}: {change}, {kroner(one.amount_now - one.amount_then)}"
                )
            if found.since is not None:
                typer.echo(f"  {len(found.since)} quantities have become known otherwise since")
        if not found.is_same:
            raise typer.Exit(1)


@app.command("explain")
def explain(
    invoice: Annotated[int, typer.Argument(help="Number of the invoice; with --run a customer number.")],
    run: Annotated[int, typer.Option(help="Explain the lines of a customer in this run instead.")] = 0,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
    language: LanguageOption = "nb",
    as_json: JsonOption = False,
) -> None:
    """Open each line: readings used, quantity, price version, share or rounding, amount."""
    with explain_settlement_failures():
        start_service(data)
        lines = _find_lines(get_person(organisation, by), invoice, run, language)
        if as_json:
            print_json([dataclasses.asdict(line) for line in lines])
            return
        for line in lines:
            typer.echo(f"{line.position:>3}  {line.text:<44} {kroner(line.amount):>16}")
            for sentence in (line.explanation or {}).get("sentences", ()):
                typer.echo(f"       {sentence}")


def _find_lines(actor: Actor, number: int, run: int, language: str) -> list[LineInfo]:
    from avlest.registry.errors import Problem, RegistryError
    from avlest.settlement import access
    from avlest.settlement.models import Invoice

    if run:
        (account,) = _find_accounts(actor, [number]) or (0,)
        return access.access_preview_lines(actor, run, account, language=language, store=get_store())
    rows = Invoice.objects.of(actor.organisation_id).filter(number=number, kind=Invoice.Kind.INVOICE)
    found = rows.values_list("pk", flat=True).first()
    if found is None:
        raise RegistryError(Problem.INVALID, f"no invoice number {number}")
    return access.access_lines(actor, found, language=language, store=get_store())
