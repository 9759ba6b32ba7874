# SPDX-License-Identifier: Apache-2.0
"""A watched folder: files of walk-by and drive-by rounds, lists of readings, Elhub's files.

A file is taken in when its size and time have not changed from one look to the next, so one
that is still being copied is left alone.  Then it goes to `done/` or `failed/`, with a report
beside it.  A crash before that takes the file in again: repeats are known as such later.
"""

from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from avlest.collect.formats.files import PIECE, read_file_pieces, unpack_file
from avlest.collect.formats.model import FormatError, Message, Parsed
from avlest.collect.settings import FolderSettings
from avlest.collect.sources.base import MessageInbox, SourceError, run_until
from avlest.collect.sources.intake import Intake
from avlest.collect.sources.state import SourceState

DONE: Final = "done"
FAILED: Final = "failed"
REPORT_SUFFIX: Final = ".report.txt"
MOST_LINES: Final = 1000
_MB: Final = 1_000_000
_UNFINISHED: Final = (".part", ".tmp", ".crdownload", ".filepart")


@dataclass(slots=True)
class FileReport:
    """What came of a file: how much was taken in and what was wrong with the rest."""

    taken: int = 0
    problems: list[str] = field(default_factory=list)
    more: int = 0
    notes: int = 0
    first_note: str = ""

    def add(self, parsed: Parsed) -> None:
        """Count a piece of the file."""
        self.taken += len(parsed.heard)
        room = MOST_LINES - len(self.problems)
        self.problems += [str(problem) for problem in parsed.problems[:room]]
        self.more += max(0, len(parsed.problems) - room)
        self.notes += len(parsed.notes)
        self.first_note = self.first_note or next(iter(parsed.notes), "")

    @property
    def failed(self) -> bool:
        """Whether nothing of the file was taken in."""
        return not self.taken

    def to_text(self, name: str) -> str:
        """Return the report that is laid beside the file."""
        count = len(self.problems) + self.more
        lines = [f"{name}: {self.taken} taken in, {count} with problems, {self.notes} without data", ""]
        lines += [self.first_note] if self.first_note else []
        lines += self.problems
        lines += [f"… and {self.more} more"] if self.more else []
        return "\n".join(lines).rstrip() + "\n"


class FolderSource:
    """One folder."""

    def __init__(self, settings: FolderSettings, state: SourceState) -> None:
        self.settings = settings
        self.state = state
        self.folder = Path(settings.path)
        self._seen: dict[str, tuple[int, int]] = {}

    async def run(self, inbox: MessageInbox, stop: asyncio.Event) -> None:
        """Look for files until `stop` is set; raises `SourceError` when the folder cannot be used."""
        intake = Intake(self.settings, inbox, self.state, format=self.settings.format)
        await run_until(stop, self._watch(intake))

    async def _watch(self, intake: Intake) -> None:
        self._prepare()
        self.state.connect(str(self.folder))
        while True:
            for path in self._find_ready():
                await self._take_file(path, intake)
            await asyncio.sleep(self.settings.poll_seconds)

    def _prepare(self) -> None:
        try:
            for name in ("", DONE, FAILED):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SourceError(f"the folder {self.folder} cannot be used: {error.strerror or error}") from error

    def _find_ready(self) -> list[Path]:
        """The files that look as they did at the last look, oldest first."""
        now: dict[str, tuple[int, int]] = {}
        try:
            for entry in os.scandir(self.folder):
                if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED):
                    continue
                facts = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(facts.st_mode):
                    now[entry.name] = (facts.st_mtime_ns, facts.st_size)
        except OSError as error:
            raise SourceError(f"the folder {self.folder} cannot be read: {error.strerror or error}") from error
        ready = sorted((facts, name) for name, facts in now.items() if self._seen.get(name) == facts)
        self._seen = now
        return [self.folder / name for _, name in ready]

    async def _take_file(self, path: Path, intake: Intake) -> None:
        report = FileReport()
        try:
            written_at = self._read_time(path)
            content, name = await asyncio.to_thread(self._open, path)
            message = intake.make_message(content, topic=name)
            await self._take_pieces(message, written_at, intake, report)
        except FormatError as error:
            report.problems.insert(0, str(error))
            intake.state.report_problem(f"{path.name}: {error}")
        self._put_away(path, report)

    def _read_time(self, path: Path) -> datetime:
        """When the file was written."""
        try:
            return datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            raise SourceError(f"the file {path} cannot be read: {error.strerror or error}") from error

    def _open(self, path: Path) -> tuple[bytes, str]:
        """Content and name of a file, unpacked."""
        return unpack_file(self._read(path), name=path.name, most_bytes=self.settings.max_mb * _MB)

    def _read(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > self.settings.max_mb * _MB:
                raise FormatError(f"the file has more than {self.settings.max_mb} MB; raise max_mb if that is right")
            return path.read_bytes()
        except OSError as error:
            raise SourceError(f"the file {path} cannot be read: {error.strerror or error}") from error

    async def _take_pieces(self, message: Message, written_at: datetime, intake: Intake, report: FileReport) -> None:
        """In a thread: a long list takes seconds, in which the other sources go on."""
        settings = self.settings
        pieces = read_file_pieces(message, name=settings.format, point=settings.point, written_at=written_at)
        while (parsed := await asyncio.to_thread(next, pieces, None)) is not None:
            intake.count(parsed, messages=1, origin=message.topic)
            for start in range(0, len(parsed.heard), PIECE):
                await intake.put(parsed.heard[start : start + PIECE])
            report.add(parsed)

    def _put_away(self, path: Path, report: FileReport) -> None:
        """Move the file and lay its report beside it; a file of the same name is kept under another."""
        folder = self.folder / (FAILED if report.failed else DONE)
        target = _find_free(folder, path.name)
        try:
            target.with_name(target.name + REPORT_SUFFIX).write_text(report.to_text(path.name), encoding="utf-8")
            path.rename(target)
        except OSError as error:
            raise SourceError(f"{path.name} cannot be moved to {folder}: {error.strerror or error}") from error
        self._seen.pop(path.name, None)


def _find_free(folder: Path, name: str) -> Path:
    path, number = folder / name, 1
    while path.exists():
        number += 1
        path = folder / f"{Path(name).stem}.{number}{Path(name).suffix}"
    return path
