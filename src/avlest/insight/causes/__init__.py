# SPDX-License-Identifier: Apache-2.0
"""What is probably behind an alarm, how urgent it is and what to check.  Pure."""

from avlest.insight.causes.guess import CauseError, Causes, add_causes, load_causes, parse_causes

__all__ = ["CauseError", "Causes", "add_causes", "load_causes", "parse_causes"]
