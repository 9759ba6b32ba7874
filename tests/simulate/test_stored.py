# SPDX-License-Identifier: Apache-2.0
"""What was simulated is what was stored: every road and model, through inbox, pipeline and Delta table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from avlest.collect.inbox import Inbox
from avlest.collect.lorawan.decoder import open_lorawan_decoder
from avlest.collect.options import CollectOptions
from avlest.collect.processes import load_catalogue
from avlest.collect.worker import Worker
from avlest.readings.tables import open_store
from avlest.registry.access import access_organisation_as_system
from avlest.registry.importing.engine import Upload, do_import
from avlest.registry.importing.report import OnError
from avlest.registry.services.organisations import do_create_organisation
from avlest.simulate.contracts import Emissions
from avlest.simulate.filling.lists import build_keys, build_meters, write_list
from avlest.simulate.radio.hearing import Air
from avlest.simulate.radio.models import MODELS
from avlest.simulate.roads.inbox import InboxSink
from tests.simulate.making import make_emissions, make_small_world
from tests.simulate.stored import build_expected, compare, read_stored

NOW = datetime(2026, 4, 1, tzinfo=UTC)
LANES = 2


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    """A worker with a store of its own."""
    catalogue = load_catalogue(tmp_path / "none")
    decoder, _ = open_lorawan_decoder(catalogue, None)
    with decoder:
        yield Worker(
            options=CollectOptions(lanes=LANES),
            store=open_store(str(tmp_path / "store")),
            catalogue=catalogue,
            lock_folder=tmp_path / "locks",
            clock=lambda: NOW,
            lorawan=decoder,
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_reading_is_what_the_meter_said(seed: int, worker: Worker) -> None:
    """Each model of the simulator, with losses, repeats and damage: nothing else is stored, and nothing is missing."""
    world = make_small_world(list(MODELS), seed=seed)
    do_create_organisation(name="Test", slug="test", by="test", now=NOW)
    actor = access_organisation_as_system("test", name="test")
    for kind, frame in (("meters", build_meters(world)), ("keys", build_keys(world).drop("key_at"))):
        report = do_import(actor, kind, Upload(f"{kind}.csv", write_list(frame)), on_error=OnError.REFUSE_ALL, now=NOW)
        assert report.applied, report.issues
    air = Air(world)
    emissions = [_mishear(make_emissions(world, name, hours=30), seed) for name in MODELS]
    with InboxSink(Inbox(LANES)) as sink:
        for item in emissions:
            sink.deliver(list(air.hear(item)))
    worker.drain()
    expected, stored = build_expected(world, emissions), read_stored(worker.store)
    wrong, missing = compare(expected, stored)
    assert not wrong.height, _describe(wrong)
    assert not missing.height, _describe(missing)
    assert air.tally.lost > 0 < air.tally.damaged
    assert stored.select("manufacturer", "serial").n_unique() == world.meters.height


def _describe(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    """How many rows of which register."""
    return rows.group_by("manufacturer", "quantity", "qualifier", "function", "storage").len().rows()


def _mishear(made: Emissions, seed: int) -> Emissions:
    """Some telegrams lost, some damaged, some heard three times."""
    number = pl.int_range(pl.len()) * 7 + seed
    return Emissions(
        made.model,
        made.frame.with_columns(
            lost=number % 11 == 0, corrupt=number % 13 == 0, heard_by=(1 + 3 * (number % 3)).cast(pl.UInt8)
        ),
    )
