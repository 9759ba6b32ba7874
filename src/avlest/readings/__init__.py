# SPDX-License-Identifier: Apache-2.0
"""What was used, and how sure are we: stored readings, validation, hourly and daily series."""
