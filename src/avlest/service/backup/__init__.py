# SPDX-License-Identifier: Apache-2.0
"""Backup of a whole installation while it runs, and taking one back."""
