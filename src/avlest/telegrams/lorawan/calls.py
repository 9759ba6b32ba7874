# SPDX-License-Identifier: Apache-2.0
"""One call of a codec: which, with what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CodecCall:
    """Decode `payload` with the codec of that name; `received_at` is aware UTC and the codec's present time."""

    codec: str
    payload: bytes
    port: int | None
    received_at: datetime
    variables: tuple[tuple[str, str], ...] = ()
