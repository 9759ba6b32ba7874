# SPDX-License-Identifier: Apache-2.0
"""A home among its like: the average of others, the fifth that uses least, and how many use more."""

from __future__ import annotations

import dataclasses

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from avlest.insight.infos import PeersInfo
from avlest.insight.peers import Peers, get_peers
from avlest.portal.request import ViewerRequest
from avlest.portal.resident.bars import add_up, read_days
from avlest.portal.resident.periods import Shown, Span
from avlest.portal.resident.series import Use
from avlest.portal.store import get_store
from avlest.readings.calendar import derive_local_day
from avlest.wording import format_quantity


@dataclasses.dataclass(frozen=True, slots=True)
class Among:
    """The others in a span, and where the home stands among them."""

    peers: Peers
    info: PeersInfo


def read_among(request: ViewerRequest, use: Use, shown: Shown) -> Among | None:
    """Return the homes like this one in the days of a span that are over; None for all years, or without a group."""
    until = min(shown.until, derive_local_day(request.now))
    if shown.span is Span.ALL or shown.first >= until:
        return None
    store = get_store()
    peers = get_peers(store, use.id, first=shown.first, until=until, now=request.now)
    if peers is None:
        return None
    days = read_days(request.viewer, store, [use], shown.first, until, now=request.now).get(use.id, {})
    own = add_up(days, shown.first, until)
    return Among(peers, peers.place(own.value if own.known == own.expected else None))


def describe_among(among: Among | None, use: Use) -> list[str]:
    """Return the position in words: no shame, and nothing where the group is small or days are missing."""
    if among is None:
        return []
    info, language = among.info, get_language() or "nb"
    sentences = []
    if info.less_than is not None and info.more_than is not None:
        if info.less_than >= info.more_than:
            sentences.append(_("You use less than %(number)s of 10 homes like yours.") % {"number": info.less_than})
        else:
            sentences.append(_("You use more than %(number)s of 10 homes like yours.") % {"number": info.more_than})
    if info.best is not None:
        best = format_quantity(info.best, use.unit, language=language)
        sentences.append(_("The 20 %% that use least used %(best)s on average.") % {"best": best})
    if info.average is not None:
        average = format_quantity(info.average, use.unit, language=language)
        sentences.append(_("The average of homes like yours is %(average)s.") % {"average": average})
    return sentences
