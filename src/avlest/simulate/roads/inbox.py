# SPDX-License-Identifier: Apache-2.0
"""Simulated messages straight into the inbox of an installation.  Django must be set up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from avlest.collect.inbox import Inbox
from avlest.collect.packets import PackedMessages
from avlest.simulate.radio.hearing import Messages
from avlest.simulate.roads.packing import Packer


@dataclass(slots=True)
class InboxSink:
    """Straight into the inbox, whole packets at a time: what a collector would have written."""

    inbox: Inbox
    _packer: Packer = field(init=False)

    def __post_init__(self) -> None:
        self._packer = Packer(self.inbox.lanes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Everything was written when it was delivered."""

    def deliver(self, group: Sequence[Messages]) -> None:
        """Write all in one transaction; raises Django's `DatabaseError`."""
        packed: list[PackedMessages] = [one for messages in group for one in self._packer.pack(messages)]
        if packed:
            self.inbox.put_packed(packed)
