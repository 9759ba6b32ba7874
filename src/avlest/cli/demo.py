# SPDX-License-Identifier: Apache-2.0
"""`avlest demo`: a generated capture of encrypted telegrams, decoded."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from avlest.cli.failure import fail

if TYPE_CHECKING:
    from rich.console import Console

    from avlest.catalogue.batch_decoder import BatchDecoder
    from avlest.cli.decode import Tally
    from avlest.cli.output import DecodedChunk, Object
    from avlest.telegrams.keyring import KeyRing

TELEGRAMS = 600
METERS = 60
SEED = 2026
ROWS_A_FAMILY = 2
READINGS = 3


@dataclass(slots=True)
class Demonstration:
    """A sink that keeps the first telegrams of each family and counts them all."""

    examples: dict[str, list[Object]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def write(self, chunk: DecodedChunk) -> None:
        """Take what became of one chunk of lines."""
        from avlest.catalogue.frames import build_objects

        rows = [
            (row, item)
            for group in chunk.result.groups
            for row, item in zip(group.rows.tolist(), build_objects(group), strict=True)
        ]
        for _, item in sorted((*rows, *chunk.result.objects.items()), key=lambda pair: pair[0]):
            family = str(item["meter"])
            self.counts[family] = self.counts.get(family, 0) + 1
            shown = self.examples.setdefault(family, [])
            if len(shown) < ROWS_A_FAMILY and all(item["id"] != other["id"] for other in shown):
                shown.append(item)

    def close(self) -> None:
        """Nothing is held back."""


def demo(
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Put the capture and its keys here, and keep them.")
    ] = None,
) -> None:
    """Make a capture of several hundred encrypted telegrams, decode it, and print what the meters say."""
    folder = _make_folder(data)
    telegrams, keys = folder / "telegrams.txt", folder / "keys.csv"
    from avlest.cli.sample import write_sample

    write_sample(telegrams, keys, count=TELEGRAMS, meters=METERS, seed=SEED)
    sink = Demonstration()
    tally, seconds = _decode(telegrams, keys, sink)
    _print_result(sink, tally, seconds, telegrams, keys)
    raise typer.Exit(1 if tally.failed else 0)


def _make_folder(data: Path | None) -> Path:
    if data is None:
        return Path(tempfile.mkdtemp(prefix="avlest-demo-"))
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{data}: {error.strerror}")
    return data


def _decode(telegrams: Path, keys: Path, sink: Demonstration) -> tuple[Tally, float]:
    """The way `avlest decode` goes; and the seconds a second round takes, when the meters are known."""
    from avlest.catalogue.batch_decoder import BatchDecoder
    from avlest.catalogue.decoder import Decoder
    from avlest.cli.decode import Tally
    from avlest.cli.loading import load_catalogue, load_keys

    decoder, ring = BatchDecoder(Decoder(load_catalogue([]))), load_keys([keys], [])
    tally = Tally()
    for chunk in _decode_file(decoder, ring, telegrams):
        tally.decoded += len(chunk.lines.batch) - len(chunk.result.errors)
        tally.failed.update(error.outcome.value for error in chunk.result.errors.values())
        sink.write(chunk)
    began = time.perf_counter()
    for _ in _decode_file(decoder, ring, telegrams):
        pass
    return tally, time.perf_counter() - began


def _decode_file(decoder: BatchDecoder, ring: KeyRing, telegrams: Path) -> Iterator[DecodedChunk]:
    from avlest.catalogue.batch_decoder import build_keys
    from avlest.cli.decode import CHUNK_BYTES
    from avlest.cli.lines import read_chunks
    from avlest.cli.output import DecodedChunk

    with telegrams.open("rb") as file:
        for lines in read_chunks(file, size=CHUNK_BYTES):
            result = decoder.decode(lines.batch, build_keys(ring, lines.keys, lines.key_index))
            result.errors |= lines.errors
            yield DecodedChunk(lines, result)


def _print_result(sink: Demonstration, tally: Tally, seconds: float, telegrams: Path, keys: Path) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=150)
    _print_table(sink, console)
    console.print(
        f"\n{tally.report()}: {len(sink.counts)} families, {METERS} meters, each with a key of its own, "
        f"{tally.total / seconds:,.0f} telegrams/s once all of them are known\n\nTry next:"
    )
    console.print(f"  avlest decode {telegrams} --keys {keys} --format table", soft_wrap=True, markup=False)
    console.print(f"  avlest explain {_first_line(telegrams)} --keys {keys}", soft_wrap=True, markup=False)


def _first_line(telegrams: Path) -> str:
    with telegrams.open(encoding="ascii") as file:
        return file.readline().strip()


def _print_table(sink: Demonstration, console: Console) -> None:
    from rich.table import Table

    from avlest.cli.output import format_readings

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("meter", "telegrams", "medium", "id", "readings"):
        table.add_column(name, no_wrap=name != "readings", justify="right" if name == "telegrams" else "left")
    for family, items in sorted(sink.examples.items()):
        for number, item in enumerate(items):
            head = (family, str(sink.counts[family]), str(item["media"])) if not number else ("", "", "")
            table.add_row(*head, str(item["id"]), format_readings(item, most=READINGS))
    console.print(table)
