# SPDX-License-Identifier: Apache-2.0
"""Settlement cases: a self-contained file in, lines with totals and explanation out.  No database, no Django."""
