# SPDX-License-Identifier: Apache-2.0
"""Messages that did not reach anybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from avlest.insight.notify.failed import count_messages, get_failed_messages
from avlest.portal.operations.words import name_channel, name_message_state
from avlest.portal.request import ViewerRequest
from avlest.portal.tables import Column, answer_csv, read_table
from avlest.registry.rights import Right
from avlest.wording import format_instant

SINCE: Final = timedelta(days=30)


@require_safe
def show_messages(request: ViewerRequest) -> HttpResponse:
    """What failed in the last thirty days, and how many went well."""
    request.viewer.actor.require(Right.VIEW_PEOPLE)
    since, language = request.now - SINCE, get_language() or "nb"
    columns = (
        Column("made_at", _("Made"), lambda row: format_instant(row.made_at, language=language, style="short"),
               key=lambda row: row.made_at),
        Column("name", _("To"), lambda row: row.name),
        Column("channel", _("By"), lambda row: name_channel(row.channel)),
        Column("subject", _("Message"), lambda row: row.subject),
        Column("state", _("What happened"), lambda row: name_message_state(row.state)),
        Column("error", _("Why"), lambda row: row.error),
    )  # fmt: skip
    table = read_table(
        request.GET, caption=_("Messages that did not arrive"), columns=columns,
        rows=get_failed_messages(request.viewer.scope, since=since), empty=_("Every message arrived."),
    )  # fmt: skip
    if table.wants_csv:
        return answer_csv(table, "meldinger")
    counts = [
        (name_message_state(state), number)
        for state, number in sorted(count_messages(request.viewer.scope, since=since).items())
    ]
    return render(request, "portal/operations/messages.html", {"table": table, "counts": counts})
