# SPDX-License-Identifier: Apache-2.0
"""Nothing lost, nothing doubled: a real broker, and processes that are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.services import Mosquitto, missing_programs, run_postgres


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_killed_processes_and_restarted_brokers_lose_and_double_nothing(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    from tests.collect.nothing_lost import describe, run_nothing_lost

    plan = {"telegrams": 3000, "meters": 50, "kills": 4, "restarts": 2, "rate": 400.0}
    folder = tmp_path / "data"
    if database == "sqlite":
        outcome = run_nothing_lost(folder, mosquitto, **plan)
    else:
        if missing_programs("postgres"):
            pytest.skip("needs PostgreSQL, which this machine does not have")
        with run_postgres() as server:
            outcome = run_nothing_lost(folder, mosquitto, database=server.url, **plan)
    assert (outcome.missing, outcome.strange, outcome.doubled) == (0, 0, 0), describe(outcome)
    assert outcome.stored == 3000
