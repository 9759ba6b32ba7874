# SPDX-License-Identifier: Apache-2.0
"""Who, where, which meter: organisations, places, meters, keys, people, and their history."""
