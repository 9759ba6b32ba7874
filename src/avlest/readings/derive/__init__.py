# SPDX-License-Identifier: Apache-2.0
"""From readings to hourly and daily values: what is to be derived, with what, and into which tables.

`plan` finds what changed and writes tasks, `work` carries them out; both may be killed at any moment.
"""
