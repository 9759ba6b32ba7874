# SPDX-License-Identifier: Apache-2.0
"""What bytes say: the pure telegram engine."""
