# SPDX-License-Identifier: Apache-2.0
"""`avlest prices`: taken in as drafts, shown, approved by another person."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.service import DataOption, OrganisationOption, get_now, start_service
from avlest.cli.settlement.common import ByOption, JsonOption, explain_settlement_failures, get_person, print_json

if TYPE_CHECKING:
    from avlest.settlement.importing.price_lists import PriceListDraft

app = typer.Typer(no_args_is_help=True, help="Price lists: dated, approved by two people, never changed.")
_SHOWN = 50

FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="TOML, CSV or XLSX.")]
VatOption = Annotated[
    bool | None,
    typer.Option("--vat-included/--vat-excluded", help="Whether the prices include VAT, where the file does not say."),
]
FromOption = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day, where the file does not say.")
]


@app.command("import")
def import_prices(
    file: FileArgument,
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
    vat_included: VatOption = None,
    valid_from: FromOption = None,
    preview: Annotated[bool, typer.Option("--preview", help="Say what the file holds and change nothing.")] = False,
) -> None:
    """Take in a price list as a draft; a file with anything wrong is refused with every line and field."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.importing.files import parse_price_list
        from avlest.settlement.importing.price_lists import Given
        from avlest.settlement.services.prices import do_import_price_list

        given = Given(vat_included=vat_included, valid_from=valid_from.date() if valid_from else None)
        draft = parse_price_list(file.read_bytes(), filename=file.name, given=given)
        _print_draft(draft)
        if not draft.is_good:
            typer.echo("nothing was taken in: mend the lines above", err=True)
            raise typer.Exit(1)
        if not preview:
            number = do_import_price_list(get_person(organisation, by), draft, now=get_now())
            typer.echo(
                f"price list {number} is a draft: another person approves it with avlest prices approve {number}"
            )


def _print_draft(draft: PriceListDraft) -> None:
    from avlest.settlement.core.money import write_scaled

    vat = {True: "with VAT", False: "without VAT", None: "VAT not chosen"}[draft.vat_included]
    typer.echo(f"{draft.name}: from {draft.valid_from or '?'}, {vat}, {len(draft.prices)} prices")
    for price in draft.prices:
        place = " ".join(part for part in (price.region, price.category, price.size) if part)
        days = f" from {price.valid_from}" if price.valid_from else ""
        value = write_scaled(price.value, places=4, least=2)
        typer.echo(f"  {price.code:<14} {value:>10} kr/{price.unit:<5} {price.service} {place}{days}")
    for issue in draft.issues[:_SHOWN]:
        typer.echo(f"  {issue}", err=True)
    if len(draft.issues) > _SHOWN:
        typer.echo(f"  and {len(draft.issues) - _SHOWN} more", err=True)


@app.command("show")
def show_prices(
    data: DataOption = Path(), organisation: OrganisationOption = "", by: ByOption = "", as_json: JsonOption = False
) -> None:
    """List the price lists with their dates and who approved them."""
    with explain_settlement_failures():
        start_service(data)
        import dataclasses

        from avlest.settlement.access import access_price_lists

        lists = access_price_lists(get_person(organisation, by))
        if as_json:
            print_json([dataclasses.asdict(one) for one in lists])
            return
        for one in lists:
            days = f"{one.valid_from} to {one.valid_to or 'open'}"
            vat = "with VAT" if one.vat_included else "without VAT"
            who = f"made by {one.made_by}" + (f", approved by {one.approved_by}" if one.approved_by else "")
            typer.echo(f"{one.id:>4}  {one.state:<9} {days:<24} {vat:<11} {one.prices:>3} prices  {one.name} ({who})")


@app.command("approve")
def approve_prices(
    number: Annotated[int, typer.Argument(help="Number of the price list.")],
    data: DataOption = Path(),
    organisation: OrganisationOption = "",
    by: ByOption = "",
) -> None:
    """Approve a price list that another person took in."""
    with explain_settlement_failures():
        start_service(data)
        from avlest.settlement.services.prices import do_approve_price_list

        do_approve_price_list(get_person(organisation, by), number, now=get_now())
        typer.echo(f"price list {number} is approved")
