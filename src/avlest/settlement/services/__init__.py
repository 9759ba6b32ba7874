# SPDX-License-Identifier: Apache-2.0
"""Writes of settlement: one transaction, an audit row, a result."""
