# SPDX-License-Identifier: Apache-2.0
"""Room `simulate`."""
