# SPDX-License-Identifier: Apache-2.0
"""What board, property manager, caretaker and billing clerk see."""
