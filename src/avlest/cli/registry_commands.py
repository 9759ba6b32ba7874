# SPDX-License-Identifier: Apache-2.0
"""`avlest init`, `avlest import` and `avlest keys`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    from avlest.registry.importing.report import ImportReport
    from avlest.registry.services.keys import BadKey

_SHOWN = 50


class ListKind(StrEnum):
    """The kinds of lists, in the order a new installation takes them in."""

    METERS = "meters"
    PLACES = "places"
    PARTIES = "parties"
    TENANCIES = "tenancies"
    INSTALLATIONS = "installations"
    KEYS = "keys"


FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, XLSX or a vendor's key file.")]
PreviewOption = Annotated[bool, typer.Option("--preview", help="Say what would happen and change nothing.")]
SkipOption = Annotated[bool, typer.Option("--skip-bad", help="Take in the good rows although others are bad.")]
PasswordOption = Annotated[
    str, typer.Option("--password", envvar="AVLEST_KEY_FILE_PASSWORD", help="Password of an encrypted key file.")
]

keys = typer.Typer(no_args_is_help=True, help="The meters' keys: sealed at rest, never shown.")


def register(app: typer.Typer) -> None:
    """Put the registry's commands into the command line."""
    app.command("init")(init)
    app.command("import")(import_list)
    app.add_typer(keys, name="keys")


def init(
    directory: Annotated[Path, typer.Argument(help="Data directory to make.")],
    organisation: Annotated[str, typer.Option(help="Short name of the first organisation.")] = "avlest",
    name: Annotated[str, typer.Option(help="Full name of the first organisation.")] = "",
    database: Annotated[str, typer.Option(help="postgresql://... instead of SQLite in the directory.")] = "",
) -> None:
    """Make a data directory with its settings, secrets and database; again, it changes nothing."""
    from avlest.project.directory import make_data_dir

    with explain_failures():
        for file in make_data_dir(directory, database=database):
            typer.echo(f"made {file}")
        start_service(directory)
        make_database(organisation, name or organisation)
        typer.echo(f"{directory} is ready: avlest serve --data {directory}")


def make_database(slug: str, name: str) -> None:
    """Make tables, key ring and the first organisation of a data directory; again, it changes nothing."""
    from avlest.project.new_database import make_tables
    from avlest.registry.keys.ring import get_key_ring, get_ring_file
    from avlest.registry.keys.ring_file import make_ring_file
    from avlest.registry.queries import get_organisations
    from avlest.registry.services.organisations import do_create_organisation

    if make_ring_file(get_ring_file()):
        typer.echo(f"made {get_ring_file()}: keep a copy, without it the meters' keys are lost")
    get_key_ring()
    make_tables()
    if not get_organisations():
        do_create_organisation(name=name, slug=slug, by="avlest init", now=get_now())
        typer.echo(f"made the organisation {slug}")


def import_list(
    kind: Annotated[ListKind, typer.Argument(help="What the list is about.")],
    file: FileArgument,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    preview: PreviewOption = False,
    skip_bad: SkipOption = False,
    password: PasswordOption = "",
) -> None:
    """Take in a list of meters, places, parties, tenancies, installations or keys."""
    with explain_failures():
        start_service(data)
        _import(kind, file, organisation=organisation, preview=preview, skip_bad=skip_bad, password=password)


@keys.command("import")
def import_keys(
    file: FileArgument,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    preview: PreviewOption = False,
    skip_bad: SkipOption = False,
    password: PasswordOption = "",
) -> None:
    """Take in keys: a list with headings, `address;key` lines, Kamstrup KEM, XML."""
    with explain_failures():
        start_service(data)
        kind = ListKind.KEYS
        _import(kind, file, organisation=organisation, preview=preview, skip_bad=skip_bad, password=password)


def _import(kind: ListKind, file: Path, *, organisation: str, preview: bool, skip_bad: bool, password: str) -> None:
    from avlest.registry.importing.engine import Upload, do_import, get_limits, preview_import
    from avlest.registry.importing.report import ImportFileError, OnError

    actor = get_actor(organisation)
    size, most = file.stat().st_size, get_limits().file_bytes
    if size > most:
        raise ImportFileError(f"{file.name} has {size // 1_000_000} MB, at most {most // 1_000_000} MB are taken in")
    upload = Upload(file.name, file.read_bytes(), password or None)
    if preview:
        report = preview_import(actor, kind.value, upload, now=get_now())
    else:
        on_error = OnError.SKIP_BAD if skip_bad else OnError.REFUSE_ALL
        report = do_import(actor, kind.value, upload, on_error=on_error, now=get_now())
    _print_report(report, preview=preview)
    if report.issues and not report.applied:
        raise typer.Exit(1)


def _print_report(report: ImportReport, *, preview: bool) -> None:
    facts = report.facts
    found = ", ".join(part for part in (facts.format, facts.encoding, facts.delimiter.replace("\t", "tab")) if part)
    typer.echo(f"{facts.filename}: {facts.rows} rows ({found}; decimal {facts.decimal})")
    typer.echo("columns: " + ", ".join(f"{label} = {name}" for name, label in facts.columns.items()))
    if facts.ignored_columns:
        typer.echo("not used: " + ", ".join(facts.ignored_columns))
    for issue in report.issues[:_SHOWN]:
        typer.echo(f"  {issue}", err=True)
    if len(report.issues) > _SHOWN:
        typer.echo(f"  and {len(report.issues) - _SHOWN} more", err=True)
    verb = "would be " if preview else "" if report.applied else "not "
    made = ", ".join(f"{count} {name}" for name, count in report.created.items()) or "nothing"
    changed = ", ".join(f"{count} {name}" for name, count in report.updated.items()) or "nothing"
    typer.echo(
        f"{verb}made: {made}; {verb}changed: {changed}; unchanged rows: {report.unchanged}; bad: {report.bad_rows}"
    )
    if report.issues and not report.applied and not preview:
        typer.echo("nothing was taken in; mend the rows above, or use --skip-bad", err=True)


@keys.command("rotate")
def rotate_keys(
    data: DataOption = Path(),
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the current ring key, make no new one.")] = False,
) -> None:
    """Make a new ring key and seal every meter key with it; stopped, go on with --resume."""
    with explain_failures():
        start_service(data)
        from avlest.registry.keys.ring import get_ring_file, require_file
        from avlest.registry.keys.ring_file import add_ring_key
        from avlest.registry.services.keys import do_reseal_keys

        if not resume:
            require_file()
            typer.echo(f"new ring key {add_ring_key(get_ring_file())} in {get_ring_file()}: keep a copy")
        done = do_reseal_keys("avlest keys rotate", now=get_now())
        typer.echo(f"resealed {done.resealed} keys; {done.already} were sealed with the current ring key")
        _print_bad(done.failed)


@keys.command("check")
def check(data: DataOption = Path()) -> None:
    """Open every key without showing any; name the meters whose key does not open."""
    with explain_failures():
        start_service(data)
        from avlest.registry.services.keys import check_keys

        found = check_keys()
        for ring_key, count in sorted(found.by_ring_key.items()):
            mark = " (current)" if ring_key == found.current else ""
            typer.echo(f"{count} keys sealed with ring key {ring_key}{mark}")
        _print_bad(found.bad)
        if not found.by_ring_key:
            typer.echo("no keys are stored")


def _print_bad(bad: tuple[BadKey, ...]) -> None:
    for one in bad[:_SHOWN]:
        typer.echo(f"  {one.address.manufacturer} {one.address.serial}: {one.reason}", err=True)
    if bad:
        typer.echo(f"{len(bad)} keys do not open", err=True)
        raise typer.Exit(1)
