# SPDX-License-Identifier: Apache-2.0
"""From appended readings to hours and days, in the tables and the database."""

from __future__ import annotations

from datetime import date

from avlest.readings.quality import Quality
from tests.readings.plant import HOUR, NOW, Plant


def test_readings_become_hours_and_days(plant: Plant) -> None:
    """Hourly readings give the use of each hour, and 24 hours a day."""
    register, series = plant.make_meter()
    plant.hear_hours(register, use=10_000, hours=19 * 24)
    done = plant.derive()
    assert done.failed == 0
    hours = plant.hours(series)
    assert hours["value"].to_list()[: 19 * 24] == [10_000] * 19 * 24
    assert plant.days(series)[date(2026, 3, 1)] == 240_000
    assert hours["quality"].to_list()[:24] == [Quality.MEASURED] * 24


def test_deriving_again_writes_nothing(plant: Plant) -> None:
    """Nothing has changed, so nothing is planned and nothing is appended."""
    register, _ = plant.make_meter()
    plant.hear_hours(register)
    plant.derive()
    again = plant.derive(NOW + HOUR)
    assert (again.planned, again.hourly, again.daily) == (0, 0, 0)
