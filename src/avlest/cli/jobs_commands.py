# SPDX-License-Identifier: Apache-2.0
"""`avlest jobs`: run what is due, and show how it goes."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.service import DataOption, explain_failures, get_now, start_service

if TYPE_CHECKING:
    from avlest.service.jobs.contracts import JobInfo

jobs = typer.Typer(
    invoke_without_command=True, help="Work that is due again and again: derivation, alarms, letters, tidying."
)


def register(app: typer.Typer) -> None:
    """Put the commands of the job runner into the command line."""
    app.add_typer(jobs, name="jobs")


@jobs.callback()
def run(
    context: typer.Context,
    data: DataOption = Path(),
    once: Annotated[bool, typer.Option("--once", help="Run what is due, then end.")] = False,
    threads: Annotated[int, typer.Option(min=1, max=16, help="Jobs at work at once.")] = 2,
) -> None:
    """Run what is due, until stopped; several runners may share a database."""
    if context.invoked_subcommand is not None:
        return
    _start(data)
    if once:
        _run_once([])
        return
    from avlest.service.jobs.process import run_jobs_process

    run_jobs_process(threads=threads)


@jobs.command("run")
def run_named(
    names: Annotated[list[str], typer.Argument(help="Names as in `avlest jobs list`.")], data: DataOption = Path()
) -> None:
    """Run some jobs now, due or not, unless another runner is at them."""
    _start(data)
    from avlest.service.jobs.declared import get_declared_jobs

    known = [job.name for job in get_declared_jobs()]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise typer.BadParameter(f"no job {', '.join(unknown)}; the jobs are {', '.join(known) or 'none'}")
    _run_once(names)


@jobs.command("list")
def list_jobs(
    data: DataOption = Path(), as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False
) -> None:
    """Show every job: how often, when next, how it went."""
    _start(data)
    from avlest.service.jobs.queries import get_jobs

    found = get_jobs(now=get_now())
    if as_json:
        rows = [{**dataclasses.asdict(job), "every": job.every.total_seconds()} for job in found]
        typer.echo(json.dumps(rows, default=str, indent=1))
        return
    for job in found:
        typer.echo(_describe(job))


def _start(data: Path) -> None:
    with explain_failures():
        start_service(data.absolute())
        from avlest.service.checks import check_database
        from avlest.service.errors import ServiceError

        try:
            check_database()
        except ServiceError as error:
            typer.echo(f"avlest: {error}", err=True)
            raise typer.Exit(1) from error


def _run_once(names: list[str]) -> None:
    """Run, and say of each job that was run how it went; end with 1 when one failed."""
    from avlest.service.jobs.declared import get_declared_jobs
    from avlest.service.jobs.queries import get_jobs
    from avlest.service.jobs.runner import Runner

    began = get_now()
    failed = Runner(get_declared_jobs()).run_once(names=names)
    for job in get_jobs(now=get_now()):
        if job.finished_at is not None and job.finished_at >= began:
            typer.echo(f"{job.name}: {job.error or job.result}", err=bool(job.error))
    if failed:
        raise typer.Exit(1)


def _describe(job: JobInfo) -> str:
    state = "running" if job.is_running else "failing" if job.error else "well" if job.succeeded_at else "not run yet"
    due = f"{job.due_at:%Y-%m-%d %H:%M:%S}" if job.due_at else "now"
    last = f"{job.succeeded_at:%Y-%m-%d %H:%M:%S}" if job.succeeded_at else "never"
    said = f"{job.failures} failures in a row: {job.error}" if job.error else job.result
    return f"{job.name}  every {job.every}  {state}  next {due}  last success {last}  {said}".rstrip()
