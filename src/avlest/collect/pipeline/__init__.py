# SPDX-License-Identifier: Apache-2.0
"""From the inbox to the Delta tables: take, decode, resolve, drop repeats, thin, settle, append."""
