# SPDX-License-Identifier: Apache-2.0
"""`avlest alarms`, `avlest balance` and `avlest coverage`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.service import DataOption, OrganisationOption, get_actor, get_now
from avlest.cli.store import explain_store_failures, open_store_of, parse_day

if TYPE_CHECKING:
    from avlest.insight.infos import AlarmInfo
    from avlest.readings.tables import Store
    from avlest.registry.rights import Actor

FirstOption = Annotated[str, typer.Option("--from", help="First local day, such as 2026-03-01.")]
UntilOption = Annotated[str, typer.Option("--to", help="End, exclusive: a local day.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("alarms")(alarms)
    app.command("balance")(balance)
    app.command("coverage")(coverage)


def alarms(
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    first: Annotated[str, typer.Option("--from", help="Evaluate from this local day on again.")] = "",
    show_all: Annotated[bool, typer.Option("--all", help="Show those that are over too.")] = False,
    find: Annotated[bool, typer.Option("--find/--no-find", help="Evaluate what has changed first.")] = True,
    tell: Annotated[bool, typer.Option("--tell", help="Keep messages to those who are to be told.")] = False,
) -> None:
    """Find alarms in what has changed (the first time in all history), and list those that are open."""
    begin, now = parse_day(first, "--from"), get_now()
    store = open_store_of(data)
    with explain_store_failures():
        if find:
            typer.echo(_find(store, begin, now), err=True)
        if tell:
            typer.echo(_tell(now), err=True)
        from avlest.insight.access import access_alarms

        is_open = None if show_all else True
        for one in access_alarms(get_actor(organisation), now=now, is_open=is_open, limit=None):
            typer.echo(_describe(one))


def _find(store: Store, begin: date | None, now: datetime) -> str:
    from avlest.cli.progress import show_progress
    from avlest.insight.services.finding import do_find_alarms, do_find_alarms_again
    from avlest.readings.calendar import derive_day_start

    with show_progress("alarms") as bar:
        if begin is None:
            return do_find_alarms(store, now=now, tell=bar.tell).describe()
        return do_find_alarms_again(store, since=derive_day_start(begin), now=now, tell=bar.tell).describe()


def _tell(now: datetime) -> str:
    from django.conf import settings

    from avlest.insight.notify.options import read_notify_options
    from avlest.insight.services.telling import do_tell_alarms

    return f"{do_tell_alarms(now=now, address=read_notify_options(settings.AVLEST).address)} new messages"


def _describe(one: AlarmInfo) -> str:
    """One line: since when, what, where, how much, what it has cost."""
    from avlest.wording import format_instant, format_money, format_quantity

    parts = [format_instant(one.since), one.kind.value, one.severity, one.state.value, one.place]
    if one.amount is not None:
        parts.append(format_quantity(one.amount, one.unit))
    if one.cost is not None:
        parts.append(format_money(one.cost))
    return "  ".join(parts)


def balance(
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    first: FirstOption = "",
    until: UntilOption = "",
    networks: Annotated[
        Path | None,
        typer.Option(
            "--networks",
            exists=True,
            dir_okay=False,
            help="Take in the pipes of zones first: zone;from;mains_km;connections;private_km;pressure_m.",
        ),
    ] = None,
) -> None:
    """Balance the zones over some days (by default the last five weeks), and list their months."""
    begin, end, now = parse_day(first, "--from"), parse_day(until, "--to"), get_now()
    store = open_store_of(data)
    problems = 0
    with explain_store_failures():
        if networks is not None:
            problems = _take_in_networks(networks, get_actor(organisation), now)
        from avlest.insight.access import access_balances
        from avlest.insight.services.balances import do_balance
        from avlest.wording import format_quantity

        typer.echo(do_balance(store, now=now, first=begin, until=end).describe(), err=True)
        for one in access_balances(get_actor(organisation), first=begin, until=end):
            flows = (format_quantity(amount, "l") for amount in (one.supplied, one.metered, one.non_revenue))
            share = "" if one.share is None else f"{one.share} %"
            index = "" if one.infrastructure is None else f"ILI {one.infrastructure.index:.2f}"
            typer.echo("  ".join([f"{one.starts_on:%Y-%m}", one.zone, *flows, share, index]).rstrip())
    if problems:
        raise typer.Exit(1)


def _take_in_networks(file: Path, actor: Actor, now: datetime) -> int:
    """Set the pipes of zones from a table; print what is wrong with it and return how much that is."""
    from avlest.insight.services.networks import do_set_networks, parse_networks

    rows, problems = parse_networks(file.read_text("utf-8-sig"))
    changed, refused = do_set_networks(actor, rows, now=now)
    for problem in (*problems, *refused):
        typer.echo(f"{file.name}: {problem}", err=True)
    typer.echo(f"pipes of {changed} zones set", err=True)
    return len(problems) + len(refused)


def coverage(
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    first: FirstOption = "",
    until: UntilOption = "",
) -> None:
    """Count what was expected and what came on some days (by default the last week), by gateway and zone."""
    begin, end, now = parse_day(first, "--from"), parse_day(until, "--to"), get_now()
    store = open_store_of(data)
    with explain_store_failures():
        from avlest.insight.access import access_coverage
        from avlest.insight.services.coverage import RECENT, do_cover
        from avlest.readings.calendar import derive_local_day

        typer.echo(do_cover(store, now=now, first=begin, until=end).describe(), err=True)
        stop = end or derive_local_day(now)
        for one in access_coverage(get_actor(organisation), first=begin or stop - RECENT, until=stop):
            counts = f"{one.heard}/{one.meters} meters  {one.received}/{one.expected}  {100 * one.share:.1f} %"
            typer.echo(f"{one.day}  {one.dimension}  {one.label}  {counts}")
