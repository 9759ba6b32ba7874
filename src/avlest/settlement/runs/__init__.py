# SPDX-License-Identifier: Apache-2.0
"""A settlement run as pure functions over columns: what it used goes in, lines and what is odd come out."""
