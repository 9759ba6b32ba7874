# SPDX-License-Identifier: Apache-2.0
"""All documents of a subscriber: invoices of their accounts, and papers and photos from their own time."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from avlest.readings.calendar import derive_day_start, derive_local_day
from avlest.readings.tables import Store
from avlest.registry.access import access_row
from avlest.registry.models import Document, Party
from avlest.registry.rights import Actor, Right
from avlest.registry.services.audit import Change, record
from avlest.settlement.models import Account, Invoice
from avlest.settlement.services.documents import read_or_make_pdf

_ENDINGS: Final = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "text/csv": "csv",
    "text/plain": "txt",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedPaper:
    """A document: `source` is invoice or document, `id` its row there, `kind` what it is, `number` of an invoice."""

    source: str
    id: int
    kind: str
    title: str
    at: datetime
    media_type: str
    number: int | None = None

    @property
    def filename(self) -> str:
        """A name for the file, made of digits and plain words only."""
        ending = _ENDINGS.get(self.media_type, "bin")
        return f"{derive_local_day(self.at)}-{self.kind}-{self.number or self.id}.{ending}"


@dataclasses.dataclass(frozen=True, slots=True)
class PartyInfo:
    """Whose documents they are."""

    id: int
    code: str
    name: str


def access_party(actor: Actor, party_id: int) -> PartyInfo:
    """Return a party of the organisation."""
    row = access_row(Party, actor, party_id, right=Right.VIEW_SETTLEMENT)
    return PartyInfo(row.pk, row.code, row.name)


def access_papers(actor: Actor, party_id: int) -> list[ArchivedPaper]:
    """Return all documents of a party, newest first.

    What is kept about a property or its meters belongs to whoever was the customer when it was added.
    """
    access_party(actor, party_id)
    papers = [*_get_invoices(actor, party_id), *_get_documents(actor, party_id)]
    return sorted(papers, key=lambda paper: (paper.at, paper.id), reverse=True)


def _get_invoices(actor: Actor, party_id: int) -> Iterator[ArchivedPaper]:
    rows = Invoice.objects.of(actor.organisation_id).filter(account__party_id=party_id)
    for key, kind, number, day in rows.values_list("pk", "kind", "number", "issued_on"):
        yield ArchivedPaper(
            source="invoice", id=key, kind=kind, title=str(number), at=derive_day_start(day),
            media_type="application/pdf", number=number,
        )  # fmt: skip


def _get_documents(actor: Actor, party_id: int) -> Iterator[ArchivedPaper]:
    rows = Document.objects.of(actor.organisation_id).filter(_to_condition(actor, party_id)).distinct()
    for key, kind, title, at, media_type in rows.values_list("pk", "kind", "title", "added_at", "media_type"):
        yield ArchivedPaper(source="document", id=key, kind=kind, title=title, at=at, media_type=media_type)


def _to_condition(actor: Actor, party_id: int) -> Q:
    """Documents about the party, or about what is on a property while the party was its customer."""
    condition = Q(party_id=party_id)
    for account in Account.objects.of(actor.organisation_id).filter(party_id=party_id):
        place = account.property_id
        of_place = (
            Q(property_id=place) | Q(point__property_id=place) | Q(installation__point__property_id=place)
            | Q(meter__installation__point__property_id=place)
        )  # fmt: skip
        in_time = Q(added_at__gte=derive_day_start(account.opened_on))
        if account.closed_on:
            in_time &= Q(added_at__lt=derive_day_start(account.closed_on))
        condition |= of_place & in_time
    return condition


def access_document(actor: Actor, document_id: int) -> tuple[ArchivedPaper, bytes]:
    """Return a document of the organisation with its bytes."""
    row = access_row(Document, actor, document_id, right=Right.VIEW_SETTLEMENT)
    paper = ArchivedPaper(
        source="document", id=row.pk, kind=row.kind, title=row.title, at=row.added_at, media_type=row.media_type
    )
    with row.file.open("rb") as file:
        return paper, bytes(file.read())


def do_hand_out(actor: Actor, party_id: int, *, store: Store, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Note in the audit log that a party's documents are handed out; return their names and bytes as they are made.

    Last comes `innhold.csv`, which lists them.
    """
    papers = access_papers(actor, party_id)
    party = access_row(Party, actor, party_id, right=Right.VIEW_SETTLEMENT)
    with transaction.atomic():
        record(actor, Change("hand_out", party, None, {"documents": len(papers)}), now=now)
    return _iterate(actor, papers, store, now)


def _iterate(actor: Actor, papers: list[ArchivedPaper], store: Store, now: datetime) -> Iterator[tuple[str, bytes]]:
    for paper in papers:
        if paper.source == "invoice":
            yield paper.filename, read_or_make_pdf(paper.id, store=store, now=now)
        else:
            yield paper.filename, access_document(actor, paper.id)[1]
    yield "innhold.csv", _write_list(papers)


def _write_list(papers: list[ArchivedPaper]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow(["dato", "type", "tittel", "fil"])
    for paper in papers:
        title = f"'{paper.title}" if paper.title[:1] in ("=", "+", "-", "@", "\t") else paper.title
        writer.writerow([derive_local_day(paper.at).isoformat(), paper.kind, title, paper.filename])
    return file.getvalue().encode("utf-8-sig")
