# SPDX-License-Identifier: Apache-2.0
"""Words of the registry in the reader's language: media, kinds of units, roles in a tenancy, states of a meter."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy

from avlest.registry.media import get_media

WORDS: dict[str, Promise] = {
    "dwelling": gettext_lazy("Dwelling"),
    "business": gettext_lazy("Business"),
    "common": gettext_lazy("Common area"),
    "resident": gettext_lazy("Resident"),
    "owner": gettext_lazy("Owner"),
    "subscriber": gettext_lazy("Subscriber"),
    "found": gettext_lazy("Heard, not placed"),
    "stock": gettext_lazy("In stock"),
    "installed": gettext_lazy("Installed"),
    "removed": gettext_lazy("Taken down"),
    "scrapped": gettext_lazy("Scrapped"),
    "billing": gettext_lazy("Billing"),
    "reduction": gettext_lazy("Reduction (not to the sewer)"),
    "technical": gettext_lazy("Technical"),
    "main": gettext_lazy("Main meter"),
    "check": gettext_lazy("Check meter"),
    "volume": gettext_lazy("Volume"),
    "energy": gettext_lazy("Energy"),
    "volume_flow": gettext_lazy("Flow"),
    "power": gettext_lazy("Power"),
    "temperature": gettext_lazy("Temperature"),
    "external_temperature": gettext_lazy("Temperature around the meter"),
    "flow_temperature": gettext_lazy("Flow temperature"),
    "return_temperature": gettext_lazy("Return temperature"),
    "heat_cost_allocation": gettext_lazy("Heat cost allocation"),
    "backward": gettext_lazy("backwards"),
    "export": gettext_lazy("exported"),
    "counter": gettext_lazy("Counter"),
    "gauge": gettext_lazy("Momentary value"),
}


def say(code: str) -> str:
    """A code in words; one that has none is shown as it is, with spaces."""
    return str(WORDS[code]) if code in WORDS else code.replace("_", " ")


def name_medium(code: str) -> str:
    """A medium in the reader's language."""
    known = get_media().get(code)
    return known.names.get(get_language() or "nb", code) if known else code


def name_series(quantity: str, qualifier: str = "", tariff: int = 0) -> str:
    """What a series or register counts."""
    parts = [say(quantity), *(say(word) for word in qualifier.split()), f"T{tariff}" if tariff else ""]
    return ", ".join(part for part in parts if part)
