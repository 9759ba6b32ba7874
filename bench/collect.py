# SPDX-License-Identifier: Apache-2.0
"""How fast telegrams are taken in and become stored readings, and how long one is on its way.

    python bench/collect.py [--telegrams 200000] [--meters 4000] [--seconds 60] [--only PART] [--database URL]

* inbox: telegrams of the sample mix (encrypted, hourly) from the inbox to the Delta table, thinning on; telegrams per
  second of processor time of the whole process (all its threads), beside decoding the same telegrams alone;
* mqtt: messages queued at a real broker, taken in by `avlest collect` at QoS 1; per second of wall time until all are
  acknowledged, and per second of the collector's processor time;
* delay: 100 messages a second through broker, `avlest collect` and `avlest work`; from the time of hearing until the
  meter's last-known state shows it, and until the Delta commit that holds it.

Needs mosquitto for the last two.  Every part runs in a data directory of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.collect.publisher import Publisher, start_thread
from tests.support.services import run_mosquitto, wait_until

START = datetime(2026, 3, 1, tzinfo=UTC)
GROUP = 500
TOPIC = "gateways/roof"


def main() -> None:
    """Read the arguments and run the parts asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--telegrams", type=int, default=200_000)
    parser.add_argument("--meters", type=int, default=4000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--database", default="")
    parser.add_argument("--only", choices=("inbox", "mqtt", "delay"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="avlest-bench-") as name:
        folder = Path(name) / "data"
        run = Run(folder, options.telegrams, options.meters, options.seconds, options.database)
        run.prepare()
        for part, action in (("inbox", run.measure_inbox), ("mqtt", run.measure_mqtt), ("delay", run.measure_delay)):
            if options.only in (None, part):
                action()


class Run:
    """One data directory and the parts measured in it."""

    def __init__(self, folder: Path, telegrams: int, meters: int, seconds: int, database: str) -> None:
        self.folder, self.telegrams, self.meters, self.seconds = folder, telegrams, meters, seconds
        self.database = database
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("AVLEST_")}

    def prepare(self) -> None:
        """Make the data directory; all meters and keys of the sample are registered."""
        from avlest.cli.sample import build_sample
        from avlest.cli.sample_meters import KINDS
        from tests.collect.commands import run_command

        more = ("--database", self.database) if self.database else ()
        run_command("init", str(self.folder), *more, environ=self.environ)
        self.sample = build_sample(meters=self.meters, seed=1)
        makers = [kind.envelope().meter.mfct for kind in KINDS]
        rows = [
            f"{makers[kind]};{serial:08d};{key.hex()}\n"
            for serial, kind, key in zip(self.sample.serials, self.sample.kinds, self.sample.keys, strict=True)
        ]
        keys = self.folder / "keys.csv"
        keys.write_text("manufacturer;serial;key\n" + "".join(rows), encoding="utf-8")
        run_command("import", "keys", str(keys), "--data", str(self.folder), environ=self.environ)
        os.environ["AVLEST_DATA"] = str(self.folder)
        os.environ["DJANGO_SETTINGS_MODULE"] = "avlest.project.settings"
        import django

        django.setup()

    def make_telegrams(self, count: int, *, first: int = 0) -> list[bytes]:
        """Telegrams in the order they are sent: every meter once a turn."""
        import numpy as np

        from avlest.cli.sample import encode_lines
        from avlest.telegrams.layouts.aes import AesBank

        bank, lines = AesBank(), list[str]()
        for start in range(first, first + count, 50_000):
            lines += encode_lines(self.sample, np.arange(start, min(first + count, start + 50_000)), bank)
        return [bytes.fromhex(line) for line in lines]

    # --- from the inbox to the Delta table -------------------------------------------

    def measure_inbox(self) -> None:
        """Fill the inbox, then let a worker empty it."""
        from django.conf import settings

        from avlest.collect.processes import open_worker

        with open_worker(settings.AVLEST) as worker:
            # The first hours are not counted: registers are made and layouts read.
            for hour, count in ((0, 8 * self.meters), (8, self.telegrams)):
                telegrams = self.make_telegrams(count, first=hour * self.meters)
                put = self._fill_inbox(telegrams, hour)
                began, clock = time.process_time(), time.monotonic()
                worker.drain()
                seconds, wall = time.process_time() - began, time.monotonic() - clock
        rows = sum(size.rows for size in worker.store.sizes() if size.table == "readings")
        alone = self._measure_decoding(telegrams)
        print(f"inbox: {count} telegrams put in {put:.2f} s of processor time ({count / put:,.0f}/s)")
        print(
            f"inbox to Delta: {seconds:.2f} s of processor time ({count / seconds:,.0f}/s per core), {wall:.2f} s of "
            f"wall time; {rows} readings stored; decoding alone {alone:.2f} s ({count / alone:,.0f}/s)"
        )

    def _fill_inbox(self, telegrams: Sequence[bytes], hour: int) -> float:
        """Put hourly telegrams of all meters; returns the seconds of processor time it took."""
        from avlest.collect.heard import Heard
        from avlest.collect.inbox import Inbox

        heard = [
            Heard(START + timedelta(hours=hour + n // self.meters, seconds=n % self.meters * 3000 // self.meters),
                  "roof", "wmbus", telegram, gateway="g1", rssi=-70.0)
            for n, telegram in enumerate(telegrams)
        ]  # fmt: skip
        inbox, began = Inbox(), time.process_time()
        for at in range(0, len(heard), GROUP):
            inbox.put(heard[at : at + GROUP])
        return time.process_time() - began

    def _measure_decoding(self, telegrams: Sequence[bytes]) -> float:
        from avlest.catalogue.batch_decoder import BatchDecoder, build_keys
        from avlest.catalogue.catalogue import build_catalogue
        from avlest.catalogue.decoder import Decoder
        from avlest.telegrams.keyring import build_keyring
        from avlest.telegrams.layouts.batch import build_batch

        pairs = [
            (bytes.fromhex(f"{serial:08d}")[::-1], key)
            for serial, key in zip(self.sample.serials, self.sample.keys, strict=True)
        ]
        keys, decoder = build_keys(build_keyring(pairs)), BatchDecoder(Decoder(build_catalogue()))
        decoder.decode(build_batch(telegrams[: len(telegrams) // 2]), keys)
        began = time.process_time()
        for at in range(0, len(telegrams), 50_000):
            decoder.decode(build_batch(telegrams[at : at + 50_000]), keys)
        return time.process_time() - began

    # --- from the broker to the inbox ------------------------------------------------

    def measure_mqtt(self) -> None:
        """Queue messages at the broker while the collector is away, then let it take them."""
        import psutil
        from django.db.models import Sum

        from avlest.collect.models import Packet

        count = min(self.telegrams, 100_000)
        telegrams = self.make_telegrams(count)
        for form, messages in (
            ("hexadecimal", [telegram.hex().encode() for telegram in telegrams]),
            ("Avlest message", [make_message(telegram, START) for telegram in telegrams]),
        ):
            Packet.objects.all().delete()
            with self._broker() as port:
                with self._process("collect") as collector:
                    self._wait_connected(collector)
                Publisher(port, TOPIC, messages).run(start_thread(lambda _stop: None)[1])
                with self._process("collect") as collector:
                    process = psutil.Process(collector)
                    wait_until(lambda: (get_inbox_messages(Sum("messages")) or 0) > 0, what="the collector", seconds=60)
                    first, began = get_inbox_messages(Sum("messages")), time.monotonic()
                    cpu = sum(process.cpu_times()[:2])
                    wait_until(lambda: get_inbox_messages(Sum("messages")) >= count, what="the inbox", seconds=300)
                    wall, cpu = time.monotonic() - began, sum(process.cpu_times()[:2]) - cpu
            taken = count - first
            print(
                f"mqtt, {form}: {taken} messages taken in {wall:.2f} s ({taken / wall:,.0f}/s), "
                f"{cpu:.2f} s of processor time ({taken / cpu:,.0f}/s per core)"
            )
        Packet.objects.all().delete()

    # --- the whole way ---------------------------------------------------------------

    def measure_delay(self) -> None:
        """100 messages a second, each of a meter of its own as long as there are enough."""
        from avlest.collect.models import MeterState

        count = 100 * self.seconds
        telegrams = self.make_telegrams(count, first=200 * self.meters)
        seen: dict[tuple[str, datetime], float] = {}
        with self._broker() as port, self._process("collect") as collector, self._process("work"):
            self._wait_connected(collector)
            time.sleep(5)  # the worker reads registry and catalogue
            sender = PacedSender(port, telegrams)
            thread, _ = start_thread(sender.run)
            ends = time.monotonic() + self.seconds + 20
            began = datetime.now(UTC)
            while time.monotonic() < ends:
                now = time.time()
                rows = MeterState.objects.filter(last_heard_at__gte=began - timedelta(seconds=1))
                for serial, at in rows.values_list("serial", "last_heard_at"):
                    seen.setdefault((serial, at), now)
                time.sleep(0.1)
            thread.join(30)
        state = sorted(now - at.timestamp() for (_, at), now in seen.items())
        print(f"delay until the state shows it: {describe_delays(state)} of {len(state)} seen states, 0.1 s resolution")
        print(f"delay until the Delta commit: {describe_delays(self._measure_commits(began))}")

    def _measure_commits(self, began: datetime) -> list[float]:
        from django.conf import settings

        from avlest.collect.models import Batch
        from avlest.collect.options import open_configured_store

        store = open_configured_store(settings.AVLEST)
        committed = {commit.batch: commit.at for commit in store.commits("readings", limit=1000) if commit.batch}
        decided = Batch.objects.values_list("decided_at", "append")
        appends = {at: append for at, append in decided if append is not None}
        rows = store.history("readings", ids=None, start=began - timedelta(seconds=1)).select("at", "known_at").unique()
        found = [(at, committed[appends[known]]) for at, known in rows.iter_rows()]
        return sorted((commit - at).total_seconds() for at, commit in found)

    @contextmanager
    def _broker(self) -> Iterator[int]:
        with tempfile.TemporaryDirectory() as name, run_mosquitto(Path(name)) as broker:
            text = (self.folder / "avlest.toml").read_text(encoding="utf-8").partition("\n[[sources]]")[0]
            source = f'host = "127.0.0.1"\nport = {broker.port}\ntopics = ["gateways/#"]\n'
            text += '\n[[sources]]\nname = "roof"\nkind = "mqtt"\n'
            (self.folder / "avlest.toml").write_text(text + source, encoding="utf-8")
            yield broker.port

    @contextmanager
    def _process(self, command: str) -> Iterator[int]:
        from tests.collect.commands import Service

        (self.folder / "sources.json").unlink(missing_ok=True)
        service = Service(command, self.folder, self.environ)
        service.start()
        assert service.process is not None
        try:
            yield service.process.pid
        finally:
            service.stop()

    def _wait_connected(self, _pid: int) -> None:
        from tests.collect.commands import read_text

        board = self.folder / "sources.json"
        wait_until(lambda: '"connected"' in read_text(board), what="the collector", seconds=60)


class PacedSender:
    """Sends 100 messages a second, each with the time it is sent."""

    def __init__(self, port: int, telegrams: Sequence[bytes]) -> None:
        self.publisher = Publisher(port, TOPIC, LazyMessages(telegrams), rate=100.0)

    def run(self, stop: object) -> None:
        """Return when all are acknowledged."""
        self.publisher.run(stop)  # type: ignore[arg-type]


class LazyMessages(Sequence[bytes]):
    """Messages that are made, with the present time in them, when they are sent."""

    def __init__(self, telegrams: Sequence[bytes]) -> None:
        self.telegrams = telegrams

    def __len__(self) -> int:
        return len(self.telegrams)

    def __getitem__(self, index: object) -> bytes:  # type: ignore[override]
        assert isinstance(index, int)
        return make_message(self.telegrams[index], datetime.now(UTC))


def make_message(telegram: bytes, at: datetime) -> bytes:
    """The documented message of an Avlest gateway."""
    return json.dumps(
        {"avlest": 1, "time": at.isoformat(), "gateway": "g1", "rssi": -70, "data": telegram.hex()}
    ).encode()


def get_inbox_messages(total: object) -> int:
    """How many messages wait in the inbox."""
    from avlest.collect.models import Packet

    return int(Packet.objects.aggregate(total=total)["total"] or 0)


def describe_delays(delays: Sequence[float]) -> str:
    """Median, 95th percentile and longest of sorted delays."""
    if not delays:
        return "nothing"
    return (
        f"p50 {delays[len(delays) // 2]:.2f} s, p95 {delays[len(delays) * 95 // 100]:.2f} s, longest {delays[-1]:.2f} s"
    )


if __name__ == "__main__":
    main()
