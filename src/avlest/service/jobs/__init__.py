# SPDX-License-Identifier: Apache-2.0
"""Work that is due again and again: which, when, by whom, and how it went."""
