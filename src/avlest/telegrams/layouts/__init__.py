# SPDX-License-Identifier: Apache-2.0
"""Columnar decoding: many telegrams of one skeleton at once (house plan, section 6)."""
