# SPDX-License-Identifier: Apache-2.0
"""The few words a chart needs by itself, in the three languages.  Pure."""

from __future__ import annotations

import dataclasses
from typing import Final

from avlest.portal.charts.contracts import Sure


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    time: str
    value: str
    sure: dict[Sure, str]
    missing_note: str
    price: str
    quality: str
    compared: str
    hour: str
    week: str
    second: str
    """Beside an hour that comes twice, when clocks are turned back."""


_ROWS: Final = {
    "nb": Words(
        time="Tid",
        value="Forbruk",
        sure={
            Sure.MEASURED: "målt",
            Sure.MANUAL: "lest av",
            Sure.ESTIMATED: "stipulert (beregnet fordi vi manglet avlesning)",
            Sure.MISSING: "mangler",
        },
        missing_note="mangler måling",
        price="Pris",
        quality="Hvordan vi vet det",
        compared="Sammenlignet med",
        hour="kl. {}",
        week="uke {}",
        second="andre gang",
    ),
    "nn": Words(
        time="Tid",
        value="Forbruk",
        sure={
            Sure.MEASURED: "målt",
            Sure.MANUAL: "lese av",
            Sure.ESTIMATED: "stipulert (rekna ut fordi vi mangla avlesing)",
            Sure.MISSING: "manglar",
        },
        missing_note="manglar måling",
        price="Pris",
        quality="Korleis vi veit det",
        compared="Samanlikna med",
        hour="kl. {}",
        week="veke {}",
        second="andre gongen",
    ),
    "en": Words(
        time="Time",
        value="Use",
        sure={
            Sure.MEASURED: "measured",
            Sure.MANUAL: "read by hand",
            Sure.ESTIMATED: "estimated (calculated, as no reading came in)",
            Sure.MISSING: "missing",
        },
        missing_note="no measurement",
        price="Price",
        quality="How we know",
        compared="Compared with",
        hour="{}",
        week="week {}",
        second="second time",
    ),
}


def get_words(language: str) -> Words:
    """Return the words of `nb`, `nn` or `en` (also `en-gb`)."""
    return _ROWS[language.partition("-")[0]]
