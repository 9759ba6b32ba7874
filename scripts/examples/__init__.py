# SPDX-License-Identifier: Apache-2.0
"""Make the example telegrams of the catalogue files."""
