# SPDX-License-Identifier: Apache-2.0
"""Writers in processes of their own: killed, side by side, on a full disk."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from avlest.readings.tables import Store
from tests.readings.tables.samples import contents, expected_rows, readings_batch

ROOT = Path(__file__).resolve().parents[3]


def start_writer(location: str, writer: str, first: int, count: int, *limit: int) -> subprocess.Popen[str]:
    """Start a writer process and wait until it is about to write; `finish` it."""
    command = [sys.executable, "-m", "tests.readings.tables.write_batches", location, writer, str(first), str(count)]
    process = subprocess.Popen([*command, *map(str, limit)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a writer; its exit code and what it said."""
    said = process.communicate(timeout=60)[0]
    return process.returncode, said


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_when_the_writer_is_killed(store: Store) -> None:
    chance = random.Random(20_261_101)
    batches, finished = 40, False
    for _ in range(6):
        process = start_writer(store.location, "pipeline", 0, batches)
        time.sleep(chance.uniform(0.0, 0.25))
        process.kill()
        finished |= finish(process)[0] == 0
    process = start_writer(store.location, "pipeline", 0, batches)
    assert finish(process)[0] == 0
    assert not finished, "every earlier writer was killed before its last batch"
    assert contents(store).equals(expected_rows(range(batches)))


def test_two_processes_append_side_by_side(store: Store) -> None:
    store.list_partitions("readings")
    writers = [start_writer(store.location, f"worker {n}", 20 * n, 20) for n in range(2)]
    assert [finish(writer)[0] for writer in writers] == [0, 0]
    assert contents(store).equals(expected_rows(range(40)))


def test_two_processes_with_the_same_batches_store_them_once(store: Store) -> None:
    store.list_partitions("readings")
    writers = [start_writer(store.location, "pipeline", 0, 20) for _ in range(2)]
    assert [finish(writer)[0] for writer in writers] == [0, 0]
    assert contents(store).equals(expected_rows(range(20)))


def test_a_full_disk_is_named_and_nothing_is_half_written(store: Store) -> None:
    store.append("readings", readings_batch(0), writer="pipeline", batch=0)
    process = start_writer(store.location, "pipeline", 1, 1, 20_000)
    code, said = finish(process)
    assert code == 3
    assert f"cannot append to readings at {store.location}/readings: a file would exceed the size" in said
    assert contents(store).equals(expected_rows(range(1)))
    assert not store.append("readings", readings_batch(1), writer="pipeline", batch=1).repeated
    assert contents(store).equals(expected_rows(range(2)))


def test_a_really_full_disk_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    """On a file system of 600 kB of our own, where the kernel lets us mount one."""
    mount = f"mount -t tmpfs -o size=600k none {tmp_path}"
    shell = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    try:
        subprocess.run([*shell, mount], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine does not let a test mount a file system: {error}")
    code = (
        "import sys; from avlest.readings.tables import open_store, StoreError\n"
        "from tests.readings.tables.samples import readings_batch, contents, expected_rows\n"
        "store, batch = open_store(sys.argv[1]), 0\n"
        "try:\n"
        "    for batch in range(200): store.append('readings', readings_batch(batch), writer='a', batch=batch)\n"
        "except StoreError as error: print(error)\n"
        "assert contents(open_store(sys.argv[1])).equals(expected_rows(range(batch)))\n"
        "assert store.get_last_batch('readings', writer='a') == batch - 1"
    )
    run = f'{mount} && exec "$0" -c "$1" "{tmp_path}"'
    done = subprocess.run(
        [*shell, run, sys.executable, code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"cannot append to readings at {tmp_path}/readings: the disk is full" in done.stdout
