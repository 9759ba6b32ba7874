# SPDX-License-Identifier: Apache-2.0
"""What was heard of the meters of one organisation, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from avlest.collect.models import MeterState
from avlest.registry.models import Meter

_UTC: Final = pl.Datetime("us", "UTC")

HEARD_OF: Final[Mapping[str, pl.DataType]] = {
    "manufacturer": pl.String(),
    "serial": pl.String(),
    "first_heard_at": _UTC,
    "last_heard_at": _UTC,
    "last_read_at": _UTC,
    "heard": pl.Int64(),
    "outcome": pl.String(),
    "family": pl.String(),
    "status": pl.String(),
    "source": pl.String(),
    "gateway": pl.String(),
    "rssi": pl.Float64(),
}
"""One row an address; `gateway` and what follows the last message, `last_read_at` the last reading that was kept."""


def get_heard_of(organisation_id: int, *, serials: list[str] | None = None) -> pl.DataFrame:
    """Return what was heard of an organisation's meters (or of some serials of theirs): `HEARD_OF`, one query.

    States belong to addresses, not to organisations: two that have registered the same meter both see it.
    """
    own = Meter.objects.of(organisation_id)
    chosen = own if serials is None else own.filter(serial__in=serials)
    rows = MeterState.objects.filter(serial__in=chosen.values("serial")).values_list(*HEARD_OF)
    found = pl.DataFrame(list(rows.iterator(chunk_size=20_000)), schema=dict(HEARD_OF), orient="row")
    return found
