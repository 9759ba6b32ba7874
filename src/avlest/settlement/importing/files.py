# SPDX-License-Identifier: Apache-2.0
"""Any price-list file as a draft.  Pure."""

from __future__ import annotations

from avlest.settlement.importing.csv_lists import parse_table_list
from avlest.settlement.importing.price_lists import Given, PriceListDraft
from avlest.settlement.importing.toml_lists import parse_toml_list


def parse_price_list(content: bytes, *, filename: str, given: Given | None = None) -> PriceListDraft:
    """Return the price list in a TOML, CSV or XLSX file with every issue by line and field.

    `given` overrides what the file says (or does not say).  Raises `ImportFileError` for a file that cannot be read.
    """
    parse = parse_toml_list if filename.lower().endswith(".toml") else parse_table_list
    return parse(content, filename=filename, given=given or Given())
