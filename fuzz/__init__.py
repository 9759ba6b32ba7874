# SPDX-License-Identifier: Apache-2.0
"""Hostile input: `python -m fuzz.decode`."""
