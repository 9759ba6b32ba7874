# SPDX-License-Identifier: Apache-2.0
"""Importing a list: read, check every row, show what would happen, and do it in one transaction."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from avlest.registry.importing.columns import (
    Heading,
    ParsedRow,
    find_style,
    match_headings,
    parse_rows,
)
from avlest.registry.importing.draft import Draft, apply_draft
from avlest.registry.importing.key_files import read_key_file
from avlest.registry.importing.kinds.base import Kind
from avlest.registry.importing.kinds.installations import INSTALLATIONS
from avlest.registry.importing.kinds.keys import KEYS
from avlest.registry.importing.kinds.meters import METERS
from avlest.registry.importing.kinds.parties import PARTIES
from avlest.registry.importing.kinds.places import PLACES
from avlest.registry.importing.kinds.tenancies import TENANCIES
from avlest.registry.importing.report import FileFacts, ImportReport, OnError, RowIssue
from avlest.registry.importing.tables import Table, read_table
from avlest.registry.importing.values import Style
from avlest.registry.importing.zips import Limits
from avlest.registry.models import Organisation
from avlest.registry.rights import Actor
from avlest.registry.services.audit import Change, bump_version, record, refuse_collisions

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (METERS, PLACES, PARTIES, TENANCIES, INSTALLATIONS, KEYS)}
_MB = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A file to import; `password` opens an encrypted key file."""

    filename: str
    content: bytes = dataclasses.field(repr=False)
    password: str | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class _Read:
    """A file with its rows parsed, before the register was asked."""

    facts: FileFacts
    heading: Heading
    rows: list[ParsedRow]
    issues: list[RowIssue]


def preview_import(actor: Actor, kind: str, upload: Upload, *, now: datetime) -> ImportReport:
    """Return what importing a file would do, row issues included; nothing is written.

    Raises `ImportFileError` for a file that cannot be read, `AccessDeniedError`.
    """
    actor.require(KINDS[kind].right)
    read = _read(KINDS[kind], upload)
    draft = _plan(actor, KINDS[kind], read, now=now)
    return _report(kind, read, draft, applied=False)


def do_import(actor: Actor, kind: str, upload: Upload, *, on_error: OnError, now: datetime) -> ImportReport:
    """Import a file in one transaction; importing it again changes nothing.

    With `REFUSE_ALL` one bad row keeps everything out (`applied` is False then); with
    `SKIP_BAD` the good rows are taken in.
    """
    chosen = KINDS[kind]
    actor.require(chosen.right)
    read = _read(chosen, upload)
    with refuse_collisions(upload.filename), transaction.atomic():
        # Lists of one organisation take turns: each is planned on what the one before it left.
        Organisation.objects.select_for_update().filter(pk=actor.organisation_id).first()
        draft = _plan(actor, chosen, read, now=now)
        refused = on_error is OnError.REFUSE_ALL and bool(draft.issues)
        if refused:
            return _report(kind, read, draft, applied=False)
        batch = uuid4()
        apply_draft(draft, chosen.order, now=now, batch=batch)
        report = _report(kind, read, draft, applied=True, batch=batch)
        _record_import(actor, report, upload, now=now, batch=batch)
        if report.created or report.updated:
            bump_version(*chosen.versions)
    return report


def get_limits() -> Limits:
    """Return the limits of the settings."""
    limits = settings.AVLEST.imports
    return Limits(limits.max_file_mb * _MB, limits.max_unpacked_mb * _MB, limits.max_rows)


def _read(kind: Kind, upload: Upload) -> _Read:
    """Read and parse a file without the register: the long part, outside the transaction."""
    limits = get_limits()
    if kind is KEYS:
        table = read_key_file(upload.content, filename=upload.filename, limits=limits, password=upload.password)
    else:
        table = read_table(upload.content, filename=upload.filename, limits=limits)
    heading = match_headings(kind.columns, table.rows)
    data = [row for row in table.rows if row.line > heading.line]
    zone = ZoneInfo(settings.AVLEST.general.time_zone)
    style = find_style(kind.columns, heading, data, Style(zone=zone))
    rows, issues = parse_rows(kind.columns, heading, data, style)
    return _Read(_facts(upload, table, heading, style, len(data)), heading, rows, issues)


def _facts(upload: Upload, table: Table, heading: Heading, style: Style, rows: int) -> FileFacts:
    return FileFacts(
        filename=upload.filename,
        format=table.format,
        encoding=table.encoding,
        delimiter=table.delimiter,
        decimal=style.decimal,
        columns=heading.labels,
        ignored_columns=heading.ignored,
        rows=rows,
    )


def _plan(actor: Actor, kind: Kind, read: _Read, *, now: datetime) -> Draft:
    draft = Draft(actor=actor, labels=read.heading.labels)
    draft.issues += read.issues
    draft.bad_lines.update(issue.line for issue in read.issues)
    kind.build(draft, read.rows, now)
    draft.issues.sort(key=lambda issue: issue.line)
    return draft


def _report(kind: str, read: _Read, draft: Draft, *, applied: bool, batch: UUID | None = None) -> ImportReport:
    return ImportReport(
        kind=kind,
        facts=read.facts,
        created=draft.count_created(),
        updated=draft.count_changed(),
        unchanged=draft.unchanged,
        bad_rows=len(draft.bad_lines),
        issues=tuple(draft.issues),
        applied=applied,
        batch=batch,
    )


def _record_import(actor: Actor, report: ImportReport, upload: Upload, *, now: datetime, batch: UUID) -> None:
    """One audit row for the file as a whole, beside one for each row it made or changed."""
    organisation = Organisation(pk=actor.organisation_id, name=upload.filename)
    after = {
        "file": upload.filename,
        "sha256": hashlib.sha256(upload.content).hexdigest(),
        "created": dict(report.created),
        "updated": dict(report.updated),
        "skipped_rows": report.bad_rows,
    }
    record(actor, Change(f"import_{report.kind}", organisation, None, after), now=now, batch=batch)
