# SPDX-License-Identifier: Apache-2.0
"""What every role has: front door, language, colours, activation, reasons, offline page, shell of the app."""
