# SPDX-License-Identifier: Apache-2.0
"""What happens in lives: moves, replacements, typed readings, unpaid invoices, new prices."""
