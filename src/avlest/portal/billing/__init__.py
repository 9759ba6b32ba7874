# SPDX-License-Identifier: Apache-2.0
"""Settlement, prices, invoices, payments, archive and reports: what the billing clerk and who approves see."""
