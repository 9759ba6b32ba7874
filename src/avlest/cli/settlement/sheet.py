# SPDX-License-Identifier: Apache-2.0
"""The control sheet of a run as lines of text: for `avlest settle control` and the demonstration's summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from avlest.cli.settlement.common import kroner
from avlest.wording import format_number

if TYPE_CHECKING:
    from avlest.settlement.infos import RunControl


def write_sheet(sheet: RunControl) -> Iterator[str]:
    """What is billed against what is measured, kroner of each kind of line, and how much is odd."""
    if sheet.run.kind != "term":
        volumes = (("measured", sheet.measured), ("stipulated", sheet.stipulated))
        billed = [(f"billed {service}", quantity) for service, quantity in sheet.billed_by_service.items()]
        inflow = [] if sheet.zone_inflow is None else [("zone inflow", sheet.zone_inflow)]
        for name, quantity in (*volumes, *billed, *inflow):
            yield f"{name:<22} {format_number(quantity // 1000, language='en'):>14} m³"
    for one in sheet.kinds:
        yield f"{one.kind:<18} {one.service:<12} {one.lines:>8} lines {kroner(one.amount):>20}"
    yield f"net {kroner(sheet.net)}, VAT {kroner(sheet.vat)}, total {kroner(sheet.total)}"
    counts = ", ".join(f"{count} {code}" for code, count in sheet.exceptions.items()) or "none"
    yield f"blocked accounts: {sheet.blocked}; exceptions: {counts}"
