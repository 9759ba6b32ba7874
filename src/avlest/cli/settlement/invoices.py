# SPDX-License-Identifier: Apache-2.0
"""`avlest invoices`: exported for accounting, as documents, credited."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from avlest.cli.service import DataOption, OrganisationOption, get_now, start_service
from avlest.cli.settlement.common import ByOption, explain_settlement_failures, get_person, get_store, write_output

app = typer.Typer(no_args_is_help=True, help="Invoices and credit notes: exported, credited.")


class ExportFormat(StrEnum):
    """What invoices are written as."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    PDF = "pdf"
    EHF = "ehf"


@app.command("export")
def export_invoices(
    output: Annotated[Path, typer.Argument(help="File; for pdf and ehf a folder that gets one file an invoice.")],
    run: Annotated[int, typer.Option(help="Only the invoices of this run.")] = 0,
    format_: Annotated[ExportFormat, typer.Option("--format", help="Basis for accounting, or documents.")] = (
        ExportFormat.CSV
    ),
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
) -> None:
    """Write invoices as a basis for accounting (csv, xlsx, json) or as documents (pdf, ehf)."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.exports import export_basis, export_documents

        actor = get_person(organisation, by)
        if format_ in (ExportFormat.PDF, ExportFormat.EHF):
            output.mkdir(parents=True, exist_ok=True)
            count = 0
            for name, content in export_documents(
                actor, run_id=run or None, kind=format_.value, store=get_store(), now=get_now()
            ):
                (output / name).write_bytes(content)
                count += 1
            typer.echo(f"wrote {count} files to {output}")
        else:
            write_output(export_basis(actor, run_id=run or None, kind=format_.value), output)


@app.command("credit")
def credit_invoice(
    number: Annotated[int, typer.Argument(help="Number of the invoice.")],
    reason: Annotated[str, typer.Option(help="Why; it stands on the credit note.")],
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
) -> None:
    """Make the credit note of a whole invoice; afterwards settle the customer anew with --kind correction."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.registry.errors import Problem, RegistryError
        from avlest.settlement.models import Invoice
        from avlest.settlement.services.credit import do_credit_invoice

        actor = get_person(organisation, by)
        rows = Invoice.objects.of(actor.organisation_id).filter(number=number, kind=Invoice.Kind.INVOICE)
        found = rows.values_list("pk", flat=True).first()
        if found is None:
            raise RegistryError(Problem.INVALID, f"no invoice number {number}")
        note = do_credit_invoice(actor, found, reason=reason, now=get_now())
        made = Invoice.objects.filter(pk=note).values_list("number", flat=True)[0]
        typer.echo(f"credit note {made} takes back invoice {number}")
