# SPDX-License-Identifier: Apache-2.0
"""`avlest derive` and `avlest queue`; `avlest elhub` is in `elhub_commands`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.service import DataOption, OrganisationOption, get_actor, get_now
from avlest.cli.store import explain_store_failures, open_store_of, parse_day

if TYPE_CHECKING:
    from avlest.readings.contracts import FindingInfo

queue = typer.Typer(no_args_is_help=True, help="Values that wait for a person's decision.")

FindingArgument = Annotated[list[int] | None, typer.Argument(help="Numbers as in `avlest queue list`.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it is kept with the decision.")]
CodeOption = Annotated[list[str] | None, typer.Option("--code", help="All open findings of this check.")]
SeriesOption = Annotated[list[int] | None, typer.Option("--series", help="Number of a series; may be repeated.")]
DayOption = Annotated[str, typer.Option("--from", help="First local day, such as 2026-03-01.")]
StopOption = Annotated[str, typer.Option("--to", help="End, exclusive: a local day.")]


class Set(StrEnum):
    """What a given value is worth."""

    EDIT = "edit"
    VERIFY = "verify"
    DISCRETION = "discretion"


def register(app: typer.Typer) -> None:
    """Put the commands of readings and series into the command line."""
    from avlest.cli import elhub_commands

    app.command("derive")(derive)
    app.add_typer(queue, name="queue")
    elhub_commands.register(app)


def derive(
    data: DataOption = Path(),
    series: SeriesOption = None,
    start: DayOption = "",
    stop: StopOption = "",
    everything: Annotated[bool, typer.Option("--all", help="All series, not only what has changed.")] = False,
    threads: Annotated[int, typer.Option(min=1, max=16, help="Parts of the work done at once.")] = 2,
) -> None:
    """Derive hourly and daily values from what has changed, or from chosen series and days again."""
    first, last = parse_day(start, "--from"), parse_day(stop, "--to")
    with explain_store_failures():
        store = open_store_of(data)
        from avlest.readings.services.derivation import do_derive, do_derive_chosen

        if series or everything or first or last:
            chosen = series or None
            done = do_derive_chosen(
                store, series_ids=chosen, first=first, stop=last, now=get_now(), tell=_tell, threads=threads
            )
        else:
            done = do_derive(store, now=get_now(), tell=_tell, threads=threads)
    typer.echo(done.describe())
    if not done.is_ours or done.failed:
        raise typer.Exit(1)


def _tell(stage: str, done: float, total: float) -> None:
    if total > 1 and done:
        typer.echo(f"{stage}: {100 * done / total:.0f} %", err=True)


@queue.command("list")
def list_queue(
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    code: CodeOption = None,
    decided: Annotated[bool, typer.Option("--all", help="Also what is decided or gone.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most findings to print.")] = 100,
) -> None:
    """Show what waits for a decision."""
    with explain_store_failures():
        open_store_of(data)
        from avlest.readings.access import access_findings

        found = access_findings(get_actor(organisation), open_only=not decided)
    chosen = [one for one in found if not code or one.code in code]
    for one in chosen[:limit]:
        typer.echo(describe_finding(one))
    typer.echo(f"{min(limit, len(chosen))} of {len(chosen)} findings", err=True)


def describe_finding(one: FindingInfo) -> str:
    """A finding on one line."""
    stop = f" to {one.ends_at:%Y-%m-%dT%H:%M}" if one.ends_at else ""
    against = "" if one.limit is None else f" against {one.limit}"
    amounts = "" if one.observed is None else f" {one.observed}{against}"
    words = " ".join(filter(None, (one.detail, f"[{one.suggestion}]" if one.suggestion else "")))
    where = f"series {one.series_id}  {one.starts_at:%Y-%m-%dT%H:%M}{stop}"
    return f"{one.id}  {one.code} {one.severity}  {where}{amounts}  {words}  {one.state}"


@queue.command("accept")
def accept(
    findings: FindingArgument = None,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    code: CodeOption = None,
    reason: ReasonOption = "",
) -> None:
    """Accept values as measured."""
    _decide(data, organisation, findings, code, action="accept", reason=reason)


@queue.command("estimate")
def estimate(
    findings: FindingArgument = None,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    code: CodeOption = None,
    reason: ReasonOption = "",
) -> None:
    """Leave readings out and estimate instead."""
    _decide(data, organisation, findings, code, action="estimate", reason=reason)


@queue.command("edit")
def edit(
    finding: Annotated[int, typer.Argument(help="Number as in `avlest queue list`.")],
    value: Annotated[int, typer.Argument(help="Amount of the period in thousandths of the unit (a litre is 1000).")],
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    reason: ReasonOption = "",
    kind: Annotated[
        Set, typer.Option("--as", help="edit, verify (stands above measured), discretion (locks).")
    ] = Set.EDIT,
) -> None:
    """Give the period of a finding a value."""
    _decide(data, organisation, [finding], None, action=kind.value, reason=reason, values={finding: value})


def _decide(
    data: Path,
    organisation: str,
    findings: list[int] | None,
    codes: list[str] | None,
    *,
    action: str,
    reason: str,
    values: dict[int, int] | None = None,
) -> None:
    if not findings and not codes:
        raise typer.BadParameter("name findings by number, or a check with --code")
    with explain_store_failures():
        open_store_of(data)
        from avlest.readings.access import access_findings
        from avlest.readings.services.decisions import do_decide_findings

        actor = get_actor(organisation)
        chosen = list(findings or [])
        if codes:
            chosen += [one.id for one in access_findings(actor) if one.code in codes]
        done = do_decide_findings(actor, chosen, action=action, reason=reason, now=get_now(), values=values)
    for number, why in done.refused:
        typer.echo(f"  {number}: {why}", err=True)
    typer.echo(f"{len(done.decisions)} decided, {len(done.refused)} refused; avlest derive applies them")
    if done.refused:
        raise typer.Exit(1)
