# SPDX-License-Identifier: Apache-2.0
"""Payments: references, files, matching."""
