# SPDX-License-Identifier: Apache-2.0
"""Telegrams one by one: what `--hex` and `--raw` need, without the libraries for columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from avlest.catalogue.decoder import Decoder
from avlest.cli.text import is_telegram_line, parse_line
from avlest.telegrams.keyring import KeyRing
from avlest.telegrams.records.model import Record
from avlest.telegrams.records.values import decode_value
from avlest.telegrams.wmbus.identities import find_identities
from avlest.telegrams.wmbus.stack import decode_stack


def read_lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of a stream that hold telegrams, numbered from 1."""
    for number, line in enumerate(stream, start=1):
        if is_telegram_line(line):
            yield number, line.decode("utf-8", "replace")


def decode_line(decoder: Decoder, ring: KeyRing, text: str, *, raw: bool) -> dict[str, Any]:
    """The object of one line.  Raises `TelegramError` where it cannot be decoded."""
    line = parse_line(text)
    keys = ring.candidates(find_identities(line.telegram), line.key)
    stack = decode_stack(line.telegram, keys=keys)
    item: dict[str, Any] = dict(decoder.describe(stack, keys=keys))
    if raw:
        item["records"] = list(map(describe_raw, decoder.read_payload(stack, keys=keys)[1].records.records))
    return item | ({"received_at": line.received_at} if line.received_at else {})


def describe_raw(record: Record) -> dict[str, Any]:
    """One data record as sent, with its value before and its meaning for scaling."""
    meaning = record.meaning
    value = decode_value(record)
    return {
        "key": record.key.hex().upper(),
        "data": record.data.hex().upper(),
        "function": record.function.value,
        "storage": record.storage,
        "tariff": record.tariff,
        "subunit": record.subunit,
        "quantity": meaning.quantity,
        "unit": meaning.unit,
        "scale": str(meaning.scale),
        "modifiers": list(meaning.modifiers),
        "value": value if isinstance(value, int | float | str) or value is None else _as_text(value),
    }


def _as_text(value: object) -> str:
    return value.hex().upper() if isinstance(value, bytes) else str(value)
