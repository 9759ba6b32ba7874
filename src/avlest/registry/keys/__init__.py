# SPDX-License-Identifier: Apache-2.0
"""Meter keys at rest: sealed with AES-GCM, bound to the meter, under a key that can change."""
