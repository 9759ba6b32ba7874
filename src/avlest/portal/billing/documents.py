# SPDX-License-Identifier: Apache-2.0
"""The archive of a subscriber: every document, opened one by one or handed out together."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from avlest.portal.billing.lists import SIZE, Page, read_asked
from avlest.portal.billing.packing import pack_files
from avlest.portal.request import ViewerRequest
from avlest.portal.store import get_store
from avlest.settlement.archive import access_document, access_papers, access_party, do_hand_out
from avlest.settlement.searching import access_found_accounts


@require_safe
def show_documents(request: ViewerRequest) -> HttpResponse:
    """Whose documents: customers by number, name or address."""
    asked = read_asked(request.GET)
    rows, count = access_found_accounts(request.viewer.actor, search=asked.search, offset=asked.offset, limit=SIZE)
    context = {"page": Page(tuple(rows), count, asked), "asked": asked}
    return render(request, "portal/billing/documents.html", context)


@require_safe
def show_documents_of(request: ViewerRequest, party_id: int) -> HttpResponse:
    """All documents of one subscriber."""
    actor = request.viewer.actor
    context = {"party": access_party(actor, party_id), "papers": access_papers(actor, party_id)}
    return render(request, "portal/billing/documents_of.html", context)


@require_safe
def hand_out(request: ViewerRequest, party_id: int) -> FileResponse:
    """All documents of one subscriber in a ZIP, with a list of them."""
    actor = request.viewer.actor
    party = access_party(actor, party_id)
    files = do_hand_out(actor, party_id, store=get_store(), now=request.now)
    name = "".join(letter for letter in party.code if letter.isascii() and letter.isalnum()) or str(party.id)
    return FileResponse(pack_files(files), as_attachment=True, filename=f"dokumenter-{name}.zip")


@require_safe
def get_document(request: ViewerRequest, document_id: int) -> HttpResponse:
    """One paper or photo; downloaded, never run by the browser."""
    paper, content = access_document(request.viewer.actor, document_id)
    headers = {"Content-Disposition": f'attachment; filename="{paper.filename}"'}
    return HttpResponse(content, content_type=paper.media_type, headers=headers)
