# SPDX-License-Identifier: Apache-2.0
"""Messages when their time comes: real time, or so many times faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np

from avlest.collect.packets import to_microseconds
from avlest.simulate.radio.hearing import Messages

STEP_SECONDS: Final = 1.0
"""What falls due within this wall-clock time goes out together."""
_MICRO: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How simulated time runs against the wall clock: `speed` simulated seconds a second, from `start` at once.

    `clock` gives seconds that only grow, `wait` sleeps and says whether to go on.
    """

    speed: float
    start: datetime
    clock: Callable[[], float]
    wait: Callable[[float], bool]
    began: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "began", self.clock())

    def wait_for(self, instant: datetime) -> bool:
        """Wait until a simulated instant; False when told not to go on."""
        return self._wait_for(to_microseconds(instant))

    def iterate_due(self, chunks: Iterable[Sequence[Messages]]) -> Iterator[list[Messages]]:
        """The messages of chunks in time order, in groups that are yielded when they are due; ends when told to."""
        step = max(1, round(STEP_SECONDS * self.speed * _MICRO))
        for chunk in chunks:
            for due, group in _split_steps(chunk, step):
                if not self._wait_for(due):
                    return
                yield group

    def _wait_for(self, due: int) -> bool:
        pause = (due - to_microseconds(self.start)) / _MICRO / self.speed - (self.clock() - self.began)
        return pause <= 0 or self.wait(pause)


def _split_steps(chunk: Sequence[Messages], step: int) -> Iterator[tuple[int, list[Messages]]]:
    """Groups by when they are due, the end of their step, in order."""
    slots = [messages.received_at // step for messages in chunk]
    for slot in np.unique(np.concatenate(slots)).tolist() if slots else ():
        group = []
        for messages, own in zip(chunk, slots, strict=True):
            rows = np.flatnonzero(own == slot)
            if len(rows):
                group.append(messages.take(rows))
        yield (slot + 1) * step, group
