# SPDX-License-Identifier: Apache-2.0
"""Expected against received: by road, source, gateway and zone, day by day (ux §4).  Pure."""

from avlest.insight.coverage.derive import DIMENSIONS, EXPECTED, RECEIVED, derive_coverage, derive_single_gateways

__all__ = ["DIMENSIONS", "EXPECTED", "RECEIVED", "derive_coverage", "derive_single_gateways"]
