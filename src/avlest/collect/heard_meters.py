# SPDX-License-Identifier: Apache-2.0
"""What was heard of meters, as columns, for rooms that calculate over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from avlest.collect.models import MeterState, StatusText

_UTC: Final = pl.Datetime("us", "UTC")

HEARD: Final[Mapping[str, pl.DataType]] = {
    "manufacturer": pl.String(),
    "serial": pl.String(),
    "first_heard_at": _UTC,
    "last_heard_at": _UTC,
    "heard": pl.Int64(),
    "source": pl.String(),
    "gateway": pl.String(),
    "status": pl.String(),
}
"""One row an address; `heard` counts its messages, `gateway` is the code of the one that heard it last."""


def get_heard_frame() -> pl.DataFrame:
    """Return what was heard of every address: `HEARD`."""
    rows = MeterState.objects.values_list(*HEARD).iterator(chunk_size=20_000)
    return pl.DataFrame(list(rows), schema=dict(HEARD), orient="row")


def get_status_texts() -> dict[int, str]:
    """Return the words of statuses by the number that readings carry; 0, that nothing is the matter, has none."""
    return dict(StatusText.objects.values_list("pk", "text"))
