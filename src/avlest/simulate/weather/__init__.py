# SPDX-License-Identifier: Apache-2.0
"""A year of weather that never was, hour by hour."""
