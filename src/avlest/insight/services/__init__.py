# SPDX-License-Identifier: Apache-2.0
"""What this room does: find alarms, tell people, take in what they say, keep balances and coverage."""
