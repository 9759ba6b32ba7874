# SPDX-License-Identifier: Apache-2.0
"""`avlest explain`: every byte of one telegram with its meaning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.failure import fail
from avlest.cli.loading import load_catalogue, load_keys

if TYPE_CHECKING:
    from rich.console import Console

    from avlest.catalogue.clear import Clear
    from avlest.telegrams.wmbus.stack import Stack

BYTES_A_LINE = 8


def explain(
    telegram: Annotated[str, typer.Argument(metavar="HEX", help="The telegram, or - to read it from standard input.")],
    keys: Annotated[list[str] | None, typer.Option("--key", metavar="KEY", help="A key to try.")] = None,
    key_files: Annotated[list[Path] | None, typer.Option("--keys", metavar="FILE", help="A file of keys.")] = None,
    catalogues: Annotated[
        list[Path] | None, typer.Option("--catalogue", metavar="DIR", help="A folder of your own catalogue files.")
    ] = None,
) -> None:
    """Print every byte of a telegram with its meaning; for an unknown meter also a draft catalogue file."""
    from rich.console import Console

    from avlest.catalogue.decoder import Decoder
    from avlest.cli.text import parse_line
    from avlest.telegrams.outcomes import TelegramError
    from avlest.telegrams.wmbus.identities import find_identities
    from avlest.telegrams.wmbus.stack import decode_stack

    catalogue = load_catalogue(catalogues or [])
    ring = load_keys(key_files or [], keys or [])
    console = Console(highlight=False)
    try:
        line = parse_line(typer.get_text_stream("stdin").read() if telegram == "-" else telegram)
        usable = ring.candidates(find_identities(line.telegram), line.key)
        stack = decode_stack(line.telegram, keys=usable)
        decoder = Decoder(catalogue)
        family, clear = decoder.read_payload(stack, keys=usable)
        print_parts(console, stack, clear)
        print_object(console, decoder.describe(stack, keys=usable))
        if family is None:
            from avlest.catalogue.draft import draft_family

            console.print("\nNo catalogue file knows this meter. A draft:\n", style="bold")
            console.print(draft_family(clear), markup=False)
    except TelegramError as error:
        place = "" if error.offset is None else f" (at byte {error.offset})"
        fail(f"{error.outcome.value}: {error.detail}{place}")


def print_parts(console: Console, stack: Stack, clear: Clear) -> None:
    """Print the parts: offset, bytes in the layer's colour, meaning; long ones over several lines."""
    from rich.text import Text

    from avlest.catalogue.explain import explain_parts

    layers: list[str] = []
    for part in sorted(explain_parts(stack, clear), key=lambda part: part.start):
        if not layers or layers[-1] != part.layer:
            layers.append(part.layer)
            console.print(Text(part.layer, style="bold"))
        style = _STYLES[(len(layers) - 1) % len(_STYLES)]
        data = stack.clear[part.start : part.end]
        for at in range(0, len(data), BYTES_A_LINE):
            text = part.text if at == 0 else ""
            shown = data[at : at + BYTES_A_LINE].hex(" ").upper()
            line = Text.assemble(
                (f"{part.start + at:5}  ", "dim"), (f"{shown:{3 * BYTES_A_LINE}}", style), (f" {text}", "default")
            )
            console.print(line, soft_wrap=True)
    for warning in stack.warnings:
        console.print(Text(f"note: {warning}", style="yellow"))


_STYLES = ("cyan", "magenta", "green", "yellow", "blue")


def print_object(console: Console, item: dict[str, object] | dict[str, int | float | str | None]) -> None:
    """Print the decoded object, one member a line."""
    from rich.text import Text

    console.print(Text("\nreadings", style="bold"))
    width = max(map(len, item))
    for name, value in item.items():
        console.print(Text.assemble((f"  {name:{width}}  ", "dim"), str("null" if value is None else value)))
