# SPDX-License-Identifier: Apache-2.0
"""Taking in lists from outside: CSV, XLSX and vendors' key files, checked row by row."""
