# SPDX-License-Identifier: Apache-2.0
"""Reports that are made and sent again and again."""
