# SPDX-License-Identifier: Apache-2.0
"""Avlest: from what meters say over the air to money people trust."""

__version__ = "0.1.0"
