# SPDX-License-Identifier: Apache-2.0
"""The look of an organisation: Designsystemet's accent scale made from one colour, with the same contrasts.

Every step of the scale has the luminance of the same step in Designsystemet's own theme (whose contrasts are checked
by its makers), in the hue and saturation of the organisation's colour.  Pure but for `get_look` and `do_save_theme`.
"""

from __future__ import annotations

import colorsys
import dataclasses
import re
from datetime import datetime
from typing import Final

from django.core.cache import cache
from django.db import transaction
from django.urls import reverse

from avlest.portal.models import Theme
from avlest.portal.viewer import Viewer
from avlest.registry.models import Organisation
from avlest.registry.rights import Right
from avlest.registry.services.audit import Change, record

LEAST_CONTRAST: Final = 4.5
"""WCAG 1.4.3: text of the accent colour on white, white text on a button of the accent colour."""

# step -> luminance in Designsystemet's theme 1.22.0, light and dark
_LIGHT: Final = {
    "background-default": 1.0, "background-tinted": 0.8978, "surface-default": 1.0, "surface-tinted": 0.8087,
    "surface-hover": 0.7015, "surface-active": 0.5914, "border-subtle": 0.5002, "border-default": 0.1894,
    "border-strong": 0.11, "text-subtle": 0.11, "text-default": 0.0244, "base-default": 0.1228,
    "base-hover": 0.0779, "base-active": 0.0462, "base-contrast-subtle": 0.7993, "base-contrast-default": 1.0,
}  # fmt: skip
_DARK: Final = {
    "background-default": 0.0092, "background-tinted": 0.0138, "surface-default": 0.0212, "surface-tinted": 0.0272,
    "surface-hover": 0.0364, "surface-active": 0.0556, "border-subtle": 0.0795, "border-default": 0.2197,
    "border-strong": 0.3881, "text-subtle": 0.3881, "text-default": 0.8409, "base-default": 0.2629,
    "base-hover": 0.3561, "base-active": 0.4751, "base-contrast-subtle": 0.0091, "base-contrast-default": 0.0,
}  # fmt: skip
_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_KEEP_SECONDS: Final = 60


class ContrastError(ValueError):
    """A colour that cannot be read on white; `nearest` is a darker one that can."""

    def __init__(self, color: str, contrast: float, nearest: str) -> None:
        super().__init__(
            f"{color} has a contrast of {contrast:.1f} to white, {LEAST_CONTRAST} is needed; try {nearest}"
        )
        self.contrast = contrast
        self.nearest = nearest


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """What a page needs of an organisation's look: addresses of its style sheet and logo, empty without."""

    style: str = ""
    logo: str = ""
    accent: str = ""


def _parse(color: str) -> tuple[float, float, float]:
    if not _HEX.fullmatch(color):
        raise ValueError(f"{color!r} is no colour: expected #rrggbb")
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _write(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in rgb)


def derive_luminance(color: str) -> float:
    """Return the relative luminance (0 black to 1 white) of `#rrggbb` (WCAG 2.1)."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parse(color)]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def derive_contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.1)."""
    high, low = sorted((derive_luminance(one), derive_luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def derive_shade(color: str, luminance: float) -> str:
    """Return the colour of the same hue and saturation with (nearly) this luminance."""
    hue, _, saturation = colorsys.rgb_to_hls(*_parse(color))
    low, high = 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        found = _write(colorsys.hls_to_rgb(hue, middle, saturation))
        low, high = (middle, high) if derive_luminance(found) < luminance else (low, middle)
    return _write(colorsys.hls_to_rgb(hue, low, saturation))


def check_accent(color: str) -> None:
    """Raise `ContrastError` for a colour too light to be read on white, naming one that is not."""
    contrast = derive_contrast(color, "#ffffff")
    if contrast < LEAST_CONTRAST:
        raise ContrastError(color, contrast, derive_shade(color, 1.05 / (LEAST_CONTRAST + 0.05) - 0.05))


def derive_style(color: str) -> str:
    """Return the style sheet that gives Designsystemet's accent scale this colour, light and dark."""
    light = {step: derive_shade(color, luminance) for step, luminance in _LIGHT.items()} | {"base-default": color}
    dark = {step: derive_shade(color, luminance) for step, luminance in _DARK.items()}
    lines = {name: "".join(f"--ds-color-accent-{s}:{c};" for s, c in steps.items()) for name, steps in
             (("light", light), ("dark", dark))}  # fmt: skip
    return (
        f":root,[data-color-scheme=light]{{{lines['light']}}}\n"
        f"[data-color-scheme=dark]{{{lines['dark']}}}\n"
        f"@media (prefers-color-scheme:dark){{[data-color-scheme=auto]{{{lines['dark']}}}}}\n"
    )


def get_look(organisation_id: int | None) -> Look:
    """Return the look of an organisation; kept for a minute."""
    if organisation_id is None:
        return Look()
    key = f"portal:look:{organisation_id}"
    kept: Look | None = cache.get(key)
    if kept is None:
        kept = _read_look(organisation_id)
        cache.set(key, kept, _KEEP_SECONDS)
    return kept


def _read_look(organisation_id: int) -> Look:
    row = Theme.objects.filter(organisation_id=organisation_id).defer("logo").first()
    if row is None:
        return Look()
    arguments = {"organisation_id": organisation_id, "version": row.version}
    logo = reverse("common:logo", kwargs=arguments) if row.logo_type else ""
    return Look(reverse("common:theme", kwargs=arguments), logo, row.accent)


@transaction.atomic
def do_save_theme(
    viewer: Viewer, *, accent: str, logo: bytes | None = None, logo_type: str = "", now: datetime
) -> None:
    """Keep an organisation's colour (and logo, when given); `ContrastError` for one that cannot be read."""
    viewer.actor.require(Right.MANAGE)
    check_accent(accent)
    organisation = Organisation.objects.select_for_update().get(pk=viewer.scope)
    row = Theme.objects.filter(organisation=organisation).first() or Theme(organisation=organisation, version=0)
    before = _describe(row) if row.pk else None
    row.accent = accent
    row.version += 1
    if logo is not None:
        row.logo, row.logo_type = logo, logo_type
    row.save()
    record(viewer.actor, Change("theme", row, before, _describe(row)), now=now)
    cache.delete(f"portal:look:{organisation.pk}")


def _describe(row: Theme) -> dict[str, object]:
    """What the audit log keeps of a theme: not the picture itself."""
    return {"accent": row.accent, "logo_type": row.logo_type, "version": row.version}
