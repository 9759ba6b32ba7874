# SPDX-License-Identifier: Apache-2.0
"""What goes wrong, and on which way it is seen."""
