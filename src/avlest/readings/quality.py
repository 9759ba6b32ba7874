# SPDX-License-Identifier: Apache-2.0
"""How sure a value is, as a rank: of several for one time the highest counts (rules §4.2).  Pure."""

from __future__ import annotations

from enum import IntEnum


class Quality(IntEnum):
    """Ranks with room between them; the column `quality` of the Delta tables holds the number.

    A value gives way only to one of a higher rank, among equals to the one known later. A measured value that comes
    late replaces a final estimate too (Elhub allows it). `DISCRETION` is a case worker's decision: it holds against
    everything until released.
    """

    MANUAL_VERIFIED = 60
    MEASURED = 50
    CUSTOMER_READ = 45
    EDITED = 40
    DISCRETION = 35
    FINAL_ESTIMATED = 30
    ESTIMATED = 20
    TEMPORARY = 10
    MISSING = 0
    REJECTED = 0


READ = Quality.EDITED
"""From this rank on somebody or something read it; below it was calculated or decided."""
