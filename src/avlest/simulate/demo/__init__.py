# SPDX-License-Identifier: Apache-2.0
"""The demonstration: a municipality simulated, taken in through the real road, derived, watched and settled."""
