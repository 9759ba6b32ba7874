# SPDX-License-Identifier: Apache-2.0
"""Evaluation of what is stored: which series are watched, what must be looked at again, and keeping what is found."""
