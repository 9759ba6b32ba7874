# SPDX-License-Identifier: Apache-2.0
"""Send telegrams through a real broker while collector and worker are killed, and compare what is stored.

Half of the meters are heard by a gateway that tells the time (the Avlest message), half by one that sends bare
hexadecimal.  Every telegram of a meter carries another volume, so that each reading can be told from all others.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.collect.commands import Service, read_text, run_command
from tests.collect.publisher import Publisher, start_thread
from tests.collect.senders import MAKER, Sender
from tests.support.services import Mosquitto, wait_until

START = datetime(2026, 3, 1, tzinfo=UTC)
TOPIC = "gateways/roof"
QUIET_SECONDS = 60.0


@dataclass(slots=True)
class Outcome:
    """What was found: readings that are missing, readings too many, rows stored twice."""

    expected: int
    stored: int
    missing: int
    strange: int
    doubled: int
    kills: list[str] = field(default_factory=list)
    restarts: int = 0
    seconds: float = 0.0
    connections: int = 0


def run_nothing_lost(
    folder: Path,
    broker: Mosquitto,
    *,
    telegrams: int,
    meters: int,
    kills: int,
    restarts: int,
    rate: float,
    database: str = "",
    seed: int = 1,
) -> Outcome:
    """Run the whole thing in `folder`; the random moments follow from `seed`."""
    chance = random.Random(seed)
    environ = make_data(folder, broker, meters=meters, database=database)
    messages, expected = make_messages(telegrams, meters=meters)
    services = [Service(name, folder, environ) for name in ("collect", "work")]
    for service in services:
        service.start()
    began = time.monotonic()
    publisher = Publisher(broker.port, TOPIC, messages, rate=rate)
    # The session must be at the broker before the first message is: what nobody subscribed to is not kept.
    wait_until(lambda: '"connected"' in read_text(folder / "sources.json"), what="the collector", seconds=60)
    thread, stop = start_thread(publisher.run)
    done: list[str] = []
    events = ["collect", "work"] * (kills // 2) + ["collect"] * (kills % 2) + ["broker"] * restarts
    chance.shuffle(events)
    marks = sorted(chance.sample(range(telegrams // 20, telegrams), len(events)))
    try:
        for event, mark in zip(events, marks, strict=True):
            wait_until(lambda mark=mark: publisher.sent >= mark, what="the publisher", seconds=600)
            done.append(f"{event} at {publisher.sent}")
            if event == "broker":
                broker.restart()
                continue
            service = services[event == "work"]
            service.kill()
            service.start()
            time.sleep(chance.random() * 2)
        thread.join(600)
        wait_for_quiet(folder, environ, expected=len(expected))
    finally:
        stop.set()
        for service in services:
            service.stop()
    run_command("work", "--once", "--data", str(folder), environ=environ)
    outcome = compare(folder, environ, expected)
    outcome.kills = done
    outcome.restarts, outcome.seconds = restarts, time.monotonic() - began
    outcome.connections = publisher.connections
    return outcome


def make_data(folder: Path, broker: Mosquitto, *, meters: int, database: str) -> dict[str, str]:
    """A data directory with the broker as source and all meters with their keys; returns the environment."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("AVLEST_", "DJANGO_"))}
    environ["POLARS_MAX_THREADS"] = "1"
    more = ("--database", database) if database else ()
    run_command("init", str(folder), *more, environ=environ)
    text = (folder / "avlest.toml").read_text(encoding="utf-8")
    text += f"""
[collect]
interval_minutes = 0
append_seconds = 1.0

[[sources]]
name = "roof"
kind = "mqtt"
host = "127.0.0.1"
port = {broker.port}
topics = ["gateways/#"]
"""
    (folder / "avlest.toml").write_text(text, encoding="utf-8")
    rows = [f"{MAKER};{sender.serial};{sender.key.hex()}\n" for sender in map(Sender, range(meters))]
    (folder / "keys.csv").write_text("manufacturer;serial;key\n" + "".join(rows), encoding="utf-8")
    run_command("import", "keys", str(folder / "keys.csv"), "--data", str(folder), environ=environ)
    return environ


def make_messages(telegrams: int, *, meters: int) -> tuple[list[bytes], Counter[tuple[str, int, datetime | None]]]:
    """Messages in the order they are sent, and the readings they must give: serial, value, time where it is told."""
    messages: list[bytes] = []
    expected: Counter[tuple[str, int, datetime | None]] = Counter()
    for number in range(telegrams):
        sender, turn = Sender(number % meters), number // meters
        telegram = sender.send(turn + 1, flow=turn % 500, access=turn).hex()
        at = START + timedelta(seconds=30 * turn)
        if sender.number % 2:
            messages.append(telegram.encode())
            expected[sender.serial, (turn + 1) * 1000, None] += 1
        else:
            item = {"avlest": 1, "time": at.isoformat(), "gateway": "g1", "data": telegram}
            messages.append(json.dumps(item).encode())
            expected[sender.serial, (turn + 1) * 1000, at] += 1
    return messages, expected


def wait_for_quiet(folder: Path, environ: dict[str, str], *, expected: int) -> None:
    """Return when all readings are stored, or when nothing has changed for long."""
    from avlest.readings.tables import open_store

    store = open_store(str(folder / "readings"))
    before, since = -1, time.monotonic()
    while time.monotonic() - since < QUIET_SECONDS:
        rows = next(size.rows for size in store.sizes() if size.table == "readings")
        if rows >= 2 * expected:  # volume and flow
            return
        if rows != before:
            before, since = rows, time.monotonic()
        time.sleep(0.5)


def compare(folder: Path, environ: dict[str, str], expected: Counter[tuple[str, int, datetime | None]]) -> Outcome:
    """Hold every stored row against what was sent."""
    import polars as pl

    from avlest.readings.tables import open_store

    run_command("readings", "export", str(folder / "out.parquet"), "--data", str(folder), environ=environ)
    frame = pl.read_parquet(folder / "out.parquet")
    volume = frame.filter(pl.col("quantity") == "volume")
    found: Counter[tuple[str, int, datetime | None]] = Counter()
    for serial, value, at in volume.select("serial", "value", "at").iter_rows():
        told = int(serial) % 2 == 0
        found[serial, int(value * 1000), at if told else None] += 1
    history = open_store(str(folder / "readings")).history("readings", ids=None)
    return Outcome(
        expected=sum(expected.values()),
        stored=sum(found.values()),
        missing=sum((expected - found).values()),
        strange=sum((found - expected).values()),
        doubled=history.height - frame.height,
    )


def describe(outcome: Outcome) -> Sequence[str]:
    """The outcome as lines for people."""
    return (
        f"expected {outcome.expected}, stored {outcome.stored}, missing {outcome.missing}",
        f"strange {outcome.strange}, doubled {outcome.doubled}",
        f"{len(outcome.kills)} events in {outcome.seconds:.1f} s: {', '.join(outcome.kills)}",
        f"the publisher connected {outcome.connections} times",
    )
