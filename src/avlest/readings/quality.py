# SPDX-License-Identifier: Apache-2.0
"""How sure a reading is, as a rank: of several for one time the highest counts.  Pure."""

from __future__ import annotations

from enum import IntEnum


class Quality(IntEnum):
    """Ranks with room between them; the column `quality` of the Delta tables holds the number.

    A person who corrects a reading outranks the meter, the meter outranks what people typed in before it was heard,
    and anything read outranks what was calculated.
    """

    ESTIMATED = 20
    MANUAL = 40
    MEASURED = 60
    EDITED = 80
