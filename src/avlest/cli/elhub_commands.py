# SPDX-License-Identifier: Apache-2.0
"""`avlest elhub`: metering values of Elhub in and out, and how complete days are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.service import DataOption, OrganisationOption, get_actor, get_now
from avlest.cli.store import explain_store_failures, open_store_of, parse_day

if TYPE_CHECKING:
    from avlest.readings.elhub.values import IntervalValue

elhub = typer.Typer(no_args_is_help=True, help="Metering values as Elhub gives and takes them.")

_SHOWN = 50
PointOption = Annotated[list[str] | None, typer.Option("--point", help="Number of a point (GSRN); may be repeated.")]
FirstOption = Annotated[str, typer.Option("--from", help="First local day, such as 2026-03-01.")]
StopOption = Annotated[str, typer.Option("--to", help="End, exclusive: a local day.")]


class Way(StrEnum):
    """Which way the energy went."""

    CONSUMPTION = "consumption"
    PRODUCTION = "production"


class Form(StrEnum):
    """What is written."""

    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Put the commands of Elhub into the command line."""
    app.add_typer(elhub, name="elhub")


@contextmanager
def explain_elhub_failures() -> Iterator[None]:
    """Print what cannot be read or written as one line and end with code 1."""
    from avlest.collect.formats.model import FormatError
    from avlest.readings.elhub.energy_data import EnergyDataError

    try:
        with explain_store_failures():
            yield
    except (FormatError, EnergyDataError) as error:
        typer.echo(f"avlest: {error}", err=True)
        raise typer.Exit(1) from error


@elhub.command("import")
def import_values(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV of Min side, or JSON.")],
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    point: Annotated[str, typer.Option(help="Number of the point, where the file's name has none.")] = "",
) -> None:
    """Take in the files a customer downloads from Min side, or answers of the Energy Data API."""
    bad = 0
    with explain_elhub_failures():
        store = open_store_of(data)
        from avlest.readings.services.elhub import do_import_values

        actor = get_actor(organisation)
        for file in files:
            values, problems = _read_file(file, point)
            done = do_import_values(actor, store, values, source=f"elhub {file.name}"[:100], now=get_now())
            told = [*problems, *(f"{gsrn}: {why}" for gsrn, why in done.refused)]
            for line in told[:_SHOWN]:
                typer.echo(f"  {file.name}: {line}", err=True)
            typer.echo(
                f"{file.name}: {done.written} values taken in, {done.standing} stood already, {len(told)} problems"
            )
            bad += len(told)
    if bad:
        raise typer.Exit(1)


def _read_file(file: Path, point: str) -> tuple[list[IntervalValue], list[str]]:
    """The values of a file and what of it could not be read."""
    content = file.read_bytes()
    if content.lstrip()[:1] in (b"{", b""):
        from avlest.readings.elhub.energy_data import parse_energy_data

        found = parse_energy_data(content)
        return list(found.values), [str(problem) for problem in found.problems]
    from avlest.collect.formats.elhub_csv import parse_elhub_csv
    from avlest.collect.formats.elhub_values import to_interval_values
    from avlest.collect.formats.model import Message

    message = Message(content, get_now(), "elhub", topic=file.name)
    parsed = parse_elhub_csv(message, point=point)
    return to_interval_values(parsed), [str(problem) for problem in parsed.problems]


@elhub.command("export")
def export_values(
    folder: Annotated[Path, typer.Argument(help="Folder to write to; one CSV a point, or one JSON.")],
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    points: PointOption = None,
    start: FirstOption = "",
    stop: StopOption = "",
    way: Annotated[Way, typer.Option("--direction", help="Which way the energy went.")] = Way.CONSUMPTION,
    minutes: Annotated[int, typer.Option(help="15 or 60.")] = 60,
    form: Annotated[Form, typer.Option("--format", help="CSV of Min side, or JSON of the Energy Data API.")] = Form.CSV,
) -> None:
    """Write hourly or quarter-hourly values with Elhub's statuses; the day before, unless days are named."""
    if minutes not in (15, 60):
        raise typer.BadParameter(f"--minutes {minutes}: expected 15 or 60")
    with explain_elhub_failures():
        store = open_store_of(data)
        first, last = _days(start, stop)
        from avlest.readings.elhub.values import Direction
        from avlest.readings.services.elhub import access_interval_values

        direction = Direction.IN if way is Way.PRODUCTION else Direction.OUT
        values = access_interval_values(
            get_actor(organisation), store, points, first, last, direction=direction, minutes=minutes
        )
        folder.mkdir(parents=True, exist_ok=True)
        written = _write_json(folder, values) if form is Form.JSON else _write_csv(folder, values)
    typer.echo(f"{len(values)} values of {len({value.gsrn for value in values})} points in {written} files")


def _write_csv(folder: Path, values: list[IntervalValue]) -> int:
    from avlest.readings.elhub.min_side import derive_file_name, format_min_side

    by_point: dict[str, list[IntervalValue]] = {}
    for value in values:
        by_point.setdefault(value.gsrn, []).append(value)
    for gsrn, some in by_point.items():
        name = derive_file_name(gsrn, some[0].direction, get_now())
        (folder / name).write_text(format_min_side(some), encoding="utf-8", newline="")
    return len(by_point)


def _write_json(folder: Path, values: list[IntervalValue]) -> int:
    from avlest.readings.elhub.energy_data import format_energy_data
    from avlest.readings.elhub.values import SENT

    body = format_energy_data(value for value in values if value.status in SENT)
    if body:
        (folder / f"metering-points-{get_now():%Y%m%dT%H%M}.json").write_bytes(body)
    return int(bool(body))


def _days(start: str, stop: str) -> tuple[date, date]:
    """The days named, else the day before today."""
    from avlest.readings.calendar import derive_local_day

    today = derive_local_day(get_now())
    first = parse_day(start, "--from") or today - timedelta(days=1)
    last = parse_day(stop, "--to") or max(today, first + timedelta(days=1))
    return first, last


@elhub.command("report")
def report(
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    start: FirstOption = "",
    stop: StopOption = "",
) -> None:
    """Say how complete days are against the deadlines of D+1 07:00 and D+5; the last seven, unless days are named."""
    with explain_elhub_failures():
        store = open_store_of(data)
        from avlest.readings.services.elhub import access_elhub_report

        first, last = _days(start, stop)
        first = first if start else last - timedelta(days=7)
        rows = access_elhub_report(get_actor(organisation), store, first, last, now=get_now())
    late = False
    for row in rows.iter_rows(named=True):
        typer.echo(_describe_day(row))
        late |= (row["first_due"] and not row["first_met"]) or (row["billing_due"] and not row["billing_met"])
    if late:
        raise typer.Exit(1)


def _describe_day(row: dict[str, object]) -> str:
    def say(due: object, met: object) -> str:
        return ("met" if met else "LATE") if due else ("met" if met else "not due")

    return (
        f"{row['day']}  {row['complete']} of {row['points']} points complete, {row['measured']} measured throughout; "
        f"hours: {row['hours_measured']} measured, {row['hours_estimated']} estimated, {row['hours_missing']} missing; "
        f"D+1 {say(row['first_due'], row['first_met'])}, D+5 {say(row['billing_due'], row['billing_met'])}"
    )
