# SPDX-License-Identifier: Apache-2.0
"""What was heard of the meters of one organisation, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import polars as pl
from django.db.models import Count, Exists, OuterRef

from avlest.collect.models import GatewayState, MeterState, Reach
from avlest.registry.models import Meter
from avlest.registry.places import build_frame, read_as_text

_UTC: Final = pl.Datetime("us", "UTC")
_CHUNK: Final = 900

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


def is_of(organisation_id: int) -> Exists:
    """The condition that an address is of one of the organisation's meters: the same maker and serial."""
    same = {"manufacturer": OuterRef("manufacturer"), "serial": OuterRef("serial")}
    return Exists(Meter.objects.of(organisation_id).filter(**same))


def get_heard_of(
    organisation_id: int, *, serials: list[str] | None = None, names: Sequence[str] = tuple(HEARD_OF)
) -> pl.DataFrame:
    """Return what was heard of an organisation's meters (or of some serials of theirs): `HEARD_OF`, one query.

    `names` chooses columns: of ten thousand meters, instants that nobody needs cost as much as all the rest.

    States belong to addresses, not to organisations: two that have registered the same meter both see it.
    """
    own = Meter.objects.of(organisation_id)
    chosen = own if serials is None else own.filter(serial__in=serials)
    states = MeterState.objects.filter(serial__in=chosen.values("serial"))
    texts = {f"{name}_text": read_as_text(name) for name in names if HEARD_OF[name] == _UTC}
    columns = [f"{name}_text" if f"{name}_text" in texts else name for name in names]
    rows = states.filter(is_of(organisation_id)).annotate(**texts).values_list(*columns)
    return build_frame(rows.iterator(chunk_size=20_000), {name: HEARD_OF[name] for name in names})


def count_heard_last(organisation_id: int) -> dict[str, int]:
    """How many of an organisation's meters each gateway was the last to hear: one query."""
    own = Meter.objects.of(organisation_id)
    states = MeterState.objects.filter(serial__in=own.values("serial")).filter(is_of(organisation_id))
    return dict(states.order_by().values_list("gateway").annotate(number=Count("pk")))


GATEWAYS_OF: Final[Mapping[str, pl.DataType]] = {
    "code": pl.String(),
    "first_heard_at": _UTC,
    "last_heard_at": _UTC,
    "heard": pl.Int64(),
    "rssi": pl.Float64(),
}


def get_gateways_of(codes: list[str]) -> pl.DataFrame:
    """Return what came through some gateways, over all sources: `GATEWAYS_OF`, one row a code that was heard."""
    rows = [
        row
        for at in range(0, len(codes), _CHUNK)
        for row in GatewayState.objects.filter(code__in=codes[at : at + _CHUNK]).values_list(*GATEWAYS_OF)
    ]
    found = pl.DataFrame(rows, schema=dict(GATEWAYS_OF), orient="row").sort("last_heard_at")
    return found.group_by("code", maintain_order=True).agg(
        pl.col("first_heard_at").min(),
        pl.col("last_heard_at").max(),
        pl.col("heard").sum(),
        pl.col("rssi").last(),
    )


REACH: Final[Mapping[str, pl.DataType]] = {
    "manufacturer": pl.String(),
    "serial": pl.String(),
    "gateway": pl.String(),
    "last_on": pl.Date(),
}
"""One row a gateway that has heard a meter, also where another one's copy was taken."""


def get_reach_of(organisation_id: int, *, since: datetime) -> pl.DataFrame:
    """Return which gateways have heard an organisation's meters since an instant: `REACH`, one query."""
    own = Meter.objects.of(organisation_id).values("serial")
    heard = Reach.objects.filter(serial__in=own, last_on__gte=since.date())
    rows = heard.filter(is_of(organisation_id)).values_list(*REACH)
    return build_frame(rows.iterator(chunk_size=20_000), REACH)
