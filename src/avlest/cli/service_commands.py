# SPDX-License-Identifier: Apache-2.0
"""`avlest collect`, `work`, `status`, `replay`, `compact` and `readings`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from avlest.cli.service import (
    DataOption,
    OrganisationOption,
    explain_failures,
    get_actor,
    get_now,
    start_service,
)

if TYPE_CHECKING:
    from avlest.collect.status import CollectStatus
    from avlest.project.config import Config

readings = typer.Typer(no_args_is_help=True, help="Stored readings.")

MeterOption = Annotated[list[str] | None, typer.Option("--meter", help="Serial of a meter; may be repeated.")]
FromOption = Annotated[
    str, typer.Option("--from", help="First instant, such as 2026-03-01 (UTC where no zone is told).")
]
ToOption = Annotated[str, typer.Option("--to", help="End, exclusive.")]


def register(app: typer.Typer) -> None:
    """Put the commands of collection into the command line."""
    app.command("collect")(collect)
    app.command("work")(work)
    app.command("status")(status)
    app.command("replay")(replay)
    app.command("compact")(compact)
    app.add_typer(readings, name="readings")
    readings.command("show")(show)
    readings.command("export")(export)


@contextmanager
def explain_collect_failures() -> Iterator[None]:
    """Print what keeps collection from its work as one line and end with code 1."""
    from avlest.catalogue.model import CatalogueError
    from avlest.collect.export import ExportError
    from avlest.readings.tables import StoreError

    try:
        with explain_failures():
            yield
    except (CatalogueError, ExportError, StoreError) as error:
        typer.echo(f"avlest: {error}", err=True)
        raise typer.Exit(1) from error


def _start(data: Path) -> Config:
    start_service(data.absolute())
    from django.conf import settings

    config: Config = settings.AVLEST
    return config


def collect(data: DataOption = Path()) -> None:
    """Take in what the sources of avlest.toml hear, until stopped."""
    with explain_failures():
        config = _start(data)
        from avlest.collect.processes import run_collector_process

        run_collector_process(config)


def work(
    data: DataOption = Path(),
    most_lanes: Annotated[int, typer.Option("--most-lanes", min=1, help="Lanes this process takes at most.")] = 64,
    once: Annotated[bool, typer.Option("--once", help="Work until nothing waits, then end.")] = False,
) -> None:
    """Turn what the inbox holds into stored readings, until stopped."""
    with explain_failures():
        config = _start(data)
    with explain_collect_failures():
        from avlest.collect.processes import open_worker, run_worker_process

        if not once:
            run_worker_process(config, most_lanes=most_lanes)
            return
        with open_worker(config, most_lanes=most_lanes) as worker:
            worker.drain()


def status(
    data: DataOption = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    days: Annotated[int, typer.Option(min=1, help="Days of outcomes to show.")] = 1,
) -> None:
    """Say what is coming in, what is stuck, how much is stored and how far behind the pipeline is."""
    with explain_failures():
        config = _start(data)
    with explain_collect_failures():
        from avlest.collect.options import open_configured_store
        from avlest.collect.sources.state import FILE_NAME, read_board
        from avlest.collect.status import get_status

        found = get_status(now=get_now(), days=days)
        board = read_board(config.resolve(FILE_NAME))
        sources = list(board.sources) if board else []
        sizes = [dataclasses.asdict(size) for size in open_configured_store(config).sizes()]
        if as_json:
            typer.echo(
                json.dumps({**dataclasses.asdict(found), "sources": sources, "tables": sizes}, default=str, indent=1)
            )
        else:
            _print_status(found, sizes)
            _print_sources(sources)


def _print_status(found: CollectStatus, sizes: list[dict[str, Any]]) -> None:
    last = f"{found.last_heard_at:%Y-%m-%d %H:%M:%S} UTC" if found.last_heard_at else "never"
    typer.echo(f"Last heard       {last}")
    typer.echo(f"Meters heard     {found.meters_heard}, {found.meters_heard_today} of them in the last 24 hours")
    typer.echo(f"Inbox            {found.inbox_messages} messages, oldest {found.inbox_lag:.0f} s")
    typer.echo(f"To be appended   {found.waiting_readings} readings, oldest {found.waiting_lag:.0f} s")
    for kept in found.kept:
        typer.echo(f"Waiting          {kept.outcome}: {kept.telegrams} telegrams, {kept.senders} senders")
    for gateway in found.gateways:
        name = f"{gateway.source} {gateway.gateway}".rstrip()
        typer.echo(
            f"Gateway          {name}: {gateway.messages} messages, last {gateway.last_heard_at:%Y-%m-%d %H:%M:%S}"
        )
    for outcome in found.outcomes:
        typer.echo(f"{outcome.day}       {outcome.source} {outcome.outcome}: {outcome.messages}")
    for size in sizes:
        typer.echo(
            f"Table            {size['table']}: {size['rows']} rows, {size['bytes']} bytes, {size['files']} files"
        )


def _print_sources(sources: list[dict[str, Any]]) -> None:
    """One line a source, as the collector last wrote it down, and what went wrong last."""
    for source in sources:
        trouble = "; ".join(filter(None, (source.get("last_error"), source.get("last_problem"))))
        counts = f"{source.get('taken', 0)} taken in, {source.get('problems', 0)} not readable"
        heard = str(source.get("last_heard_at") or "never")[:19].replace("T", " ")
        line = f"Source           {source.get('name')}: {source.get('phase')}, {counts}, last {heard}"
        typer.echo(f"{line}; {trouble}" if trouble else line)


def replay(
    data: DataOption = Path(),
    outcome: Annotated[list[str] | None, typer.Option("--outcome", help="Only what ended so; may be repeated.")] = None,
    meter: MeterOption = None,
    since: Annotated[str, typer.Option("--since", help="Only what was heard since, such as 2026-03-01.")] = "",
) -> None:
    """Try kept telegrams again: all, or those of some outcomes and meters."""
    with explain_failures():
        _start(data)
        from avlest.collect.pipeline.replay import do_replay_chosen

        count = do_replay_chosen(
            outcomes=outcome or [], serials=meter or [], since=_parse_instant(since, "--since"), now=get_now()
        )
    typer.echo(f"{count} kept telegrams go through the pipeline again")


def compact(
    data: DataOption = Path(),
    table: Annotated[list[str] | None, typer.Option("--table", help="Only this table; may be repeated.")] = None,
) -> None:
    """Merge the small files of the stored tables, and free the space."""
    with explain_failures():
        config = _start(data)
    with explain_collect_failures():
        from avlest.collect.options import open_configured_store
        from avlest.collect.upkeep import compact_table
        from avlest.readings.tables import TABLES

        unknown = [name for name in table or [] if name not in TABLES]
        if unknown:
            raise typer.BadParameter(f"no table {', '.join(unknown)}; the tables are {', '.join(TABLES)}")
        store = open_configured_store(config)
        for name in table or list(TABLES):
            done = compact_table(store, name, spare_rows=None)
            typer.echo(f"{name}: {done} partitions merged")


def show(
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    meter: MeterOption = None,
    start: FromOption = "",
    stop: ToOption = "",
    latest: Annotated[bool, typer.Option("--latest", help="Only the latest value of each register.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to print.")] = 100,
) -> None:
    """Print stored readings as a table of text."""
    frame = _read(data, organisation, meter, start, stop, latest=latest)
    for row in frame.tail(limit).iter_rows(named=True):
        what = " ".join(part for part in (row["quantity"], row["qualifier"]) if part)
        storage = f" storage {row['storage']}" if row["storage"] else ""
        typer.echo(
            f"{row['at']:%Y-%m-%dT%H:%M:%SZ}  {row['manufacturer']} {row['serial']}  {what}{storage}  "
            f"{row['value']} {row['unit']}  {row['status']}  {row['quality']}"
        )
    typer.echo(f"{min(limit, frame.height)} of {frame.height} readings", err=True)


def export(
    output: Annotated[Path, typer.Argument(help="File to write: .csv, .xlsx or .parquet.")],
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    meter: MeterOption = None,
    start: FromOption = "",
    stop: ToOption = "",
) -> None:
    """Write stored readings to a file; its ending says in which form."""
    frame = _read(data, organisation, meter, start, stop, latest=False)
    with explain_collect_failures():
        from avlest.collect.export import write_export

        write_export(frame, output)
    typer.echo(f"{frame.height} readings written to {output}", err=True)


def _read(data: Path, organisation: str, meter: list[str] | None, start: str, stop: str, *, latest: bool) -> Any:
    with explain_failures():
        config = _start(data)
    with explain_collect_failures():
        from avlest.collect.export import get_readings
        from avlest.collect.options import open_configured_store

        actor = get_actor(organisation)
        return get_readings(
            open_configured_store(config),
            organisation_id=actor.organisation_id,
            serials=meter or [],
            start=_parse_instant(start, "--from"),
            stop=_parse_instant(stop, "--to"),
            latest=latest,
        )


def _parse_instant(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{name} {text!r}: expected a time such as 2026-03-01 or 2026-03-01T12:00:00Z"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
