# SPDX-License-Identifier: Apache-2.0
"""The plant of the readings' tests, with alarms looked for in it."""

from __future__ import annotations

from tests.readings.conftest import actor, plant

__all__ = ["actor", "plant"]
