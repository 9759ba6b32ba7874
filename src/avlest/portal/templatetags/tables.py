# SPDX-License-Identifier: Apache-2.0
"""Drawing data tables: `{% load tables %}{% data_table table %}`."""

from __future__ import annotations

from typing import Any

from django import template

from avlest.portal.tables import Table

register = template.Library()


@register.inclusion_tag("portal/parts/table.html")
def data_table(table: Table, *, with_csv: bool = True) -> dict[str, Any]:
    """A table with caption, heads that sort, search, pages and the CSV file."""
    pages = [{"number": number, "address": table.address(page=number)} for number in table.numbers]
    return {"table": table, "pages": pages, "csv": table.address(format="csv", page=None) if with_csv else ""}
