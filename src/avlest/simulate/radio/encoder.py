# SPDX-License-Identifier: Apache-2.0
"""Emissions of one meter model to telegrams, in columns.  Pure: bytes are a function of the emission and the keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from avlest.simulate.radio.allocator import encode_allocator_rows
from avlest.simulate.radio.han import encode_han_rows
from avlest.simulate.radio.models import CLOCK, STATUS, TARGET_DATE, Flag, Part, RadioModel, Road
from avlest.simulate.radio.sent import EmissionError, Integers, Sent
from avlest.telegrams.encode.columns import Senders, TelegramLayout, build_identities, build_layout, encode_columns
from avlest.telegrams.encode.records import RecordSpec
from avlest.telegrams.han.model import Maker
from avlest.telegrams.layouts.aes import AesBank
from avlest.telegrams.layouts.batch import Bytes
from avlest.telegrams.mbus import START, STOP
from avlest.telegrams.records.model import Coding
from avlest.telegrams.records.parse import find_header_end, parse_header
from avlest.telegrams.records.values import Value
from avlest.telegrams.wmbus.frame import CI_OFFSET

FULL_FRAME: Final = 0x78
POWER_LOW: Final = 0x04  # status byte of the transport header (EN 13757-7, 7.3)
_ELVACO_STANDARD: Final = 0x00  # the identifier of Elvaco's standard message
_RSP_UD: Final = 0x08
HAN_MAKERS: Final = {"aidon": Maker.AIDON, "kaifa": Maker.KAIFA, "kamstrup": Maker.KAMSTRUP}


@dataclass(slots=True)
class Encoder:
    """Encodes models; keeps their layouts and the keys' contexts from chunk to chunk."""

    bank: AesBank = field(default_factory=AesBank)
    _layouts: dict[tuple[str, int], TelegramLayout] = field(default_factory=dict)

    def encode(self, model: RadioModel, sent: Sent) -> Iterator[tuple[Integers, Bytes]]:
        """The rows of each form of frame and their bytes, one a row; together every row once.

        Wireless telegrams come without link-layer CRCs, wired ones as long frames, LoRaWAN as FRMPayload.  Raises
        `EmissionError` naming model and column.
        """
        for rows, ci in _split_forms(model, sent):
            if len(rows):
                yield rows, self._encode_form(model, ci, sent if len(rows) == len(sent) else sent.take(rows))

    def _encode_form(self, model: RadioModel, ci: int, sent: Sent) -> Bytes:
        if model.road is Road.HAN:
            return encode_han_rows(HAN_MAKERS[model.family], sent)
        if model.payload == "fhkv":
            return encode_allocator_rows(model.envelope().link, sent.serials, sent.clocks, _scale_all(model, sent))
        layout = self._layout(model, ci)
        numbers = sent.counters + sent.serials % 251  # not every meter begins at 0
        power = np.where(sent.status & Flag.LOW_BATTERY, POWER_LOW, 0)
        senders = Senders(build_identities(sent.serials), numbers % 256, numbers, power, sent.keys, sent.key_index)
        try:
            matrix = encode_columns(layout, senders, _build_values(model, sent), bank=self.bank)
        except ValueError as error:
            raise EmissionError(f"{model.name}: {error}") from None
        return _FINISH[model.road](model, matrix)

    def _layout(self, model: RadioModel, ci: int) -> TelegramLayout:
        found = self._layouts.get((model.name, ci))
        if found is None:
            specs = [RecordSpec(bytes.fromhex(part.key), _blank(part)) for part in model.parts]
            found = self._layouts[model.name, ci] = build_layout(specs, model.envelope(ci=ci), mode=model.mode)
        return found


def _split_forms(model: RadioModel, sent: Sent) -> Iterator[tuple[Integers, int]]:
    """Rows and CI of compact and of full frames."""
    if not model.full_every:
        yield np.arange(len(sent)), model.ci
        return
    full = (sent.counters + sent.serials) % model.full_every == 0
    yield np.flatnonzero(~full), model.ci
    yield np.flatnonzero(full), FULL_FRAME


def _blank(part: Part) -> Value:
    """A value that stands in the layout until a column is laid over it."""
    key = bytes.fromhex(part.key)
    vif_at, _ = find_header_end(key, 0, len(key))
    return 0 if parse_header(key, vif_at).coding in (Coding.INT, Coding.UINT, Coding.BCD) else None


def _build_values(model: RadioModel, sent: Sent) -> dict[int, npt.NDArray[Any]]:
    """The column of each record that has one, by its place in the layout."""
    values: dict[int, npt.NDArray[Any]] = {}
    for number, part in enumerate(model.parts):
        if part.column == STATUS:
            values[number] = map_status(model, sent.status)
        elif part.column == CLOCK:
            values[number] = sent.clocks
        elif part.column == TARGET_DATE:
            values[number] = sent.clocks.astype("datetime64[M]").astype("datetime64[D]")
        else:
            values[number] = scale_column(model, part, sent)
    return values


def map_status(model: RadioModel, status: Integers) -> Integers:
    """Common status bits as the model's info code; what it cannot tell is left out."""
    code = np.zeros(len(status), np.int64)
    for bit, own in model.info:
        code |= np.where(status & bit, own, 0)
    return code


def scale_column(model: RadioModel, part: Part, sent: Sent) -> Integers:
    """Thousandths as counts of the register; raises `EmissionError` for a value between two counts."""
    column = sent.values.get(part.column)
    if column is None:
        raise EmissionError(f"{model.name}: no column {part.column!r}, expected {', '.join(model.columns)}")
    counts, rest = np.divmod(column, part.step)
    if rest.any():
        wrong = int(column[np.flatnonzero(rest)[0]])
        raise EmissionError(f"{model.name} {part.column}: {wrong} is no multiple of {part.step} thousandths")
    return counts


def _scale_all(model: RadioModel, sent: Sent) -> dict[str, Integers]:
    return {part.column: scale_column(model, part, sent) for part in model.parts}


def _keep(_model: RadioModel, matrix: Bytes) -> Bytes:
    return matrix


def _wrap_wired(_model: RadioModel, matrix: Bytes) -> Bytes:
    """The bodies (from the CI on) in long frames of primary address 0 (EN 13757-2, 5)."""
    body = matrix[:, CI_OFFSET:]
    length = body.shape[1] + 2
    frames = np.empty((len(body), length + 6), np.uint8)
    frames[:, :4] = (START, length, length, START)
    frames[:, 4:6] = (_RSP_UD, 0)
    frames[:, 6:-2] = body
    frames[:, -2] = frames[:, 4:-2].sum(axis=1, dtype=np.uint32) & 0xFF
    frames[:, -1] = STOP
    return frames


def _cut_uplink(model: RadioModel, matrix: Bytes) -> Bytes:
    """The FRMPayload: from the CI on; Elvaco has the identifier of the message in its place."""
    payload = matrix[:, CI_OFFSET:].copy()
    if model.payload == "elvaco":
        payload[:, 0] = _ELVACO_STANDARD
    return payload


_FINISH: Final = {Road.WMBUS: _keep, Road.MBUS: _wrap_wired, Road.LORAWAN: _cut_uplink}
