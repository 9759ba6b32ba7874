# SPDX-License-Identifier: Apache-2.0
"""A watched folder: files are taken in once they are whole, and put away with a report."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from avlest.collect.formats.canonical import load_readings
from avlest.collect.settings import FolderSettings
from avlest.collect.sources.folder import FolderSource
from avlest.collect.sources.state import SourceState
from tests.collect.sources.support import MemoryInbox, make_settings, make_telegram, running, until

TELEGRAMS = [make_telegram(n) for n in range(1, 4)]
GSRN = "707057500000000018"
LIST = "Målernummer;Dato;Målerstand (m³)\n12345678;31.01.2026;123,456\n87654321;31.02.2026;1,5\n11112222;31.01.2026;7\n"
CLOCK_CHANGE = (("01", "02"), ("02", "02"), ("02", "03"), ("03", "04"))
ELHUB = "Fra;Til;KWH 60 Forbruk;Kvalitet\n25.10.2025 01:00;25.10.2025 02:00;1,5;Målt\n" + "".join(
    f"26.10.2025 {since}:00;26.10.2025 {until_}:00;{number},25;Målt\n"
    for number, (since, until_) in enumerate(CLOCK_CHANGE)
)


def take(
    tmp_path: Path, files: dict[str, bytes], done: Callable[[Path], object], **more: Any
) -> tuple[MemoryInbox, SourceState]:
    """Lay files into the folder of a running source until `done(folder)`."""
    folder = tmp_path / "drop"
    folder.mkdir(exist_ok=True)

    async def work() -> tuple[MemoryInbox, SourceState]:
        inbox = MemoryInbox()
        async with running(
            make_settings(tmp_path, kind="folder", path="drop", poll_seconds=0.05, **more), inbox
        ) as state:
            for name, content in files.items():
                (folder / name).write_bytes(content)
            await until(lambda: done(folder), "the files")
        return inbox, state

    return asyncio.run(work())


def test_telegrams_of_a_round_are_taken_in(tmp_path: Path) -> None:
    """Lines of any kind, packed or not; a bad line is in the report with its number."""
    lines = [
        TELEGRAMS[0].hex(),
        "xyz",
        f"T1;1;1;2026-01-31 12:00:00.00Z;-71;;;0x{TELEGRAMS[1].hex()}",
        TELEGRAMS[2].hex(),
    ]
    content = gzip.compress("\n".join(lines).encode())
    inbox, state = take(tmp_path, {"round.txt.gz": content}, lambda f: (f / "done/round.txt.gz").exists())
    assert inbox.payloads == TELEGRAMS
    report = (tmp_path / "drop/done/round.txt.gz.report.txt").read_text(encoding="utf-8")
    assert report.startswith("round.txt.gz: 3 taken in, 0 with problems, 1 without data\n")
    assert "line 2: text that holds no telegram: 'xyz'" in report
    assert state.errors == 0


def test_a_list_of_readings_is_taken_in_row_by_row(tmp_path: Path) -> None:
    """Good rows are readings with exact values; a bad one is told with line, column and what is expected."""
    inbox, state = take(tmp_path, {"runde.csv": LIST.encode("cp1252")}, lambda f: (f / "done/runde.csv").exists())
    readings = [load_readings(one.payload)[0] for one in inbox.heard]
    assert [(r.meter, str(r.value), r.unit, r.at.isoformat()) for r in readings] == [
        ("12345678", "123.456000", "m3", "2026-01-30T23:00:00+00:00"),
        ("11112222", "7.000000", "m3", "2026-01-30T23:00:00+00:00"),
    ]
    assert {(one.road, one.source) for one in inbox.heard} == {("reading", "test")}
    assert state.last_problem == (
        "runde.csv: line 3, Dato: is '31.02.2026': expected a date such as 2026-01-31 or 31.01.2026, "
        "with a time after it if wanted"
    )


def test_elhub_hours_of_the_autumn_change_are_told_apart(tmp_path: Path) -> None:
    """Both hours from 02:00 to 03:00 are there, in order, with the point of the file's name."""
    name = f"meteringvalues-mp-{GSRN}-consumption-20251101T0930.csv"
    inbox, _ = take(tmp_path, {name: ELHUB.encode()}, lambda f: (f / "done" / name).exists())
    readings = [reading for one in inbox.heard for reading in load_readings(one.payload)]
    assert {reading.point for reading in readings} == {GSRN}
    hours = [(r.since.strftime("%d %H:%M"), str(r.value)) for r in readings if r.since]
    expected = [
        ("24 23:00", "1.5"),
        ("25 23:00", "0.25"),
        ("26 00:00", "1.25"),
        ("26 01:00", "2.25"),
        ("26 02:00", "3.25"),
    ]
    assert hours == expected
    assert {(r.quantity, r.unit, r.direction, r.quality) for r in readings} == {("energy", "kwh", "import", "measured")}


def test_files_that_cannot_be_read_go_to_failed(tmp_path: Path) -> None:
    """Each with a report that says why; the good one beside them is taken in."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", "x")
    bad = {
        "empty.txt": b" \n",
        "archive.zip": packed.getvalue(),
        "broken.gz": gzip.compress(b"x" * 1000)[:-9],
        "bomb.gz": gzip.compress(b"4" * 3_000_000),
        "noise.bin": bytes(range(1, 33)) + b"\x00\x01",
        "columns.csv": b"Maaler;Dato;Verdi\n1;2;3\n",
        "unit.csv": b"meter;date;value\n12345678;2026-01-31;3\n",
    }
    files = {**bad, "good.txt": TELEGRAMS[0].hex().encode()}
    inbox, state = take(
        tmp_path,
        files,
        lambda f: len(list((f / "failed").glob("*"))) == 14 and (f / "done/good.txt").exists(),
        max_mb=1,
    )
    reports = {
        path.name.removesuffix(".report.txt"): path.read_text(encoding="utf-8")
        for path in (tmp_path / "drop/failed").glob("*.report.txt")
    }
    assert inbox.payloads == TELEGRAMS[:1]
    assert set(reports) == set(bad)
    assert "the file is empty" in reports["empty.txt"]
    assert "unpack it" in reports["archive.zip"]
    assert "the gzip file is broken" in reports["broken.gz"]
    assert "unpacks to more than 1 MB" in reports["bomb.gz"]
    assert "bytes of no known kind" in reports["noise.bin"]
    assert "text that holds no telegram" in reports["columns.csv"]
    assert "has no unit: write it in the heading" in reports["unit.csv"]
    assert state.errors == 0


def test_a_file_that_grows_is_left_alone(tmp_path: Path) -> None:
    """Only a file that looks the same twice is taken in, and never one that is named as unfinished."""
    folder = tmp_path / "drop"
    settings = make_settings(tmp_path, kind="folder", path="drop")
    assert isinstance(settings, FolderSettings)
    source = FolderSource(settings, SourceState("test", "folder"))
    source._prepare()
    (folder / "a.txt").write_bytes(b"44")
    (folder / "b.txt.part").write_bytes(b"44")
    assert source._find_ready() == []
    (folder / "a.txt").write_bytes(b"4444")
    assert source._find_ready() == []
    assert [path.name for path in source._find_ready()] == ["a.txt"]


def test_the_same_name_twice_keeps_both_files(tmp_path: Path) -> None:
    """A second file of a name does not replace the first, which may have been another."""
    take(tmp_path, {"x.txt": TELEGRAMS[0].hex().encode()}, lambda f: (f / "done/x.txt").exists())
    take(tmp_path, {"x.txt": TELEGRAMS[1].hex().encode()}, lambda f: (f / "done/x.2.txt").exists())
    assert (tmp_path / "drop/done/x.txt").read_text() == TELEGRAMS[0].hex()
    assert (tmp_path / "drop/done/x.2.txt").read_text() == TELEGRAMS[1].hex()


def test_a_file_stays_while_the_inbox_fails(tmp_path: Path) -> None:
    """What is not on disk is not put away: it is taken in when the inbox works again."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.txt").write_text(TELEGRAMS[0].hex())

    async def work() -> tuple[MemoryInbox, bool]:
        inbox = MemoryInbox(failing=RuntimeError("disk full"))
        async with running(make_settings(tmp_path, kind="folder", path="drop", poll_seconds=0.05), inbox) as state:
            await until(lambda: state.errors, "the error")
            stayed = (folder / "a.txt").exists()
            inbox.failing = None
            await until(lambda: (folder / "done/a.txt").exists(), "the file")
        return inbox, stayed

    inbox, stayed = asyncio.run(work())
    assert stayed
    assert inbox.payloads == TELEGRAMS[:1]


def test_telegrams_without_a_time_were_heard_when_the_file_was_written(tmp_path: Path) -> None:
    """The round was yesterday; a line that says its time keeps it."""
    folder = tmp_path / "drop"
    folder.mkdir()
    lines = [TELEGRAMS[0].hex(), f"T1;1;1;2026-01-30 12:00:00.00Z;-71;;;0x{TELEGRAMS[1].hex()}"]
    (folder / "round.txt").write_text("\n".join(lines))
    written = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)
    os.utime(folder / "round.txt", (written.timestamp(), written.timestamp()))
    inbox, _ = take(tmp_path, {}, lambda f: (f / "done/round.txt").exists())
    assert [f"{one.received_at:%d %H:%M}" for one in inbox.heard] == ["31 15:00", "30 12:00"]


def test_a_spreadsheet_of_readings_is_taken_in(tmp_path: Path) -> None:
    """XLSX as well as CSV, with numbers and dates as the program keeps them."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Målernummer", "Dato", "Målerstand (kWh)"], ["12345678", date(2026, 1, 31), 1234.5]):
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    inbox, _ = take(tmp_path, {"list.xlsx": content.getvalue()}, lambda f: (f / "done/list.xlsx").exists())
    (reading,) = load_readings(inbox.heard[0].payload)
    assert (reading.meter, reading.value, reading.unit) == ("12345678", Decimal("1234.5"), "kwh")
    assert reading.at.isoformat() == "2026-01-30T23:00:00+00:00"
