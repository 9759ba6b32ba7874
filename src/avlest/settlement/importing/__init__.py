# SPDX-License-Identifier: Apache-2.0
"""Price lists from files: TOML or a table, every error with its line and field."""
