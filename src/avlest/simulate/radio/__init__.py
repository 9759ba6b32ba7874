# SPDX-License-Identifier: Apache-2.0
"""What make-believe meters send: register values in columns to the bytes on the air.  Pure."""
