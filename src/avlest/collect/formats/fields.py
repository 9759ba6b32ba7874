# SPDX-License-Identifier: Apache-2.0
"""Fields of a JSON object, each read as what it must be or refused by its path.  Pure."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any

from avlest.collect.formats.model import FormatError

_SHOWN = 40
_SEPARATORS = str.maketrans("", "", " \t\r\n_|:-")


def parse_json(payload: bytes) -> Any:
    """Return the JSON value of a payload; `FormatError` says where it breaks.

    A key that occurs twice in an object keeps its last value: rtl_433 repeats keys.
    """
    try:
        return json.loads(payload)
    except UnicodeDecodeError as error:
        raise FormatError(f"the JSON is not UTF-8: byte {error.start} does not fit") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise FormatError(f"not valid JSON at {where}: {error.msg}") from error
    except RecursionError as error:
        raise FormatError("the JSON is nested too deep") from error
    except ValueError as error:
        raise FormatError(f"not valid JSON: {error}") from error


def parse_hex(text: str, *, field: str = "") -> bytes:
    """Return the bytes of hexadecimal text; `0x`, blanks and the usual separators are left out."""
    digits = text.strip().translate(_SEPARATORS)
    if digits[:2] in ("0x", "0X"):
        digits = digits[2:]
    try:
        return binascii.unhexlify(digits)
    except (binascii.Error, ValueError) as error:
        raise FormatError(_describe_hex(digits), field=field) from error


def _describe_hex(digits: str) -> str:
    wrong = next((at for at, letter in enumerate(digits) if letter not in "0123456789abcdefABCDEF"), None)
    if wrong is not None:
        return f"not hexadecimal: {digits[wrong]!r} at digit {wrong + 1}"
    return f"{len(digits)} hexadecimal digits, expected an even number"


class Fields:
    """A JSON object with its path, so that an error names the field in full."""

    __slots__ = ("path", "values")

    def __init__(self, values: Any, path: str = "") -> None:
        if not isinstance(values, dict):
            raise FormatError(f"is {_show(values)}, expected an object", field=path or "message")
        self.values: dict[str, Any] = values
        self.path = path

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def name(self, name: str) -> str:
        """Return the full path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def fail(self, name: str, expected: str) -> FormatError:
        """Return the error for a field: missing, or not what is expected."""
        value = self.values.get(name)
        detail = f"missing, expected {expected}" if value is None else f"is {_show(value)}, expected {expected}"
        return FormatError(detail, field=self.name(name))

    def get_object(self, name: str) -> Fields:
        """Return an object that must be there."""
        if not isinstance(self.values.get(name), dict):
            raise self.fail(name, "an object")
        return Fields(self.values[name], self.name(name))

    def get_objects(self, name: str) -> list[Fields]:
        """Return a list of objects; an empty one where the field is missing."""
        found = self.values.get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self.fail(name, "a list of objects")
        return [Fields(value, f"{self.name(name)}[{at}]") for at, value in enumerate(found)]

    def get_text(self, name: str, *, required: bool = False) -> str:
        """Return text (a number is taken as text); "" where it is missing and need not be there."""
        value = self.values.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and (value or not required):
            return value
        if value is None and not required:
            return ""
        raise self.fail(name, "text")

    def get_number(self, name: str) -> float | None:
        """Return a number (also as text), None where it is missing."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        try:
            number = float(value) if not isinstance(value, bool) else math.nan
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise self.fail(name, "a number")
        return number

    def get_whole(self, name: str, least: int, most: int, *, default: int | None = None) -> int:
        """Return a whole number in a range; `default` where it is missing (None: it must be there)."""
        value = self.values.get(name, default)
        if isinstance(value, str) and value.isdecimal() and len(value) <= 20:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.fail(name, f"a whole number from {least} to {most}")
        return value

    def get_hex(self, name: str) -> bytes:
        """Return bytes given in hexadecimal."""
        return parse_hex(self.get_text(name, required=True), field=self.name(name))

    def get_base64(self, name: str) -> bytes:
        """Return bytes given in base64; none where the field is missing."""
        try:
            return base64.b64decode(self.get_text(name), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.fail(name, "base64") from error


def _show(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
