# SPDX-License-Identifier: Apache-2.0
"""Writes: each `do_` function is one transaction with an audit row and a result."""
