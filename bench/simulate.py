# SPDX-License-Identifier: Apache-2.0
"""How fast a municipality speaks, how much memory it takes, and whether what it said is what is stored.

    python bench/simulate.py [--only encode|memory|stored] [--homes 5000] [--days 7] [--telegrams 10000000]

* encode: the emissions of a town to telegrams and packets of the inbox, per second of processor time of one core;
  beside it the AES of as many blocks alone (cached contexts, one call a telegram: the reference), and the whole way
  with the behaviour that makes the register values;
* memory: that many telegrams streamed without keeping any: the largest memory of the process on the way;
* stored: the town's telegrams through inbox, pipeline and Delta table; every stored reading is compared with the
  emission it comes from, both ways.  Then hours are derived, and each hour of each counter is worked out again from
  what its register said.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if TYPE_CHECKING:
    import polars as pl

    from avlest.readings.tables import Store
    from avlest.simulate.contracts import Emissions, World

STOP = datetime(2026, 11, 1, tzinfo=UTC)
SEED = 7
WAITED = timedelta(days=14)
"""So long after the end hours are derived: younger gaps wait for telegrams that are late."""
BLOCK = 16


def main() -> None:
    """Read the arguments and run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=5000)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--telegrams", type=int, default=10_000_000)
    parser.add_argument("--only", choices=("encode", "memory", "stored"))
    options = parser.parse_args()
    parts: dict[str, Callable[[], None]] = {
        "encode": lambda: measure_encoding(options.homes, options.days),
        "memory": lambda: measure_memory(options.telegrams),
        "stored": lambda: check_stored(options.homes, options.days),
    }
    for name, action in parts.items():
        if options.only in (None, name):
            action()


def build_world(homes: int, days: int) -> World:
    """A town that ends on a fixed day."""
    from avlest.simulate.world import make_world

    return make_world(homes, SEED, start=STOP - timedelta(days=days), stop=STOP)


# --- how fast -------------------------------------------------------------------------


def measure_encoding(homes: int, days: int) -> None:
    """Behaviour, encoding and packing apart."""
    from avlest.simulate.behaviour import iterate_emissions
    from avlest.simulate.radio.hearing import Air
    from avlest.simulate.roads.packing import Packer

    world = build_world(homes, days)
    began = time.process_time()
    emissions = list(iterate_emissions(world, chunk=timedelta(days=1)))
    behaviour = time.process_time() - began
    air, packer, sizes = Air(world), Packer(2), list[int]()
    for item in emissions[: len(emissions) // days]:  # contexts of keys and layouts are made once
        list(air.hear(item))
    sent = air.tally.sent
    began = time.process_time()
    heard = [messages for item in emissions for messages in air.hear(item)]
    encoding = time.process_time() - began
    for messages in heard:
        sizes += [len(payload) for payload in messages.payloads]
    began = time.process_time()
    packets = sum(len(one.body) for messages in heard for one in packer.pack(messages))
    packing = time.process_time() - began
    count = air.tally.sent - sent
    encrypted = count_encrypted(emissions)
    alone = measure_aes(air._keys, sizes)
    whole = behaviour + encoding + packing
    print(
        f"encode: {world.meters.height} meters of {homes} homes, {days} days, {count:,} telegrams "
        f"({encrypted:,} encrypted): {count / encoding:,.0f}/s per core ({encoding * 1e6 / count:.2f} us), "
        f"{encoding / alone:.2f} x the AES alone ({count / alone:,.0f}/s)"
    )
    print(
        f"  packets of the inbox {packing * 1e6 / count:.2f} us ({packets / 1e6:.1f} MB), behaviour "
        f"{behaviour * 1e6 / count:.2f} us; the whole way {count / whole:,.0f}/s per core"
    )


def count_encrypted(emissions: Iterable[Emissions]) -> int:
    """Telegrams of models that encrypt."""
    from avlest.simulate.radio.models import MODELS

    return sum(item.frame.height for item in emissions if MODELS[item.model].is_encrypted)


def measure_aes(keys: list[bytes], sizes: list[int]) -> float:
    """Processor seconds of the AES of messages of these sizes, one call each, through cached contexts."""
    from avlest.telegrams.layouts.aes import AesBank

    bank = AesBank()
    updates = [bank.context("encrypt", key).update for key in keys]
    data = [bytes(BLOCK * blocks) for blocks in range(20)]
    blocks = [min(19, -(-max(size - 16, 1) // BLOCK)) for size in sizes]
    began = time.process_time()
    for number, count in enumerate(blocks):
        updates[number % len(updates)](data[count])
    return time.process_time() - began


# --- how much memory ------------------------------------------------------------------


def measure_memory(telegrams: int) -> None:
    """Stream days of a city until enough has been said; nothing is kept."""
    from avlest.simulate.roads.packing import Packer
    from avlest.simulate.roads.run import Player, derive_chunk

    world = build_world(20_000, 60)
    player, packer, step, next_print = Player(world, world.start), Packer(2), max(1, telegrams // 5), telegrams // 5
    air = player.air
    first = read_memory()
    began = time.process_time()
    for _, messages in player.play_until(world.stop, chunk=derive_chunk(world)):
        for part in messages:
            for _packet in packer.pack(part):
                pass
        if air.tally.sent >= next_print:
            print(f"memory: {air.tally.sent:>12,} telegrams, {read_memory():,.0f} MB at most so far")
            next_print += step
        if air.tally.sent >= telegrams:
            break
    seconds = time.process_time() - began
    print(
        f"memory: {air.tally.sent:,} telegrams of {world.meters.height:,} meters in {seconds:.0f} s of processor time "
        f"({air.tally.sent / seconds:,.0f}/s); {first:,.0f} MB before, {read_memory():,.0f} MB at most"
    )


def read_memory() -> float:
    """The largest memory of this process so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


# --- what is stored -------------------------------------------------------------------


def check_stored(homes: int, days: int) -> None:
    """Fill a data directory through the lists, take everything in, and compare."""
    with tempfile.TemporaryDirectory(prefix="avlest-bench-") as name:
        folder = Path(name) / "data"
        prepare(folder)
        compare_stored(build_world(homes, days))


def prepare(folder: Path) -> None:
    """A new data directory with an organisation; Django is set up for it."""
    from tests.collect.commands import run_command

    environ = {name: value for name, value in os.environ.items() if not name.startswith("AVLEST_")}
    run_command("init", str(folder), environ=environ)
    os.environ["AVLEST_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = "avlest.project.settings"
    import django

    django.setup()


def compare_stored(world: World) -> None:
    """Take a world in and compare every reading, one model at a time."""
    import polars as pl  # after the settings of its threads
    from django.conf import settings

    from avlest.collect.inbox import Inbox
    from avlest.collect.processes import open_worker
    from avlest.registry.access import access_organisation_as_system
    from avlest.simulate.behaviour import iterate_emissions
    from avlest.simulate.filling.registry import do_fill_registry
    from avlest.simulate.radio.hearing import Air
    from avlest.simulate.roads.inbox import InboxSink
    from tests.simulate.stored import build_expected, compare, read_stored

    actor = access_organisation_as_system("avlest", name="bench")
    clock = time.monotonic()
    do_fill_registry(actor, world, known_at=world.stop, now=datetime.now(UTC))
    print(f"stored: registry of {world.meters.height} meters filled in {time.monotonic() - clock:.1f} s")
    air, expected, clock = Air(world), [], time.monotonic()
    with open_worker(settings.AVLEST) as worker:
        with InboxSink(Inbox(1)) as sink:
            for item in iterate_emissions(world, chunk=timedelta(days=1)):
                sink.deliver(list(air.hear(item)))
                expected.append(build_expected(world, [item]))
        worker.drain()
        seconds = time.monotonic() - clock
        stored = read_stored(worker.store)
        said = pl.concat(expected)
        hours_are_right = check_hours(worker.store, said, world)
    wrong, missing = compare(said, stored)
    tally = air.tally
    print(
        f"stored: {tally.sent:,} telegrams ({tally.lost:,} lost, {tally.damaged:,} damaged, "
        f"{tally.repeated:,} repeats) in {seconds:.0f} s; {stored.height:,} readings stored, "
        f"{wrong.height} differ from what was said, {missing.height} values of now are missing"
    )
    print(f"stored: {read_memory():,.0f} MB at most")
    if wrong.height or missing.height or not hours_are_right:
        print(wrong.head(), missing.head())
        raise SystemExit(1)


def check_hours(store: Store, said: pl.DataFrame, world: World) -> bool:
    """Derive hours and hold them against what was said."""
    from avlest.readings.services.derivation import do_derive
    from bench.stored_hours import compare_hours

    clock = time.monotonic()
    done = do_derive(store, now=world.stop + WAITED)
    print(f"stored: {done.hourly:,} hours derived in {time.monotonic() - clock:.0f} s")
    found = compare_hours(store, said)
    print(
        f"stored: {found.series:,} series of counters compared ({found.sparse:,} that send less than each hour, and "
        f"{found.left_out:,} exchanged, turned back or heard once left out): {found.wrong_hours:,} of {found.hours:,} "
        f"hours between readings differ by more than rounding ({found.off_hours} thousandths at most), "
        f"{found.wrong_sums:,} of {found.sums:,} sums ({found.off_sums})"
    )
    return not found.wrong_hours and not found.wrong_sums


if __name__ == "__main__":
    main()
