# SPDX-License-Identifier: Apache-2.0
"""Filling the registry with a simulated municipality: through the lists and services that people use."""
