# SPDX-License-Identifier: Apache-2.0
"""How long it takes to import 100,000 rows of each kind, and to read 100,000 keys.

    python bench/import.py [--rows 100000] [--database postgresql://...] [--xlsx]

Makes a data directory of its own and removes it.  Wall and processor time, reading the
file to commit.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

Rows = Sequence[Sequence[object]]


def make_lists(rows: int) -> Iterator[tuple[str, Rows]]:
    """Yield (kind, rows with headings) of an invented municipality."""
    chance = random.Random(1)
    number = range(rows)
    yield (
        "meters",
        [
            ["Produsent", "Målernummer", "Modell", "Dimensjon", "Nøkkel"],
            *(["KAM", f"{10_000_000 + n}", "MC21", "DN15", f"{chance.getrandbits(128):032x}"] for n in number),
        ],
    )
    yield (
        "places",
        [
            ["Kommunenr", "Gnr", "Bnr", "Adresse", "Breddegrad", "Lengdegrad", "Målepunkt", "Media", "Målesone"],
            *(
                [
                    "3110",
                    n // 500 + 1,
                    n % 500 + 1,
                    f"Storgata {n}",
                    f"59,{n:06d}",
                    f"10,{n:06d}",
                    f"P{n}",
                    "Kaldtvann",
                    n % 40,
                ]
                for n in number
            ),
        ],
    )
    yield (
        "parties",
        [
            ["Kundenummer", "Navn", "E-post", "Telefon", "Adresse"],
            *([n, f"Kunde {n}", f"kunde{n}@example.no", f"+47 {40_000_000 + n}", f"Storgata {n}"] for n in number),
        ],
    )
    yield (
        "tenancies",
        [
            ["Kunde", "Kommunenr", "Gnr", "Bnr", "Rolle", "Fra"],
            *([n, "3110", n // 500 + 1, n % 500 + 1, "abonnent", f"{n % 28 + 1:02d}.01.2020"] for n in number),
        ],
    )
    yield (
        "installations",
        [
            ["Målernummer", "Målepunkt", "Montert", "Startverdi (m³)", "Plombe"],
            *([f"{10_000_000 + n}", f"P{n}", f"{n % 28 + 1:02d}.02.2020 10:00", f"{n},5", f"P-{n}"] for n in number),
        ],
    )
    yield (
        "keys",
        [
            ["Serial", "Key"],
            *([f"{10_000_000 + n}", f"{chance.getrandbits(128):032x}"] for n in number),
        ],
    )


def to_csv(rows: Rows) -> bytes:
    """Return rows as a spreadsheet with Norwegian settings saves them."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows(rows)
    return stream.getvalue().encode("cp1252")


def to_xlsx(rows: Rows) -> bytes:
    """Return rows as a workbook."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def measure(name: str, work: Callable[[], object], rows: int) -> None:
    """Run `work` and print how long it took."""
    begin, used = time.perf_counter(), time.process_time()
    result = work()
    seconds, used = time.perf_counter() - begin, time.process_time() - used
    print(f"{name:<26} {seconds:7.2f} s  cpu {used:7.2f} s {rows / seconds:10,.0f} rows/s  {result}", flush=True)


def run(rows: int, *, write: Callable[[Rows], bytes]) -> None:
    """Import every list twice, then read all keys."""
    from django.core.management import call_command

    from avlest.registry.access import make_system_actor
    from avlest.registry.importing.engine import Upload, do_import
    from avlest.registry.importing.report import OnError
    from avlest.registry.services.keys import do_reseal_keys, get_meter_keys
    from avlest.registry.services.organisations import do_create_organisation

    call_command("migrate", verbosity=0)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    number = do_create_organisation(name="Vik", slug="vik", by="bench", now=now)
    actor = make_system_actor(number, name="bench")
    for kind, table in make_lists(rows):
        upload = Upload("list", write(table))
        for again in ("", " again"):

            def work(kind: str = kind, upload: Upload = upload) -> str:
                report = do_import(actor, kind, upload, on_error=OnError.REFUSE_ALL, now=now)
                issues = [str(issue) for issue in report.issues[:2]]
                return f"{dict(report.created)} {dict(report.updated)} unchanged {report.unchanged} {issues or ''}"

            measure(f"{kind}{again}", work, rows)
    measure("get_meter_keys", get_meter_keys, rows)
    measure("do_reseal_keys (nothing)", lambda: do_reseal_keys("bench", now=now).resealed, rows)


def main() -> None:
    """Read the arguments, make a data directory, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--database", default="")
    parser.add_argument("--xlsx", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="avlest-bench-") as folder:
        os.environ |= {"AVLEST_DATA": folder, "DJANGO_SETTINGS_MODULE": "avlest.project.settings"}
        if chosen.database:
            os.environ["AVLEST_DATABASE"] = chosen.database
        import django

        from avlest.project.directory import make_data_dir
        from avlest.registry.keys.ring_file import make_ring_file

        make_data_dir(Path(folder))
        make_ring_file(Path(folder) / "meter-keys.ring")
        django.setup()
        run(chosen.rows, write=to_xlsx if chosen.xlsx else to_csv)


if __name__ == "__main__":
    main()
