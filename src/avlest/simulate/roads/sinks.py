# SPDX-License-Identifier: Apache-2.0
"""Where messages go, and the simplest of it, a file; `roads.mqtt` and `roads.inbox` are the others."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self, cast

from avlest.simulate.radio.hearing import Messages
from avlest.simulate.roads.lines import format_lines


class Sink(Protocol):
    """Where messages go; a context that is left when no more come."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def deliver(self, group: Sequence[Messages]) -> None:
        """Take messages; when this returns they are on their way and in order."""


@dataclass(slots=True)
class FileSink:
    """One line a message, in the formats of `roads.lines`; packed where the name ends in `.gz`."""

    path: Path
    form: str = "avlest"
    _file: BinaryIO | None = None

    def __enter__(self) -> Self:
        if self.path.suffix == ".gz":
            # No name and no time in the header: the same seed gives the same bytes.
            raw = self.path.open("wb")
            self._file = cast("BinaryIO", gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
        else:
            self._file = self.path.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            raw = getattr(self._file, "fileobj", None)
            self._file.close()
            if raw is not None:
                raw.close()

    def deliver(self, group: Sequence[Messages]) -> None:
        """Write the lines; raises `OSError` where the disk does not take them."""
        assert self._file is not None
        for messages in group:
            self._file.writelines(line + b"\n" for line in format_lines(messages, self.form))
