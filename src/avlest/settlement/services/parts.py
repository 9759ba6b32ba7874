# SPDX-License-Identifier: Apache-2.0
"""The parts of a run one after the other: while one is calculated, the next is gathered."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from avlest.readings.tables import Store
from avlest.settlement.runs.calculate import Results, calculate
from avlest.settlement.runs.inputs import derive_digest, pack_frames, pack_inputs
from avlest.settlement.services.frames import Range
from avlest.settlement.services.gather import Gathered, Wanted, gather_inputs


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One part of a run, as it is stored: what it used, what it came to, and the digest of both."""

    place: Range
    gathered: Gathered
    results: Results
    packed_inputs: bytes
    packed_results: bytes
    digest: str


def gather_parts(store: Store, places: Sequence[Range], wanted: Wanted) -> Iterator[Part]:
    """Return the parts in the order of `places`.

    The database is asked by the caller's thread alone; the other one only calculates, so a part needs nothing that
    another one writes.  Two parts are in memory at a time.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="settle") as worker:
        ahead: Future[Part] | None = None
        for place in places:
            gathered = gather_inputs(store, place, wanted)
            done, ahead = ahead, worker.submit(_calculate_part, place, gathered, wanted)
            if done is not None:
                yield done.result()
        if ahead is not None:
            yield ahead.result()


def _calculate_part(place: Range, gathered: Gathered, wanted: Wanted) -> Part:
    results = calculate(gathered.inputs, wanted.book, wanted.parameters)
    inputs, lines = pack_inputs(gathered.inputs), pack_frames(results.get_frames())
    return Part(place, gathered, results, inputs, lines, derive_digest(inputs, lines))
