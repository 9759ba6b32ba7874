# SPDX-License-Identifier: Apache-2.0
"""Django's admin for settlement: price lists with four eyes, agreements, and everything else to look at."""

from avlest.settlement.admin import controls, ledger, prices, runs

__all__ = ["controls", "ledger", "prices", "runs"]
