# SPDX-License-Identifier: Apache-2.0
"""Stored readings: four Delta Lake tables behind one small interface. Start at `open_store`."""

from avlest.readings.tables.changes import Changes
from avlest.readings.tables.errors import FrameError, FrameProblem, StoreError
from avlest.readings.tables.figures import Commit, PeriodSize, TableSize
from avlest.readings.tables.schemas import BUCKET_SIZE, TABLES, Rule, TableSpec
from avlest.readings.tables.store import Store, open_store
from avlest.readings.tables.upkeep import Compacted, Erased, Retained, Vacuumed
from avlest.readings.tables.writing import Appended

__all__ = [
    "BUCKET_SIZE",
    "TABLES",
    "Appended",
    "Changes",
    "Commit",
    "Compacted",
    "Erased",
    "FrameError",
    "FrameProblem",
    "PeriodSize",
    "Retained",
    "Rule",
    "Store",
    "StoreError",
    "TableSize",
    "TableSpec",
    "Vacuumed",
    "open_store",
]
