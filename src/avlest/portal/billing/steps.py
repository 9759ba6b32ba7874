# SPDX-License-Identifier: Apache-2.0
"""The guided way of a settlement: which step a run is in and where the others are."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from avlest.settlement.infos import RunInfo

PERIOD, BASIS, CONTROL, PREVIEW, APPROVE, SEND, CORRECT = range(1, 8)
_TEXTS: Final[Sequence[str | Promise]] = (
    _("Period"),
    _("Prices and agreements"),
    _("Control"),
    pgettext_lazy("billing", "Preview"),
    _("Approve"),
    _("Send and export"),
    _("Correct"),
)
_PAGES: Final = {
    CONTROL: "billing:run_control",
    PREVIEW: "billing:run_preview",
    APPROVE: "billing:run_approve",
    SEND: "billing:run_send",
    CORRECT: "billing:run_correct",
}
# The first step that waits for somebody, by the state of the run.
_REACHED: Final = {"preview": CONTROL, "approved": SEND, "issuing": SEND, "issued": CORRECT, "dropped": CONTROL}


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One step: `state` is done, current or todo; `address` is "" where there is nothing to open yet."""

    number: int
    text: str | Promise
    address: str
    state: str


def get_steps(current: int, run: RunInfo | None = None) -> list[Step]:
    """Return the seven steps as seen from the page of step `current`."""
    reached = _REACHED[run.state] if run else current
    return [
        Step(number, text, _find_address(number, run), _find_state(number, current, max(reached, current)))
        for number, text in enumerate(_TEXTS, start=1)
    ]


def _find_address(number: int, run: RunInfo | None) -> str:
    if run is None or number not in _PAGES:
        return reverse("billing:run_new") if run is None and number == PERIOD else ""
    return reverse(_PAGES[number], args=[run.id])


def _find_state(number: int, current: int, reached: int) -> str:
    if number == current:
        return "current"
    return "done" if number < reached else "todo"


def get_front(run: RunInfo) -> str:
    """Return the page where a run's next step is taken."""
    return reverse(_PAGES[_REACHED[run.state]], args=[run.id])
