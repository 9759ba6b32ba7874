# SPDX-License-Identifier: Apache-2.0
"""How telegrams and readings arrive: one small module a kind of source, all with the same interface."""
