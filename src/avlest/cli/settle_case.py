# SPDX-License-Identifier: Apache-2.0
"""`avlest settle case`: calculate a settlement case, with no database and no Django."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from avlest.cli.failure import fail


def settle_case(
    file: Annotated[str, typer.Argument(help="Case in TOML, or in JSON (.json); - is standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON with the explanation of each line.")] = False,
    language: Annotated[str, typer.Option(help="Language of texts and sentences: nb, nn or en.")] = "",
) -> None:
    """Calculate a self-contained settlement case: lines, totals and why they are what they are."""
    from avlest.settlement.cases.calculate import derive_case, with_language
    from avlest.settlement.cases.output import write_case
    from avlest.settlement.cases.parse import parse_case
    from avlest.settlement.contracts import SettlementError
    from avlest.settlement.core.sentences import LANGUAGES

    try:
        case = parse_case(_read(file), filename=_name(file), holidays=get_holidays)
        case = with_language(case, language or case.language)
        if case.language not in LANGUAGES:
            fail(f"the language is {case.language!r}, expected one of {', '.join(LANGUAGES)}")
        written = write_case(derive_case(case))
    except (SettlementError, OverflowError) as error:
        text = str(error)
        fail(text if _name(file) in text else f"{_name(file)}: {text}")
    if as_json:
        typer.echo(json.dumps(written, ensure_ascii=False, indent=2))
    else:
        _print_tables(written, case.language)


def get_holidays(years: Sequence[int]) -> frozenset[date]:
    """The Norwegian public holidays of some years, Sundays left out."""
    import holidays

    return frozenset(holidays.country_holidays("NO", years=list(years)))


def _name(file: str) -> str:
    return "standard input" if file == "-" else Path(file).name


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"cannot read {file}: {error}")


def _print_tables(written: Mapping[str, Any], language: str) -> None:
    """One table per invoice; the explanation under each line."""
    from rich.console import Console

    console = Console(soft_wrap=False, width=None if sys.stdout.isatty() else 160, highlight=False)
    if written["title"]:
        console.print(written["title"], style="bold")
    for invoice in written["invoices"]:
        _print_invoice(console, invoice, language)
    for problem in written["problems"]:
        console.print(f"{problem['customer']}: {problem['code']}: {problem['detail']}", style="red")


def _print_invoice(console: Any, invoice: Mapping[str, Any], language: str) -> None:
    from rich.table import Table

    due = f", due {invoice['due']}" if invoice["due"] else ""
    table = Table(title=f"{invoice['type']} {invoice['invoice']}{due}", title_justify="left", box=None, pad_edge=False)
    for name, justify in (
        ("line", "left"), ("from", "left"), ("to", "left"), ("quantity", "right"), ("price", "right"), ("VAT", "right"),
        ("kr", "right"), ("why", "left"),
    ):  # fmt: skip
        table.add_column(name, justify=justify, no_wrap=name != "why", overflow="fold")  # type: ignore[arg-type]
    for line in invoice["lines"]:
        flag = f" ({line['flag']})" if line["flag"] else ""
        why = " ".join(line["explanation"]["sentences"][language])
        table.add_row(
            line["text"] + flag, line["from"], line["to"], f"{line['quantity']} {line['unit']}", line["price"],
            f"{line['vat_percent']} %", line["amount"], why,
        )  # fmt: skip
    console.print(table)
    for rate in invoice["vat_rates"]:
        console.print(f"  VAT {rate['percent']} %: base {rate['base']}, VAT {rate['vat']}")
    console.print(f"  to pay {invoice['total']} (net {invoice['net']}, VAT {invoice['vat']})\n", style="bold")
