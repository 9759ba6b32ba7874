# SPDX-License-Identifier: Apache-2.0
"""Wireless M-Bus: frames, layers and security, one telegram at a time (EN 13757-4 and -7)."""
