# SPDX-License-Identifier: Apache-2.0
"""What an invoice lacks to be sent as EHF (`settlement.documents.ehf.check_ehf`), in the reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LACKING: Final[Mapping[str, Promise]] = {
    "the seller's organisation number (nine digits)": _("the seller's organisation number (nine digits)"),
    "the buyer's organisation number (nine digits): people get their invoice another way": _(
        "the buyer's organisation number (nine digits): people get their invoice another way"
    ),
    "the buyer's reference or customer number": _("the buyer's reference or customer number"),
    "the seller's bank account (eleven digits with a right check digit)": _(
        "the seller's bank account (eleven digits with a right check digit)"
    ),
    "at least one line": _("at least one line"),
    "lines without VAT that sum to the bases": _("lines without VAT that sum to the bases"),
}
