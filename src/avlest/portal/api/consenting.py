# SPDX-License-Identifier: Apache-2.0
"""What programs may read of a household rests on its consent: the stream `api` of `resident/consents.toml`.

Hours of electricity tell when people are at home; beyond the invoice the customer decides (rules §3.1, §8.1).  So a
program, whether its token is a resident's own or the organisation's, gets hours and readings of such a series from the
time of the tenancy that allows it, and none once that is withdrawn or the tenancy is over.  Whole months, which the
invoice needs, are not concerned.  A signed-in person reads their own page, not a program.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from avlest.portal.access import SeriesAccess
from avlest.portal.api.problems import ProblemError
from avlest.portal.api.tokens import Caller
from avlest.portal.resident.consents import get_consented, load_streams
from avlest.portal.viewer import Viewer
from avlest.portal.windows import Window, intersect

_STREAM: Final = "api"
_FAR: Final = datetime.max.replace(tzinfo=UTC)


def require_consent(caller: Caller, series: Sequence[SeriesAccess], *, now: datetime) -> list[SeriesAccess]:
    """Return the series with the hours a program may read; `ProblemError` 403 for one that nobody there allows."""
    if caller.token is None:
        return list(series)
    allowed = cut_to_consent(caller.viewer, series, now=now)
    for before, after in zip(series, allowed, strict=True):
        if before.access.hours and not after.access.hours:
            detail = f"series {before.series.id}: who lives there has not allowed programs to read it by the hour"
            raise ProblemError(403, "consent", detail)
    return allowed


def cut_to_consent(viewer: Viewer, series: Sequence[SeriesAccess], *, now: datetime) -> list[SeriesAccess]:
    """Return the series with the hours a program may read: none where a consent is needed and not given."""
    stream = load_streams()[_STREAM]
    needed = [each for each in series if stream.fits(each) and (each.access.is_own or each.access.is_personal)]
    own = {each.access.point.id for each in needed if each.access.is_own}
    others = {each.access.point.id for each in needed} - own
    given = get_consented(viewer.scope, others, _STREAM, now=now)
    given |= get_consented(viewer.scope, own, _STREAM, now=now, party_ids=viewer.party_ids)
    ids = {each.series.id for each in needed}
    return [_cut(each, given.get(each.access.point.id, ())) if each.series.id in ids else each for each in series]


def _cut(series: SeriesAccess, given: Sequence[Window]) -> SeriesAccess:
    parts = [
        part
        for window in series.access.hours
        for consent in given
        if (part := intersect(window, consent.start, consent.stop or _FAR)) is not None
    ]
    hours = tuple(Window(start, None if stop == _FAR else stop) for start, stop in parts)
    return dataclasses.replace(series, access=dataclasses.replace(series.access, hours=hours))
