# SPDX-License-Identifier: Apache-2.0
"""When the last backup was made, in a file that pages read: the backup itself is somewhere else."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Final

from avlest.project.secret import write_private

FILE_NAME: Final = "last-backup.json"


@dataclasses.dataclass(frozen=True, slots=True)
class BackupRecord:
    """One backup: when it was made, where to, how many bytes of files it holds."""

    made_at: datetime
    target: str
    bytes: int


def note_backup(data_dir: Path, record: BackupRecord) -> None:
    """Write down a backup that was made.  Raises `OSError`."""
    text = json.dumps(dataclasses.asdict(record), default=datetime.isoformat)
    write_private(data_dir / FILE_NAME, text + "\n")


def read_last_backup(data_dir: Path) -> BackupRecord | None:
    """Return the last backup that was noted; None where there is none, or the file is not one."""
    try:
        plain = json.loads((data_dir / FILE_NAME).read_text(encoding="utf-8"))
        return BackupRecord(datetime.fromisoformat(plain["made_at"]), str(plain["target"]), int(plain["bytes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
