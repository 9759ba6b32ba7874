# SPDX-License-Identifier: Apache-2.0
"""A make-believe plant: points with meters, readings appended as the pipeline appends them, and derivation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from avlest.readings.quality import Quality
from avlest.readings.services.derivation import Derivation, do_derive
from avlest.readings.tables import Store, open_store
from avlest.registry.contracts import RegisterSpec
from avlest.registry.models import Meter, MeteringPoint, Series
from avlest.registry.rights import Actor
from avlest.registry.services.installations import Mounting, RegisterValue, do_install_meter
from avlest.registry.services.rows import do_create_row
from avlest.registry.services.series import do_ensure_registers

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2026, 2, 28, 23, tzinfo=UTC)
"""1 March 2026, 00:00 in Oslo."""
NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(slots=True)
class Plant:
    actor: Actor
    folder: Path
    now: datetime = NOW
    store: Store = field(init=False)
    batch: int = 0
    made: int = 0

    def __post_init__(self) -> None:
        self.store = open_store(str(self.folder / "readings"))

    def make_meter(
        self,
        *,
        point: int | None = None,
        since: datetime = START,
        quantity: str = "volume",
        unit: str = "l",
        medium: str = "cold_water",
        start_value: int | None = None,
        qualifier: str = "",
        kind: str = "counter",
        gsrn: str = "",
    ) -> tuple[int, int]:
        """A meter at a point; the numbers of its register and of the series."""
        self.made += 1
        if point is None:
            place = MeteringPoint(code=f"P{self.made}", medium=medium, gsrn=gsrn)
            point = do_create_row(self.actor, place, now=MADE_AT)
        meter = do_create_row(self.actor, Meter(manufacturer="KAM", serial=f"{10_000_000 + self.made}"), now=MADE_AT)
        spec = RegisterSpec(meter, quantity, unit, qualifier, kind=kind)
        register = do_ensure_registers(self.actor, [spec], now=MADE_AT)[spec.identity]
        values = [] if start_value is None else [RegisterValue(quantity, unit, start_value, qualifier)]
        do_install_meter(self.actor, Mounting(meter, point, since, values=values), now=MADE_AT)
        series = Series.objects.filter(point_id=point, quantity=quantity, qualifier=qualifier).values_list(
            "id", flat=True
        )
        return register, series[0]

    def hear(
        self,
        register: int,
        values: list[tuple[datetime, int]],
        *,
        quality: int = Quality.MEASURED,
        known: datetime | None = None,
    ) -> None:
        """Append readings as one batch."""
        self.batch += 1
        rows = [(register, at, value, 0, int(quality), "test", known or self.now) for at, value in values]
        self.store.append("readings", self.frame(rows), writer="collect-0", batch=self.batch)

    def frame(self, rows: list[tuple[object, ...]]) -> pl.DataFrame:
        """Rows as the table of readings has them."""
        return pl.DataFrame(rows, schema=SCHEMA, orient="row")

    def hear_hours(
        self, register: int, *, use: int = 10_000, hours: int = 240, since: datetime = START, first: int = 0
    ) -> None:
        """Hourly readings of a register that rises by `use` each hour."""
        self.hear(register, [(since + HOUR * n, first + use * n) for n in range(hours + 1)])

    def derive(self, now: datetime | None = None) -> Derivation:
        return do_derive(self.store, now=now or self.now)

    def hours(self, series: int, start: datetime = START, stop: datetime | None = None) -> pl.DataFrame:
        return self.store.read_range("hourly", ids=[series], start=start, stop=stop)

    def largest(self, series: int) -> int:
        """The most that was used in an hour."""
        return max(int(value) for value in self.hours(series)["value"].to_list() if value is not None)

    def days(self, series: int) -> dict[date, int | None]:
        rows = self.store.read_range("daily", ids=[series])
        return dict(rows.select("day", "value").iter_rows())


SCHEMA = {
    "register": pl.Int64, "at": pl.Datetime("us", "UTC"), "value": pl.Int64, "status": pl.Int64, "quality": pl.Int16,
    "source": pl.String, "known_at": pl.Datetime("us", "UTC"),
}  # fmt: skip
