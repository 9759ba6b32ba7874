# SPDX-License-Identifier: Apache-2.0
"""Data records of EN 13757-3: from payload bytes to numbers, dates and texts with a meaning."""
