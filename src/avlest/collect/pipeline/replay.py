# SPDX-License-Identifier: Apache-2.0
"""What waited goes back to the inbox when its key, meter or catalogue file has arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Q

from avlest.catalogue.catalogue import Catalogue
from avlest.collect.models import Kept, Mark, MeterState, Packet
from avlest.collect.packets import COLUMNS, decode_packets, join_packet
from avlest.collect.pipeline.decoded import PipelineOutcome
from avlest.collect.pipeline.directory import Directory
from avlest.telegrams.outcomes import Outcome

KEY_OUTCOMES: Final = (Outcome.KEY_MISSING.value, Outcome.KEY_WRONG.value, Outcome.MAC_WRONG.value)
METER_OUTCOMES: Final = (PipelineOutcome.UNKNOWN_METER.value,)
# What a better catalogue may read: everything that arrived whole.
CATALOGUE_OUTCOMES: Final = (
    Outcome.UNKNOWN_CI.value, Outcome.UNKNOWN_FORMAT.value, Outcome.BAD_RECORDS.value, Outcome.BAD_PAYLOAD.value,
    Outcome.UNSUPPORTED_SECURITY.value, PipelineOutcome.NO_READER.value, Outcome.CODEC_FAILED.value,
    Outcome.CODEC_MISSING.value,
)  # fmt: skip
_CHUNK: Final = 500
_CATALOGUE_MARK: Final = "catalogue"


def do_replay_known(directory: Directory, *, now: datetime) -> int:
    """Put back what waited for a key that is there now, or for a meter that is ours now; return how many."""
    ours = directory.meters.filter("is_ours").select("manufacturer", "serial").unique()
    addresses = set(ours.iter_rows())
    untried = Q(outcome__in=KEY_OUTCOMES, tried__lt=directory.keys_version) | Q(outcome__in=METER_OUTCOMES)
    waiting = Kept.objects.filter(untried)
    senders = waiting.order_by().values_list("manufacturer", "serial").distinct()
    return sum(do_replay(waiting.filter(manufacturer=m, serial=s), now=now) for m, s in senders if (m, s) in addresses)


def do_replay_catalogue(catalogue: Catalogue, codecs: Sequence[bytes], *, now: datetime) -> int:
    """Put back what another catalogue or codec may read, when these differ from the last ones used."""
    texts = (*(file.text.encode() for file in catalogue.files), *codecs)
    digest = hashlib.sha256(b"\0".join(texts)).hexdigest()
    if Mark.objects.filter(name=_CATALOGUE_MARK, value=digest).exists():
        return 0
    count = do_replay(Kept.objects.filter(outcome__in=CATALOGUE_OUTCOMES), now=now)
    Mark.objects.update_or_create(name=_CATALOGUE_MARK, defaults={"value": digest})
    return count


def do_replay_chosen(
    *, outcomes: Sequence[str] = (), serials: Sequence[str] = (), since: datetime | None = None, now: datetime
) -> int:
    """Put back what a person chose: of some outcomes, of some addresses, heard since; return how many."""
    rows = Kept.objects.all()
    if outcomes:
        rows = rows.filter(outcome__in=outcomes)
    if serials:
        rows = rows.filter(serial__in=[serial.lower() for serial in serials])
    if since is not None:
        rows = rows.filter(received_at__gte=since)
    return do_replay(rows, now=now)


def do_replay(rows: Any, *, now: datetime) -> int:
    """Move kept telegrams (a query set) to the inbox, some hundred a transaction; return how many."""
    count = 0
    # Those that are put back now are not among those that come: they get new numbers when they are kept again.
    highest = rows.order_by("-pk").values_list("pk", flat=True).first()
    while highest is not None and (moved := _move(rows.filter(pk__lte=highest), now=now)):
        count += moved
    return count


@transaction.atomic
def _move(rows: Any, *, now: datetime) -> int:
    chunk = list(rows.order_by("pk").select_for_update()[:_CHUNK])
    if not chunk:
        return 0
    by_lane: dict[int, list[bytes]] = {}
    lanes = _find_lanes(chunk)
    for row in chunk:
        by_lane.setdefault(lanes.get((row.manufacturer, row.serial), 0), []).append(bytes(row.body))
    for lane, bodies in sorted(by_lane.items()):
        frame = decode_packets(bodies)
        body = join_packet({name: frame[name].to_list() for name in COLUMNS}, frame["payload"].to_list())
        Packet.objects.create(lane=lane, taken_at=now, messages=frame.height, replayed=True, body=body)
    Kept.objects.filter(pk__in=[row.pk for row in chunk]).delete()
    return len(chunk)


def _find_lanes(rows: Iterable[Kept]) -> dict[tuple[str, str], int]:
    serials = {row.serial for row in rows}
    found = MeterState.objects.filter(serial__in=serials).values_list("manufacturer", "serial", "lane")
    return {(maker, serial): lane for maker, serial, lane in found}


def do_forget_kept(*, keep_days: int, now: datetime) -> int:
    """Delete what waited longer than it may; return how many."""
    deleted, _ = Kept.objects.filter(kept_at__lt=now - timedelta(days=keep_days)).delete()
    return int(deleted)
