# SPDX-License-Identifier: Apache-2.0
"""What is odd in a run, in words.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from avlest.wording import format_number, format_percent

_SENTENCES: Final[dict[str, dict[str, str]]] = {
    "zero_use": {
        "nb": "Ikke noe forbruk på {days} dager.",
        "nn": "Ikkje noko forbruk på {days} dagar.",
        "en": "No use in {days} days.",
    },
    "against_last_year": {
        "nb": "{quantity} m³ mot {last_quantity} m³ året før.",
        "nn": "{quantity} m³ mot {last_quantity} m³ året før.",
        "en": "{quantity} m³ against {last_quantity} m³ the year before.",
    },
    "category_outlier": {
        "nb": "{quantity} m³; midt i kategorien ({members} abonnenter) ligger {median} m³.",
        "nn": "{quantity} m³; midt i kategorien ({members} abonnentar) ligg {median} m³.",
        "en": "{quantity} m³; the middle of the category ({members} subscribers) is {median} m³.",
    },
    "stipulated_share": {
        "nb": "{unread} av {meter_days} målerdager er ikke avlest, men beregnet.",
        "nn": "{unread} av {meter_days} målardagar er ikkje avlesne, men rekna ut.",
        "en": "{unread} of {meter_days} meter days were not read but calculated.",
    },
    "run_stipulated_share": {
        "nb": "Av alle målerdager er {share} ikke avlest, men beregnet.",
        "nn": "Av alle målardagar er {share} ikkje avlesne, men rekna ut.",
        "en": "Of all meter days {share} were not read but calculated.",
    },
    "zone_difference": {
        "nb": "Sone {name}: {measured} m³ hos abonnentene mot {inflow} m³ inn.",
        "nn": "Sone {name}: {measured} m³ hos abonnentane mot {inflow} m³ inn.",
        "en": "Zone {name}: {measured} m³ at the subscribers against {inflow} m³ in.",
    },
    "zone_unmeasured": {
        "nb": "Sone {name}: hovedmåleren mangler {days_missing} av {days} dager, så sonen kan ikke sammenlignes.",
        "nn": "Sone {name}: hovudmålaren manglar {days_missing} av {days} dagar, så sona kan ikkje samanliknast.",
        "en": "Zone {name}: the main meter lacks {days_missing} of {days} days, so the zone cannot be compared.",
    },
    "no_quantity": {
        "nb": "Ingen avlesning, ikke noe tidligere forbruk, ingen standard å stipulere etter: bruk skjønn.",
        "nn": "Inga avlesing, ikkje noko tidlegare forbruk, ingen standard å stipulere etter: bruk skjønn.",
        "en": "No reading, no earlier use and no standard to stipulate by: set a quantity by discretion.",
    },
    "reduction_above_main": {
        "nb": "Reduksjonsmåleren viser mer enn hovedmåleren: kontroller målerne.",
        "nn": "Reduksjonsmålaren viser meir enn hovudmålaren: kontroller målarane.",
        "en": "The reduction meter shows more than the main meter: check the meters.",
    },
    "earlier_terms": {
        "nb": "Eiendommen er ikke fakturert for tidligere terminer i år.",
        "nn": "Eigedomen er ikkje fakturert for tidlegare terminar i år.",
        "en": "The property was not invoiced for earlier terms this year.",
    },
}
_OTHER: Final = {
    "nb": "Kan ikke gjøres opp: {detail}",
    "nn": "Kan ikkje gjerast opp: {detail}",
    "en": "Cannot be settled: {detail}",
}
_VOLUMES: Final = ("quantity", "last_quantity", "median", "measured", "inflow")


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "–"


def write_exception(code: str, detail: Mapping[str, Any], *, language: str = "nb") -> str:
    """Return one sentence on an exception of a run."""
    values = _Blank(detail)
    for name in _VOLUMES:
        if isinstance(detail.get(name), int):
            values[name] = format_number(detail[name] // 1000, language=language)
    if detail.get("days") and "unread" in detail:
        values["share"] = format_percent(detail["unread"] / detail["days"], language=language)
    pattern = _SENTENCES.get(code, _OTHER)[language]
    return pattern.format_map(values)
