# SPDX-License-Identifier: Apache-2.0
"""Read key files: CSV with the header `address;key`, TOML or JSON tables of address to key.

Keys never appear in an error message.
"""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from avlest.cli.text import parse_key
from avlest.telegrams.outcomes import TelegramError

KeyPair = tuple[bytes, bytes]
_ADDRESS_NAMES = frozenset(
    {"address", "adresse", "id", "serial", "serienummer", "meter", "målernummer", "maalernummer"}
)
_KEY_NAMES = frozenset({"key", "nøkkel", "nokkel", "aes", "aes_key", "aes key", "encryption_key"})


class KeyFileError(ValueError):
    """A key file cannot be read; names the file, the line and what was expected."""


def parse_key_file(text: str, *, name: str) -> list[KeyPair]:
    """All (identity as sent, key) pairs of a key file; `name` chooses the form and is named in errors."""
    suffix = Path(name).suffix.lower()
    if suffix == ".toml":
        return list(_pairs(_load_toml(text, name), name))
    if suffix == ".json" or text.lstrip()[:1] in ("{", "["):
        return list(_pairs(_load_json(text, name), name))
    return list(_parse_csv(text, name))


def parse_identity(text: str) -> bytes:
    """An address as printed on the meter (eight hex digits) to the four bytes as sent."""
    digits = text.strip().replace(" ", "")
    if len(digits) != 8:
        raise ValueError(f"an address has eight hexadecimal digits, not {len(digits)}: {text.strip()!r}")
    try:
        return bytes.fromhex(digits)[::-1]
    except ValueError:
        raise ValueError(f"an address has eight hexadecimal digits: {text.strip()!r}") from None


def _load_toml(text: str, name: str) -> object:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KeyFileError(f"{name}: {error}") from None


def _load_json(text: str, name: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        raise KeyFileError(f"{name}: {error}") from None


def _pairs(data: object, name: str) -> Iterator[KeyPair]:
    """Pairs out of `{address: key}`, `{"keys": {…}}` or a list of `{"address": …, "key": …}`."""
    if isinstance(data, dict) and isinstance(data.get("keys"), dict | list):
        data = data["keys"]
    if isinstance(data, dict):
        rows: Iterable[tuple[object, object]] = data.items()
    elif isinstance(data, list) and all(isinstance(item, dict) for item in data):
        rows = [(item.get("address"), item.get("key")) for item in data]
    else:
        raise KeyFileError(f"{name}: expected a table of address to key, or a list of objects with address and key")
    for number, (address, key) in enumerate(rows, start=1):
        yield _pair(str(address), str(key), f"{name}: entry {number}")


def _parse_csv(text: str, name: str) -> Iterator[KeyPair]:
    lines = text.lstrip("\ufeff").splitlines()
    delimiter = max(";,\t", key=lines[0].count) if lines else ";"
    rows = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    header = [cell.strip().lower() for cell in next(rows, [])]
    address_column = next((i for i, cell in enumerate(header) if cell in _ADDRESS_NAMES), None)
    key_column = next((i for i, cell in enumerate(header) if cell in _KEY_NAMES), None)
    if address_column is None or key_column is None:
        raise KeyFileError(f"{name}: line 1: expected a header with the columns address and key, such as 'address;key'")
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(address_column, key_column):
            raise KeyFileError(f"{name}: line {number}: {len(row)} columns, the header has {len(header)}")
        yield _pair(row[address_column], row[key_column], f"{name}: line {number}")


def _pair(address: str, key: str, place: str) -> KeyPair:
    try:
        return parse_identity(address), parse_key(key)
    except TelegramError as error:
        raise KeyFileError(f"{place}: {error.detail}") from None
    except ValueError as error:
        raise KeyFileError(f"{place}: {error}") from None
