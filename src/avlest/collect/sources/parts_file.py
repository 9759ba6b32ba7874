# SPDX-License-Identifier: Apache-2.0
"""Parts of telegrams that bridges post over HTTP, kept on disk until the others have come.

A post is answered at once, so a part cannot wait unanswered as it does over MQTT.  Several
web processes may serve one source: a lock on the bridge's file puts them in order.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from avlest.collect.formats.lobaro import PATIENCE, assemble_parts
from avlest.collect.heard import LORAWAN, Heard

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PartsFolder:
    """One file a bridge, named by its DevEUI, with the parts that wait."""

    folder: Path

    def add(self, part: Heard, *, now: datetime, put: Callable[[Sequence[Heard]], None]) -> int:
        """Take a part; hand to `put` the telegrams it completes and the parts that waited too long.

        Only when `put` has returned are those parts forgotten: after a crash between the two
        they are put again.  Returns how many messages were put.  Raises `OSError` and what `put` raises.
        """
        with self._locked(part.address) as path:
            waiting = [*_load(path), part]
            telegrams, left = assemble_parts(waiting)
            late = [one for one in left if now - one.received_at > PATIENCE]
            ready = [*telegrams, *late]
            if ready:
                put(ready)
            _save(path, [one for one in left if one not in late])
        return len(ready)

    @contextlib.contextmanager
    def _locked(self, address: str) -> Iterator[Path]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{address}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield self.folder / f"{address}.json"


def _load(path: Path) -> list[Heard]:
    try:
        return [_from_plain(row) for row in json.loads(path.read_bytes())]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError) as error:
        # Written whole or not at all, so somebody or a failing disk was at it: kept for a look, and begun anew.
        broken = path.with_suffix(".broken")
        path.replace(broken)
        logger.warning("the waiting parts of a bridge cannot be read (%s): moved to %s", error, broken)
        return []


def _save(path: Path, parts: Sequence[Heard]) -> None:
    if not parts:
        path.unlink(missing_ok=True)
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump([_to_plain(part) for part in parts], file)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def _to_plain(part: Heard) -> dict[str, Any]:
    return {
        "received_at": part.received_at.isoformat(),
        "source": part.source,
        "payload": base64.b64encode(part.payload).decode(),
        "gateway": part.gateway,
        "address": part.address,
        "port": part.port,
        "counter": part.counter,
    }


def _from_plain(row: dict[str, Any]) -> Heard:
    return Heard(
        datetime.fromisoformat(row["received_at"]),
        row["source"],
        LORAWAN,
        base64.b64decode(row["payload"]),
        gateway=row["gateway"],
        address=row["address"],
        port=row["port"],
        counter=row["counter"],
    )
