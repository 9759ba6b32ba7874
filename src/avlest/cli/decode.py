# SPDX-License-Identifier: Apache-2.0
"""`avlest decode`: telegrams in, readings out."""

from __future__ import annotations

import enum
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TextIO, cast

import typer

from avlest.cli.failure import fail

if TYPE_CHECKING:
    from avlest.catalogue.catalogue import Catalogue
    from avlest.cli.lines import LineChunk
    from avlest.cli.output import Sink
    from avlest.telegrams.keyring import KeyRing

STANDARD_INPUT = "-"
CHUNK_BYTES = 14 << 20
PROGRESS_FROM = 4 << 20


class Format(enum.StrEnum):
    """The forms of output."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    TABLE = "table"


@dataclass(slots=True)
class Tally:
    """How the telegrams of a run ended."""

    decoded: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All telegrams seen."""
        return self.decoded + self.failed.total()

    def report(self) -> str:
        """One line for people: how many were decoded, and why the others were not."""
        text = f"{self.decoded} of {self.total} telegrams decoded"
        if self.failed:
            reasons = ", ".join(f"{count} {code}" for code, count in self.failed.most_common())
            text += f"; {self.failed.total()} not: {reasons}"
        return text


def decode(
    inputs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Files of telegrams, one a line; - is standard input, .gz is read."),
    ] = None,
    hexadecimal: Annotated[
        list[str] | None, typer.Option("--hex", metavar="HEX", help="A telegram on the command line.")
    ] = None,
    key_files: Annotated[
        list[Path] | None,
        typer.Option("--keys", metavar="FILE", help="Keys: CSV with the header address;key, TOML or JSON."),
    ] = None,
    keys: Annotated[
        list[str] | None, typer.Option("--key", metavar="KEY", help="A key to try for every telegram.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Form of the output.")] = Format.JSON,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write here instead.")] = None,
    raw: Annotated[bool, typer.Option("--raw", help="Add every data record as sent.")] = False,
    catalogues: Annotated[
        list[Path] | None,
        typer.Option("--catalogue", metavar="DIR", help="A folder of your own catalogue files; they come first."),
    ] = None,
) -> None:
    """Decode telegrams to readings.

    A line is hex, an rtl_wmbus line, rtl_433 JSON, or JSON {"telegram": hex, "key": hex, "received_at": text}.
    Exit status: 0 all decoded, 1 some were not, 2 the input could not be read.
    """
    if not inputs and not hexadecimal:
        fail("nothing to decode: name a file, - for standard input, or use --hex")
    catalogue, ring = _load(catalogues or [], key_files or [], keys or [])
    if raw or (hexadecimal and not inputs):
        tally = _decode_singly(inputs or [], hexadecimal or [], catalogue, ring, form, output, raw=raw)
    else:
        tally = decode_files(inputs or [], hexadecimal or [], catalogue, ring, form, output)
    if not hexadecimal or inputs:
        typer.echo(tally.report(), err=True)
    raise typer.Exit(1 if tally.failed else 0)


def _load(folders: list[Path], key_files: list[Path], keys: list[str]) -> tuple[Catalogue, KeyRing]:
    from avlest.cli.loading import load_catalogue, load_keys

    return load_catalogue(folders), load_keys(key_files, keys)


# --- whole files, in columns -------------------------------------------------------


def decode_files(
    inputs: list[str], extra: list[str], catalogue: Catalogue, ring: KeyRing, form: Format, output: Path | None
) -> Tally:
    """Decode files (and telegrams given besides) in columns and write them to `output` or standard output."""
    from avlest.catalogue.batch_decoder import BatchDecoder, build_keys
    from avlest.catalogue.decoder import Decoder
    from avlest.cli.lines import parse_chunk, read_chunks
    from avlest.cli.output import DecodedChunk
    from avlest.telegrams.layouts.keytable import KeyTable

    decoder, meters = BatchDecoder(Decoder(catalogue)), KeyTable(ring)
    tally = Tally()

    def take(lines: LineChunk) -> None:
        result = decoder.decode(lines.batch, build_keys(meters, lines.keys, lines.key_index))
        result.errors |= lines.errors
        tally.decoded += len(lines.batch) - len(result.errors)
        tally.failed.update(error.outcome.value for error in result.errors.values())
        sink.write(DecodedChunk(lines, result))

    with ExitStack() as stack:
        sink = _open_sink(stack, form, output)
        if extra:
            take(parse_chunk("\n".join(extra).encode(), first_line=1))
        for stream in _open_inputs(inputs):
            for lines in read_chunks(stream, size=CHUNK_BYTES):
                take(lines)
        sink.close()
    return tally


def _open_inputs(inputs: list[str]) -> Iterator[BinaryIO]:
    for name in inputs:
        if name == STANDARD_INPUT:
            yield sys.stdin.buffer
            continue
        try:
            size = Path(name).stat().st_size
            with Path(name).open("rb") as file:
                yield from _with_progress(file, name, size)
        except OSError as error:
            fail(f"{name}: {error.strerror}")


def _with_progress(file: BinaryIO, name: str, size: int) -> Iterator[BinaryIO]:
    """The file, gunzipped if need be, under a progress bar where somebody watches."""
    with ExitStack() as stack:
        if size >= PROGRESS_FROM and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import wrap_file

            bar = wrap_file(file, size, description=Path(name).name, console=Console(stderr=True))
            file = stack.enter_context(bar)
        if name.endswith(".gz"):
            file = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=file)))
        yield file


def _open_sink(stack: ExitStack, form: Format, output: Path | None) -> Sink:
    from avlest.cli import output as sinks

    if form is Format.PARQUET:
        if output is None:
            fail("--format parquet needs --output FILE")
        from avlest.cli.files import ParquetSink

        try:
            return ParquetSink(output)
        except OSError as error:
            fail(f"{output}: {error.strerror}")
    stream = _open_output(stack, output)
    if form is Format.CSV:
        from avlest.cli.files import CsvSink

        return CsvSink(stream)
    return sinks.TableSink(stream) if form is Format.TABLE else sinks.JsonSink(stream)


def _open_output(stack: ExitStack, output: Path | None) -> TextIO:
    if output is None:
        return sys.stdout
    try:
        return stack.enter_context(output.open("w", encoding="utf-8", newline=""))
    except OSError as error:
        fail(f"{output}: {error.strerror}")


# --- one by one: --hex and --raw -----------------------------------------------------


def _decode_singly(
    inputs: list[str],
    extra: list[str],
    catalogue: Catalogue,
    ring: KeyRing,
    form: Format,
    output: Path | None,
    *,
    raw: bool,
) -> Tally:
    from avlest.cli.single import decode_line, read_lines
    from avlest.cli.text import describe_error
    from avlest.telegrams.outcomes import TelegramError

    if form is not Format.JSON:
        if raw:
            fail("--raw prints JSON; leave --format out")
        return decode_files([], extra, catalogue, ring, form, output)
    from avlest.catalogue.decoder import Decoder

    decoder, tally = Decoder(catalogue), Tally()
    with ExitStack() as stack:
        stream = _open_output(stack, output)
        numbered = list(enumerate(extra, start=1))
        for source in ([numbered], (read_lines(file) for file in _open_inputs(inputs))):
            for lines in source:
                for number, text in lines:
                    try:
                        item = decode_line(decoder, ring, text, raw=raw)
                        tally.decoded += 1
                    except TelegramError as error:
                        item = describe_error(error, number)
                        tally.failed[error.outcome.value] += 1
                    stream.write(json.dumps(item, ensure_ascii=False) + "\n")
    return tally
