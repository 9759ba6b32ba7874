# SPDX-License-Identifier: Apache-2.0
"""Write one decision: the messages leave the inbox, and what they became stands instead, in one transaction."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
from django.db import transaction

from avlest.collect.models import Batch, Kept, Packet
from avlest.collect.packets import COLUMNS, from_microseconds, join_packet
from avlest.collect.pipeline.decide import Decision
from avlest.collect.pipeline.reach import write_reach
from avlest.collect.pipeline.repeats import Marks, Memory, Times
from avlest.collect.pipeline.states import write_gateways, write_outcomes

_CHUNK = 900
_DETAIL_LIMIT = 300


class LostRaceError(RuntimeError):
    """Another process settled some of these messages first: nothing was written, and nothing is lost."""


@transaction.atomic(durable=True)
def do_settle(decision: Decision, packets: Sequence[int], *, lane: int, now: datetime) -> int:
    """Write a decision and take its packets out of the inbox; return the number of the batch.

    Raises `LostRaceError` when a packet is gone: then another process has decided it, and this decision is void.
    """
    _take_packets(packets)
    decision.states.write()
    _write_kept(decision, now)
    if decision.gateways.height:
        write_gateways(decision.gateways, decision.ports)
        write_outcomes(decision.outcomes)
    write_reach(decision.reached)
    is_empty = not decision.readings.height and not decision.telegrams.height
    batch = Batch.objects.create(
        lane=lane,
        decided_at=now,
        messages=decision.heard.height,
        rows=decision.readings.height,
        readings=pack_frame(decision.readings),
        telegrams=pack_frame(decision.telegrams),
        marks=pack_marks(decision.marks, decision.times),
        appended_at=now if is_empty else None,
    )
    return int(batch.pk)


def _take_packets(packets: Sequence[int]) -> None:
    taken = 0
    for at in range(0, len(packets), _CHUNK):
        rows = Packet.objects.filter(pk__in=packets[at : at + _CHUNK])
        taken += rows._raw_delete(rows.db)
    if taken != len(packets):
        raise LostRaceError(f"{len(packets) - taken} of {len(packets)} packets are gone")


def _write_kept(decision: Decision, now: datetime) -> None:
    """One row of its own for each message that waits, as a packet of one."""
    if not decision.kept.height:
        return
    rows = decision.kept.join(decision.heard, on="row")
    Kept.objects.bulk_create(
        [
            Kept(
                manufacturer=item["manufacturer"][:3],
                serial=item["serial"][:32],
                outcome=item["outcome"],
                detail=(item["detail"] or "")[:_DETAIL_LIMIT],
                received_at=_to_time(item["received_at"]),
                kept_at=now,
                source=item["source"][:60],
                tried=decision.keys_version,
                body=join_packet({name: [item[name]] for name in COLUMNS}, [item["payload"]]),
            )
            for item in rows.iter_rows(named=True)
        ],
        batch_size=500,
    )


def _to_time(microseconds: int) -> datetime:
    """A time a database can hold, for messages whose own is impossible."""
    return from_microseconds(min(max(microseconds, 0), 253_370_764_800 * 1_000_000))


def pack_frame(frame: pl.DataFrame) -> bytes:
    """A frame as bytes, exact; no bytes for no rows."""
    if not frame.height:
        return b""
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return buffer.getvalue()


def unpack_frame(body: bytes) -> pl.DataFrame:
    """The way back of `pack_frame`."""
    return pl.read_ipc(io.BytesIO(bytes(body)))


def pack_marks(marks: Marks, times: Times) -> bytes:
    """Marks and times as bytes."""
    return marks.astype("<u8").tobytes() + times.astype("<i8").tobytes()


def read_memory(lane: int, *, since: datetime) -> Memory:
    """What a lane heard in the batches decided since an instant."""
    memory = Memory()
    rows = Batch.objects.filter(lane=lane, decided_at__gte=since).order_by("pk").values_list("marks", flat=True)
    for body in rows.iterator():
        both = np.frombuffer(bytes(body), "<u8")
        half = len(both) // 2
        memory.add(both[:half].astype(np.uint64), both[half:].view("<i8").astype(np.int64))
    return memory
