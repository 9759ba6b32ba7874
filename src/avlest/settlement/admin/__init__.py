# SPDX-License-Identifier: Apache-2.0
"""Django's admin for settlement: price lists with four eyes, agreements, and everything else to look at."""

from avlest.settlement.admin import ledger, prices, runs

__all__ = ["ledger", "prices", "runs"]
