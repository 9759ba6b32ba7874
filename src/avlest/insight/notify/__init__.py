# SPDX-License-Identifier: Apache-2.0
"""Telling people: one message per cause, on the road that reaches them, and a record of what became of it."""
