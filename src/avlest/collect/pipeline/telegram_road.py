# SPDX-License-Identifier: Apache-2.0
"""Wireless and wired telegrams to values, in columns; the rare ones one by one.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from avlest.catalogue.batch_decoder import BatchDecoder, BatchResult, DecodedGroup, Layout, build_keys
from avlest.catalogue.bind import Binding
from avlest.catalogue.catalogue import Catalogue
from avlest.catalogue.clear import Clear
from avlest.catalogue.columns import Numbers, Texts
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.frames import build_text
from avlest.catalogue.model import Value
from avlest.collect.pipeline.decoded import Decoded
from avlest.collect.pipeline.numbers import Integers, read_bound, scale_numbers, scale_texts, scale_value
from avlest.collect.pipeline.registers import SpecBook, Target, derive_named_target, derive_targets
from avlest.telegrams import mbus
from avlest.telegrams.keyring import KeyRing
from avlest.telegrams.layouts.batch import build_batch
from avlest.telegrams.layouts.route import read_route
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.wmbus.address import Address, parse_header_address
from avlest.telegrams.wmbus.frame import CI_OFFSET, parse_frame
from avlest.telegrams.wmbus.stack import Stack

OK_STATUS: Final = "OK"
_LONG_HEADER_CI = 0x72
_WIRED_CI, _WIRED_ADDRESS = 6, 7
# Bytes that arrived damaged: the address in them means nothing.
NOISE: Final = frozenset(
    {Outcome.EMPTY, Outcome.TOO_SHORT, Outcome.TOO_LONG, Outcome.BAD_LENGTH, Outcome.LINK_CRC, Outcome.BAD_CHECKSUM}
)


@dataclass(slots=True)
class TracingDecoder(Decoder):
    """The scalar decoder; it remembers how each telegram was bound, so that values keep their exact numbers."""

    traces: list[tuple[Binding, Clear]] = field(default_factory=list)

    def describe(self, stack: Stack, *, keys: Sequence[bytes] = ()) -> dict[str, Value]:
        """As the base class; one more trace for each telegram that could be read."""
        # Named in full: a dataclass with slots is made twice, and `super()` means the first.
        described = Decoder.describe(self, stack, keys=keys)
        family, clear = self.read_payload(stack, keys=keys)
        self.traces.append((self.bind(family, clear), clear))
        return described


@dataclass(slots=True)
class TelegramRoad:
    """Decodes the telegrams of batches; remembers layouts and keys' contexts from batch to batch."""

    catalogue: Catalogue
    book: SpecBook
    scalar: TracingDecoder = field(init=False)
    decoder: BatchDecoder = field(init=False)
    _targets: dict[int, tuple[Layout, dict[str, Target | None]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scalar = TracingDecoder(self.catalogue)
        self.decoder = BatchDecoder(self.scalar)

    def decode(self, rows: Integers, payloads: Sequence[bytes], ring: KeyRing, own: Sequence[bytes | None]) -> Decoded:
        """Decode telegrams; `rows` numbers them, `own` is the key each brought along (mostly None)."""
        decoded = Decoded()
        own_keys = tuple(dict.fromkeys(key for key in own if key is not None))
        index = np.array([-1 if key is None else own_keys.index(key) for key in own], np.int64) if own_keys else None
        self.scalar.traces.clear()
        result = self.decoder.decode(build_batch(payloads), build_keys(ring, own_keys, index))
        for group in result.groups:
            self._add_group(group, rows, decoded)
        # The scalar decoder leaves one trace for each object, in their order.
        for (row, item), (binding, clear) in zip(result.objects.items(), self.scalar.traces, strict=True):
            self._add_object(int(rows[row]), item, binding, clear, decoded)
        _add_errors(result, rows, payloads, decoded)
        return decoded

    def _add_group(self, group: DecodedGroup, rows: Integers, decoded: Decoded) -> None:
        own = rows[group.rows]
        status = pl.Series("status", [OK_STATUS]).new_from_index(0, len(own))
        targets = self._get_targets(group)
        for column in group.columns:
            if isinstance(column, Texts) and column.field.status:
                texts = [str(text or OK_STATUS) for text in column.texts]
                status = pl.Series("status", texts, pl.String).gather(column.codes)
            target = targets.get(column.name)
            if target is None:
                continue
            if isinstance(column, Numbers):
                decoded.add_column(own, target.spec, *scale_numbers(column, target.scaling))
            elif isinstance(column, Texts):
                decoded.add_column(own, target.spec, *scale_texts(column, target.scaling))
        frame = pl.DataFrame({"row": own, "serial": pl.Series(build_text(group.ids))}).with_columns(
            status,
            manufacturer=pl.lit(group.manufacturer),
            family=pl.lit(group.meter),
            outcome=pl.lit(Outcome.OK.value),
            detail=pl.lit(""),
            version=pl.lit(None, pl.Int64),
            device_type=pl.lit(None, pl.Int64),
        )
        decoded.messages.append(frame)

    def _get_targets(self, group: DecodedGroup) -> dict[str, Target | None]:
        """Where each column of a layout goes, worked out once a layout."""
        found = self._targets.get(id(group.layout))
        if found is not None:
            return found[1]
        layout = group.layout
        targets: dict[str, Target | None] = dict(derive_targets(layout.binding, layout.records, self.book))
        bound = {item.name for item in layout.binding.bound}
        for column in group.columns:
            if column.name not in bound and isinstance(column, Texts) and not column.field.status:
                targets.setdefault(column.name, derive_named_target(column.name, self.book))
        # The layout is kept beside its targets: its id stays its own.
        self._targets[id(layout)] = (layout, targets)
        return targets

    def _add_object(self, row: int, item: dict[str, Value], binding: Binding, clear: Clear, decoded: Decoded) -> None:
        records = clear.records.records
        targets = derive_targets(binding, records, self.book)
        bound = {one.name: one for one in binding.bound}
        statuses = [name for name in (one.name for one in binding.family.fields if one.status) if item.get(name)]
        for name, value in item.items():
            if name in ("media", "meter", "id", "manufacturer") or name in statuses or value is None:
                continue
            target = targets.get(name) or (None if name in bound else derive_named_target(name, self.book))
            if target is None:
                continue
            one = bound.get(name)
            is_plain = one is not None and one.field.kind == "number" and not one.field.compute
            number = (
                read_bound(one, records[one.record], target.scaling)
                if is_plain and one is not None
                else scale_value(value, target.scaling)
            )
            if number is not None:
                decoded.add_value(row, target.spec, number)
        decoded.add_message(
            row,
            manufacturer=str(item["manufacturer"]),
            serial=str(item["id"]),
            family=str(item["meter"]),
            status=str(item[statuses[0]]) if statuses else OK_STATUS,
            outcome=Outcome.OK.value,
            detail="",
            version=clear.address.version,
            device_type=clear.address.device_type,
        )


def _add_errors(result: BatchResult, rows: Integers, payloads: Sequence[bytes], decoded: Decoded) -> None:
    for row, error in result.errors.items():
        address = None if error.outcome in NOISE else parse_sender(payloads[row])
        decoded.add_message(
            int(rows[row]),
            manufacturer=address.mfct if address else "",
            serial=address.id if address else "",
            family="",
            status="",
            outcome=error.outcome.value,
            detail=error.detail,
            version=address.version if address else None,
            device_type=address.device_type if address else None,
        )


def parse_sender(telegram: bytes) -> Address | None:
    """Who a telegram says it is from, whether or not the rest can be read; None where the header does not tell."""
    try:
        if mbus.is_wired(telegram):
            has_address = len(telegram) > _WIRED_ADDRESS + 8 and telegram[_WIRED_CI] == _LONG_HEADER_CI
            return parse_header_address(telegram, _WIRED_ADDRESS) if has_address else None
        frame = parse_frame(telegram)
        return read_route(frame.data)[0].address if len(frame.data) > CI_OFFSET else frame.address
    except TelegramError:
        return None
