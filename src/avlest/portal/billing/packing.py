# SPDX-License-Identifier: Apache-2.0
"""Many files as one ZIP, on disk while it is made: a run of ten thousand invoices does not fit in memory."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable
from typing import IO

_STORED = (".pdf", ".zip", ".jpg", ".jpeg", ".png", ".webp")


def pack_files(files: Iterable[tuple[str, bytes]]) -> IO[bytes]:
    """Return an open temporary file (gone when closed) with the files in a ZIP; a name used twice gets a number."""
    target = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    used: dict[str, int] = {}
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files:
            method = zipfile.ZIP_STORED if name.lower().endswith(_STORED) else zipfile.ZIP_DEFLATED
            archive.writestr(_number(name, used), content, compress_type=method)
    target.seek(0)
    return target


def _number(name: str, used: dict[str, int]) -> str:
    used[name] = used.get(name, 0) + 1
    stem, dot, end = name.rpartition(".")
    return name if used[name] == 1 else f"{stem or end}-{used[name]}{dot}{end if stem else ''}"
