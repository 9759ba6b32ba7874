# SPDX-License-Identifier: Apache-2.0
"""The escape hatch: Python readers for payloads that are not standard records.

A reader is a module in `avlest.catalogue.payloads` with one or both of

* `parse_payload(clear) -> Payload`: splits a proprietary payload into records whose
  data spans and codings are as real as those of EN 13757-3, so that the catalogue file
  binds them and the columnar decoder needs no further help;
* `derive_values(clear) -> Mapping[str, Value]`: computes printed values directly, for
  payloads that need more than picking bytes (bit streams, scrambling, history grids).

* `find_deciding_spans(records) -> spans`, beside `derive_values`: the bytes of the payload
  that the derived values depend on.  Then a column of telegrams needs one call for each
  different value of those bytes; without it the telegrams are decoded one by one.

A module whose `parse_payload` looks at more than the payload bytes and the meter model
(at keys, say) sets `COLUMNAR = False`.

Both raise `TelegramError(BAD_PAYLOAD)` where the bytes do not have the family's shape.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from avlest.catalogue.clear import Clear
from avlest.catalogue.model import Value
from avlest.telegrams.records.model import Payload, Record

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PayloadReader:
    """The functions of a reader module; None for those it does not have."""

    parse_payload: Callable[[Clear], Payload] | None
    derive_values: Callable[[Clear], Mapping[str, Value]] | None
    find_deciding_spans: Callable[[Sequence[Record]], Spans] | None = None
    columnar: bool = True


Compute = Callable[[bytes], Value]
"""A function of a reader that a field's `compute` names: data bytes of a record to a printed value."""


@cache
def get_function(name: str) -> Compute:
    """The function "module.function" of the readers; raises LookupError with the name if there is none."""
    module_name, _, function_name = name.partition(".")
    try:
        module = importlib.import_module(f"avlest.catalogue.payloads.{module_name}")
        function: Compute = getattr(module, function_name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise LookupError(f"no payload reader has a function called {name!r}") from error
    return function


@cache
def get_reader(name: str) -> PayloadReader:
    """The reader of that name; raises LookupError with the name if there is none."""
    try:
        module = importlib.import_module(f"avlest.catalogue.payloads.{name}")
    except ModuleNotFoundError as error:
        raise LookupError(f"no payload reader is called {name!r}") from error
    return PayloadReader(
        getattr(module, "parse_payload", None),
        getattr(module, "derive_values", None),
        getattr(module, "find_deciding_spans", None),
        getattr(module, "COLUMNAR", True),
    )
