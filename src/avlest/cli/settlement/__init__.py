# SPDX-License-Identifier: Apache-2.0
"""The commands of settlement, one file for each group."""
