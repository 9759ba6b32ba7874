# SPDX-License-Identifier: Apache-2.0
"""Tables of the room `settlement`."""

from avlest.settlement.models.accounts import Account, AdvanceLevel, Agreement, Discretion, ServiceOrder
from avlest.settlement.models.configuration import Configuration
from avlest.settlement.models.controls import AccuracyClaim, AccuracyControl, EarlierLine
from avlest.settlement.models.invoices import Invoice, InvoiceLine, NumberSeries, Removal
from avlest.settlement.models.ledger import (
    ArchivedDocument,
    Expected,
    OpenItem,
    Payment,
    PaymentFile,
    Refund,
    Reminder,
)
from avlest.settlement.models.prices import Price, PriceList, VatRate
from avlest.settlement.models.runs import Run, RunException, RunPart

__all__ = [
    "Account",
    "AccuracyClaim",
    "AccuracyControl",
    "AdvanceLevel",
    "Agreement",
    "ArchivedDocument",
    "Configuration",
    "Discretion",
    "EarlierLine",
    "Expected",
    "Invoice",
    "InvoiceLine",
    "NumberSeries",
    "OpenItem",
    "Payment",
    "PaymentFile",
    "Price",
    "PriceList",
    "Refund",
    "Reminder",
    "Removal",
    "Run",
    "RunException",
    "RunPart",
    "ServiceOrder",
    "VatRate",
]
