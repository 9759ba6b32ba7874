# SPDX-License-Identifier: Apache-2.0
"""What is sent: one invoice as a value, written as PDF, EHF and rows for accounting systems."""
