# SPDX-License-Identifier: Apache-2.0
"""The inverse of the engine: telegrams from values."""
