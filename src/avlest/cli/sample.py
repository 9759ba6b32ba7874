# SPDX-License-Identifier: Apache-2.0
"""A capture of encrypted telegrams for demonstrations, tests and measurements, the same for the same seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from avlest.cli.sample_meters import KINDS, Integers, MeterKind, Moment
from avlest.telegrams.encode.columns import Senders, TelegramLayout, build_identities, build_layout, encode_columns
from avlest.telegrams.encode.records import RecordSpec
from avlest.telegrams.layouts.aes import AesBank
from avlest.telegrams.layouts.batch import Bytes
from avlest.telegrams.records.model import Coding
from avlest.telegrams.records.parse import find_header_end, parse_header
from avlest.telegrams.records.values import Value

ROWS_AT_ONCE = 50_000
FULL_FRAME_EVERY = 8
FIRST_SERIAL = 41_000_000
SERIALS = 50_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """All meters of a sample: serial number, kind (place in `KINDS`) and key of each."""

    seed: int
    serials: Integers
    kinds: Integers
    keys: tuple[bytes, ...]


def write_sample(telegrams: Path, keys: Path, *, count: int, meters: int, seed: int) -> None:
    """Write `count` encrypted telegrams of `meters` meters, one hex line each, and their keys.

    The mix holds every kind of `sample_meters.KINDS`: ELL-CTR in full and compact frames,
    security modes 5 and 7.  Every telegram of a meter differs from its others; counters
    grow.  The key file is CSV with the header `address;key`.
    """
    sample = build_sample(meters=meters, seed=seed)
    bank = AesBank()
    with telegrams.open("w", encoding="ascii", newline="\n") as file:
        for start in range(0, count, ROWS_AT_ONCE):
            places = np.arange(start, min(count, start + ROWS_AT_ONCE))
            file.writelines(f"{line}\n" for line in encode_lines(sample, places, bank))
    rows = (f"{serial:08};{key.hex()}\n" for serial, key in zip(sample.serials.tolist(), sample.keys, strict=True))
    with keys.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(("address;key\n", *rows))


def build_sample(*, meters: int, seed: int) -> Sample:
    """The meters of a sample, their kinds dealt out by weight."""
    chance = np.random.default_rng(seed)
    weights = np.repeat(np.arange(len(KINDS)), [kind.weight for kind in KINDS])
    kinds = chance.permutation(np.concatenate((np.arange(len(KINDS)), np.resize(weights, meters)))[:meters])
    serials = FIRST_SERIAL + chance.choice(SERIALS, meters, replace=False).astype(np.int64)
    keys = tuple(derive_key(seed, serial) for serial in serials.tolist())
    return Sample(seed, serials, kinds, keys)


def derive_key(seed: int, serial: int) -> bytes:
    """The made-up key of a meter."""
    return hashlib.sha256(f"avlest sample {seed} {serial}".encode()).digest()[:16]


def encode_lines(sample: Sample, places: Integers, bank: AesBank) -> list[str]:
    """The lines at these places of the capture: meters send in turn, each turn in another order."""
    steps = places // len(sample.serials)
    senders = np.empty(len(places), np.int64)
    for turn in np.unique(steps).tolist():
        order = np.random.default_rng((sample.seed, turn)).permutation(len(sample.serials))
        senders[steps == turn] = order[places[steps == turn] % len(sample.serials)]
    lines = [""] * len(places)
    for rows, layout, kind in _split_kinds(sample, senders, steps):
        matrix = _encode_kind(sample, layout, kind, senders[rows], steps[rows], bank)
        text, width = matrix.tobytes().hex(), 2 * matrix.shape[1]
        for number, row in enumerate(rows.tolist()):
            lines[row] = text[number * width : (number + 1) * width]
    return lines


def _split_kinds(
    sample: Sample, senders: Integers, steps: Integers
) -> Iterator[tuple[Integers, TelegramLayout, MeterKind]]:
    """Rows of one kind and one form of frame, with their layout."""
    for number, kind in enumerate(KINDS):
        mine = sample.kinds[senders] == number
        full = mine & ((senders + steps) % FULL_FRAME_EVERY == 0) & kind.in_full
        for chosen, ci in ((mine & ~full, kind.ci), (full, 0x78)):
            rows = np.flatnonzero(chosen)
            if len(rows):
                yield rows, build_kind_layout(kind, ci), kind


def build_kind_layout(kind: MeterKind, ci: int) -> TelegramLayout:
    """The layout of a kind's telegrams under a CI."""
    specs = [RecordSpec(key, _blank(key)) for key in map(bytes.fromhex, (text for text, _ in kind.registers))]
    return build_layout(specs, replace(kind.envelope(), ci=ci), mode=kind.mode)


def _blank(key: bytes) -> Value:
    """A value that stands in the layout until a column is laid over it."""
    vif_at, _ = find_header_end(key, 0, len(key))
    return 0 if parse_header(key, vif_at).coding in (Coding.INT, Coding.UINT, Coding.BCD) else None


def _encode_kind(
    sample: Sample, layout: TelegramLayout, kind: MeterKind, meters: Integers, steps: Integers, bank: AesBank
) -> Bytes:
    serials = sample.serials[meters]
    values = {
        number: register(Moment(serials, steps, salt=sample.seed * 1000 + number))
        for number, (_, register) in enumerate(kind.registers)
    }
    counters = 1 + steps * 3 + serials % 1000
    senders = Senders(build_identities(serials), counters % 256, counters, serials * 0, sample.keys, meters)
    return encode_columns(layout, senders, values, bank=bank)
