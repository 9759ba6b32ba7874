# SPDX-License-Identifier: Apache-2.0
"""`avlest serve`, `web`, `backup`, `restore` and `admin`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.service import DataOption, explain_failures, get_now, start_service

if TYPE_CHECKING:
    from avlest.project.config import Config
    from avlest.service.backup.manifest import Manifest

HostOption = Annotated[str, typer.Option(help="Address to listen on instead of [web] host.")]
PortOption = Annotated[int, typer.Option(help="TCP port to listen on instead of [web] port.", min=0, max=65535)]


def register(app: typer.Typer) -> None:
    """Put the service's commands into the command line."""
    app.command("serve")(serve)
    app.command("web")(web)
    app.command("backup")(backup)
    app.command("restore")(restore)
    app.command("admin")(admin)


@contextmanager
def explain_service_failures() -> Iterator[None]:
    """Print what keeps the service from its work as one line and end with code 1."""
    from avlest.readings.tables import StoreError
    from avlest.service.errors import ServiceError

    try:
        with explain_failures():
            yield
    except (ServiceError, StoreError) as error:
        typer.echo(f"avlest: {error}", err=True)
        raise typer.Exit(1) from error


def serve(data: DataOption = Path(), host: HostOption = "", port: PortOption = 0) -> None:
    """Run the whole service: web server, collector and worker, started again when one of them ends."""
    with explain_service_failures():
        config = _start(data)
        from avlest.service.serve import ServeOptions, run_service

        options = ServeOptions(
            data_dir=config.data_dir,
            host=host or config.web.host,
            port=port or config.web.port,
            has_sources=_has_sources(config),
        )
        run_service(options)


def web(data: DataOption = Path(), host: HostOption = "", port: PortOption = 0) -> None:
    """Run the web server alone."""
    with explain_service_failures():
        config = _start(data)
        from avlest.service.checks import check_database
        from avlest.service.web import serve_web

        check_database()
        _has_sources(config)  # those that are pushed to are read when something is pushed: a mistake is said now
        web, processes = config.web, max(1, min(32, config.web.processes))
        serve_web(host=host or web.host, port=port or web.port, processes=processes, threads=web.threads)


def _start(data: Path) -> Config:
    """Check the data directory before settings are read: a plain reason instead of a missing file."""
    from avlest.service.checks import check_data_dir

    check_data_dir(data)
    return _start_project(data)


def _start_project(data: Path) -> Config:
    start_service(data.absolute())
    from django.conf import settings

    config: Config = settings.AVLEST
    return config


def _has_sources(config: Config) -> bool:
    """Whether there is a source the collector runs; those of kind http belong to the web server."""
    from avlest.collect.settings import TABLE, HttpSettings, parse_sources

    sources = parse_sources(config.tables.get(TABLE), place=config.place(TABLE), data_dir=config.data_dir)
    return any(not isinstance(source, HttpSettings) for source in sources)


def backup(
    target: Annotated[Path, typer.Argument(help="New file (.tar, .tar.gz, .tgz) or new folder.")],
    data: DataOption = Path(),
    with_keys: Annotated[
        bool, typer.Option("--with-keys", help="Also write the keys that open the meters' keys, into a file beside it.")
    ] = False,
) -> None:
    """Back up database, readings, documents and settings, also while the service runs."""
    with explain_service_failures():
        config = _start(data)
        from avlest.service.backup.making import make_backup

        made = make_backup(target, config=config, now=get_now(), with_keys=with_keys)
        manifest = made.manifest
        typer.echo(
            f"{made.target}: {len(manifest.files)} files, {manifest.bytes:,} bytes, {manifest.database} database"
        )
        _print_tables(manifest)
        if made.keys:
            typer.echo(f"{made.keys}: the keys that open every meter's key. Keep it apart from the backup.", err=True)
        elif manifest.ring_keys:
            typer.echo("not in it: the keys that open the meters' keys (--with-keys writes them beside it)")


def restore(
    source: Annotated[Path, typer.Argument(exists=True, help="File or folder that avlest backup made.")],
    data: Annotated[Path, typer.Option("--data", envvar="AVLEST_DATA", help="New or empty data directory.")],
    keys: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File that avlest backup --with-keys wrote.")
    ] = None,
) -> None:
    """Take a backup back into an empty data directory; checksums are verified first."""
    with explain_service_failures():
        from avlest.service.backup.restoring import restore_backup

        done = restore_backup(source, data, keys=keys, start=_start_project)
        manifest = done.manifest
        typer.echo(f"{done.data_dir}: the backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC is back")
        _print_tables(manifest)
        if done.missing_ring_keys:
            names = ", ".join(done.missing_ring_keys)
            typer.echo(f"the meters' keys stay sealed until the ring with {names} is put back", err=True)
        if not done.has_delivery_key:
            typer.echo("the key that delivers reports (sftp_key) is not back: restore with --keys", err=True)
        if done.is_older:
            typer.echo(f"made by an older version: run avlest init {done.data_dir}")


def _print_tables(manifest: Manifest) -> None:
    for table in manifest.tables:
        typer.echo(f"  {table.name}: {table.rows:,} rows")


def admin(
    name: Annotated[str, typer.Argument(help="User name to log in with.")],
    data: DataOption = Path(),
    password: Annotated[
        str, typer.Option(envvar="AVLEST_ADMIN_PASSWORD", help="Password; asked for when not given.")
    ] = "",
) -> None:
    """Make an administrator who may do everything, or give one a new password."""
    with explain_service_failures():
        _start(data)
        from avlest.registry.services.users import do_make_administrator

        chosen = password or typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        made = do_make_administrator(name, chosen, by=f"avlest admin ({os.environ.get('USER', '')})", now=get_now())
        typer.echo(f"{name} {'may log in' if made else 'has a new password'}: /admin/")
