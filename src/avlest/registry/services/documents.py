# SPDX-License-Identifier: Apache-2.0
"""Documents and photos: kept by content, tied to what they are about."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from avlest.registry.access import access_row
from avlest.registry.errors import Problem, RegistryError
from avlest.registry.models import (
    Document,
    Installation,
    Meter,
    MeteringPoint,
    Owned,
    Party,
    Property,
    Unit,
)
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import save_new

_ABOUT: dict[str, type[Owned]] = {
    "property": Property,
    "unit": Unit,
    "point": MeteringPoint,
    "meter": Meter,
    "installation": Installation,
    "party": Party,
}
_LARGEST = 25_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A document: `about` says what kind of thing it belongs to, `about_id` which."""

    kind: str
    title: str
    media_type: str
    content: bytes = dataclasses.field(repr=False)
    about: str
    about_id: int


@transaction.atomic
def do_attach_document(actor: Actor, upload: Upload, *, now: datetime) -> int:
    """Keep a document; return its number.  Raises `RegistryError` when empty or over 25 MB.

    The bytes are written first: a crash leaves a file without a row, never the reverse.
    """
    if not 0 < len(upload.content) <= _LARGEST:
        detail = f"the file has {len(upload.content)} bytes, expected 1 to {_LARGEST}"
        raise RegistryError(Problem.BAD_FILE, detail)
    if upload.about not in _ABOUT:
        raise RegistryError(Problem.INVALID, f"about: expected one of {', '.join(_ABOUT)}")
    subject = access_row(_ABOUT[upload.about], actor, upload.about_id, right=Right.INSTALL_METERS)
    row = _document(actor, upload, subject, now=now)
    name = row.file.field.generate_filename(row, row.sha256)
    if not row.file.storage.exists(name):
        row.file.storage.save(name, ContentFile(upload.content))
    row.file.name = name
    save_new(actor, row, now=now, action="attach")
    return row.pk


def _document(actor: Actor, upload: Upload, subject: Owned, *, now: datetime) -> Document:
    about: dict[str, Any] = {upload.about: subject}
    return Document(
        organisation_id=actor.organisation_id,
        kind=upload.kind,
        title=upload.title,
        media_type=upload.media_type,
        size=len(upload.content),
        sha256=hashlib.sha256(upload.content).hexdigest(),
        added_at=now,
        file=hashlib.sha256(upload.content).hexdigest(),
        **about,
    )
