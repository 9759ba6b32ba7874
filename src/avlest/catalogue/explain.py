# SPDX-License-Identifier: Apache-2.0
"""Every byte of one telegram with its meaning: for the command line and for pages.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from avlest.catalogue.clear import Clear
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.draft import draft_family
from avlest.catalogue.model import Value
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.records.describe import describe_payload
from avlest.telegrams.wmbus.stack import Stack, decode_stack


@dataclass(frozen=True, slots=True)
class ExplainedPart:
    """Some bytes of a telegram: the layer they belong to and what they say."""

    start: int
    end: int
    layer: str
    text: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A telegram taken apart: `clear` are its bytes deciphered, `values` the flat object of what was read.

    `family` is the catalogue file's name; empty where none knows the meter, and then `draft` is one to begin with.
    """

    clear: bytes
    parts: tuple[ExplainedPart, ...]
    values: dict[str, Value]
    family: str
    draft: str
    warnings: tuple[str, ...]
    error: TelegramError | None = None
    """Why the payload could not be read; then `parts` has its layers, and the payload as one part without a meaning."""


def explain_parts(stack: Stack, clear: Clear) -> Iterator[ExplainedPart]:
    """Every byte of the clear frame, layer after layer, then record after record."""
    yield from _list_pieces(stack)
    offset = stack.payload_offset
    for start, end, text in describe_payload(clear.payload, clear.records):
        yield ExplainedPart(offset + start, offset + end, "payload", text)


def _list_pieces(stack: Stack) -> Iterator[ExplainedPart]:
    """The bytes around the payload."""
    for layer in stack.layers:
        for piece in layer.pieces:
            if piece.start < stack.payload_offset or piece.start >= stack.payload_end:
                yield ExplainedPart(piece.start, piece.end, layer.name, piece.text)


def explain_telegram(decoder: Decoder, telegram: bytes, *, keys: Sequence[bytes] = ()) -> Explained:
    """Take a telegram apart.  Raises `TelegramError`, and nothing else, where not even its layers can be read."""
    stack = decode_stack(telegram, keys=keys)
    try:
        family, clear = decoder.read_payload(stack, keys=keys)
        values = decoder.describe(stack, keys=keys)
    except TelegramError as error:
        return _explain_layers(stack, error)
    parts = sorted(explain_parts(stack, clear), key=lambda part: part.start)
    return Explained(
        clear=stack.clear,
        parts=tuple(parts),
        values=values,
        family=family.name if family else "",
        draft="" if family else draft_family(clear),
        warnings=tuple(stack.warnings),
    )


def _explain_layers(stack: Stack, error: TelegramError) -> Explained:
    """What is known of a telegram whose payload cannot be read."""
    payload = ExplainedPart(stack.payload_offset, stack.payload_end, "payload", "")
    ordered = sorted([*_list_pieces(stack), payload], key=lambda part: part.start)
    return Explained(stack.clear, tuple(ordered), {}, "", "", tuple(stack.warnings), error)
