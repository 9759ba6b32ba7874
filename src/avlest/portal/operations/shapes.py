# SPDX-License-Identifier: Apache-2.0
"""Each state as shape, colour and word: nobody needs to see the colour."""

from __future__ import annotations

from typing import Final

from django.utils.html import format_html
from django.utils.safestring import SafeString

from avlest.portal.operations.stages import NAMES, Stage

# In a square of 16 by 16; the map draws the same paths.
PATHS: Final[dict[Stage, str]] = {
    Stage.NOT_DELIVERED: "M8 2a6 6 0 1 0 .01 0z",
    Stage.DELIVERED: "M2.5 2.5h11v11h-11z",
    Stage.RECEIVED: "M8 2a6 6 0 1 0 .01 0z",
    Stage.SILENT: "M8 1l7 7-7 7-7-7z",
    Stage.ALARM: "M8 1l7.5 13.5H.5z",
}


def draw_stage(stage: Stage | str) -> SafeString:
    """The shape with its word."""
    known = Stage(stage)
    return format_html(
        '<span class="stage"><svg viewBox="0 0 16 16" class="s-{}" aria-hidden="true"><path d="{}"/></svg>{}</span>',
        known.value, PATHS[known], NAMES[known],
    )  # fmt: skip
