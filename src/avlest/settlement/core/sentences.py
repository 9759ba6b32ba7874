# SPDX-License-Identifier: Apache-2.0
"""The explanation of a line in words: bokmål, nynorsk and English, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final

from avlest.settlement.contracts import Kind
from avlest.wording.dates import format_date
from avlest.wording.numbers import format_money, format_number

LANGUAGES: Final = ("nb", "nn", "en")
BILLED_NOTE: Final = "stipulated and billed"
"""How the note of a `ReadingUsed` begins that is no reading but what was billed without one."""

_SERVICES: Final[dict[str, dict[str, str]]] = {
    "water": {"nb": "Vann", "nn": "Vatn", "en": "Water"},
    "wastewater": {"nb": "Avløp", "nn": "Avløp", "en": "Wastewater"},
    "septic": {"nb": "Slamtømming", "nn": "Slamtømming", "en": "Septic emptying"},
    "rent": {"nb": "Leie av vannmåler", "nn": "Leige av vassmålar", "en": "Meter rent"},
    "manual_reading": {"nb": "Manuell avlesning", "nn": "Manuell avlesing", "en": "Manual reading"},
    "call_out": {"nb": "Oppmøte", "nn": "Oppmøte", "en": "Call-out"},
    "connection_water": {"nb": "Tilknytning vann", "nn": "Tilknyting vatn", "en": "Connection water"},
    "connection_wastewater": {"nb": "Tilknytning avløp", "nn": "Tilknyting avløp", "en": "Connection wastewater"},
}
_KINDS: Final[dict[str, dict[str, str]]] = {
    Kind.SETTLEMENT: {"nb": "oppgjør måler", "nn": "oppgjer målar", "en": "settlement by meter"},
    Kind.ADVANCE_DEDUCTION: {"nb": "fradrag a konto", "nn": "frådrag a konto", "en": "advance deducted"},
    Kind.ADVANCE: {"nb": "antatt forbruk", "nn": "venta forbruk", "en": "expected consumption"},
    Kind.FIXED: {"nb": "årsgebyr", "nn": "årsgebyr", "en": "yearly fee"},
    Kind.FIXED_DEDUCTION: {"nb": "fradrag årsgebyr", "nn": "frådrag årsgebyr", "en": "yearly fee deducted"},
    Kind.CORRECTION: {"nb": "korreksjon", "nn": "korreksjon", "en": "correction"},
    Kind.WORK: {"nb": "arbeid", "nn": "arbeid", "en": "work"},
    Kind.ONCE: {"nb": "engangsgebyr", "nn": "eingongsgebyr", "en": "single fee"},
}
_UNITS: Final[dict[str, dict[str, str]]] = {
    "m3": {"nb": "m³", "nn": "m³", "en": "m³"},
    "kWh": {"nb": "kWh", "nn": "kWh", "en": "kWh"},
    "hour": {"nb": "timer", "nn": "timar", "en": "hours"},
    "year": {"nb": "år", "nn": "år", "en": "year"},
    "once": {"nb": "stk.", "nn": "stk.", "en": "times"},
}
_METHODS: Final[dict[str, dict[str, str]]] = {
    "difference": {
        "nb": "Mengden er forskjellen mellom avlesningene.",
        "nn": "Mengda er skilnaden mellom avlesingane.",
        "en": "The quantity is the difference of the readings.",
    },
    "by_days": {
        "nb": "Det finnes ingen avlesning på skjæringsdagen: mengden er fordelt etter dager.",
        "nn": "Det finst inga avlesing på skjeringsdagen: mengda er delt etter dagar.",
        "en": "There is no reading on the dividing day: the quantity is shared by days.",
    },
    "stipulated_window": {
        "nb": "Målerstanden er stipulert fra nærmeste avlesning med gjennomsnittlig døgnforbruk.",
        "nn": "Målarstanden er stipulert frå næraste avlesing med gjennomsnittleg døgnforbruk.",
        "en": "The reading is stipulated from the nearest one by the average use a day.",
    },
    "stipulated_last_year": {
        "nb": "Avlesning mangler: mengden er stipulert etter samme periode året før.",
        "nn": "Avlesing manglar: mengda er stipulert etter same periode året før.",
        "en": "A reading is missing: the quantity is stipulated from the same period last year.",
    },
    "stipulated_average": {
        "nb": "Avlesning mangler: mengden er stipulert etter gjennomsnittet av tidligere år.",
        "nn": "Avlesing manglar: mengda er stipulert etter gjennomsnittet av tidlegare år.",
        "en": "A reading is missing: the quantity is stipulated from the average of earlier years.",
    },
    "stipulated_standard": {
        "nb": "Avlesning mangler: mengden er stipulert etter kommunens standard.",
        "nn": "Avlesing manglar: mengda er stipulert etter standarden til kommunen.",
        "en": "A reading is missing: the quantity is the municipality's standard.",
    },
    "discretion": {
        "nb": "Mengden er fastsatt ved skjønn av {case_worker} {decided}: {reason} Du kan klage på avgjørelsen.",
        "nn": "Mengda er fastsett ved skjønn av {case_worker} {decided}: {reason} Du kan klage på avgjerda.",
        "en": "The quantity was set by discretion by {case_worker} on {decided}: {reason} You may appeal.",
    },
    "given": {
        "nb": "Mengden er oppgitt uten avlesninger.",
        "nn": "Mengda er oppgitt utan avlesingar.",
        "en": "The quantity was given without readings.",
    },
    "advance": {
        "nb": "Antatt forbruk for året er {year} m³, etter fjorårets forbruk.",
        "nn": "Venta forbruk for året er {year} m³, etter forbruket i fjor.",
        "en": "The year's expected consumption is {year} m³, from last year's.",
    },
    "advance_agreed": {
        "nb": "Antatt forbruk for året er avtalt til {year} m³.",
        "nn": "Venta forbruk for året er avtalt til {year} m³.",
        "en": "The year's expected consumption is agreed as {year} m³.",
    },
    "accuracy": {
        "nb": "Kontrollen viste en feil på {error} %: {indicated} m³ skulle vært {true} m³. Hele feilen rettes.",
        "nn": "Kontrollen viste ein feil på {error} %: {indicated} m³ skulle vore {true} m³. Heile feilen blir retta.",
        "en": "The control showed an error of {error} %: {indicated} m³ should be {true} m³. All of it is corrected.",
    },
}
_READING: Final = {
    "nb": "Måler {meter} viste {value} m³ {at} ({quality}).",
    "nn": "Målar {meter} viste {value} m³ {at} ({quality}).",
    "en": "Meter {meter} showed {value} m³ on {at} ({quality}).",
}
_BILLED: Final = {
    "nb": "Tidligere stipulert og fakturert: {value} m³ fram til {at}.",
    "nn": "Tidlegare stipulert og fakturert: {value} m³ fram til {at}.",
    "en": "Stipulated and billed before: {value} m³ up to {at}.",
}
_QUALITIES: Final[dict[str, dict[str, str]]] = {
    "manual_verified": {"nb": "kontrollert av kommunen", "nn": "kontrollert av kommunen", "en": "verified"},
    "measured": {"nb": "målt", "nn": "målt", "en": "measured"},
    "customer_read": {"nb": "avlest av abonnenten", "nn": "avlesen av abonnenten", "en": "read by the customer"},
    "edited": {"nb": "rettet", "nn": "retta", "en": "edited"},
    "discretion": {"nb": "skjønn", "nn": "skjønn", "en": "discretion"},
    "final_estimated": {"nb": "endelig estimert", "nn": "endeleg estimert", "en": "finally estimated"},
    "estimated": {"nb": "stipulert", "nn": "stipulert", "en": "stipulated"},
    "temporary": {"nb": "foreløpig", "nn": "førebels", "en": "temporary"},
    "missing": {"nb": "mangler", "nn": "manglar", "en": "missing"},
}
_PRICE: Final = {
    "nb": "Prisen er {value} kr per {unit} {vat}{dates}.",
    "nn": "Prisen er {value} kr per {unit} {vat}{dates}.",
    "en": "The price is {value} kr per {unit} {vat}{dates}.",
}
_WITH_VAT: Final = {
    "nb": {True: "med mva", False: "uten mva"},
    "nn": {True: "med mva", False: "utan mva"},
    "en": {True: "with VAT", False: "without VAT"},
}
_FROM: Final = {"nb": " fra {day}", "nn": " frå {day}", "en": " from {day}"}
_SHARE: Final = {
    "terms": {
        "nb": "Dette er {parts} av {whole} terminer; øreavrundingen fordeles så terminene blir nøyaktig året.",
        "nn": "Dette er {parts} av {whole} terminar; øreavrundinga blir fordelt så terminane blir nøyaktig året.",
        "en": "This is {parts} of {whole} terms; øre are handed out so that the terms sum to the year.",
    },
    "days": {
        "nb": "Dette er {parts} av {whole} dager; øreavrundingen fordeles så delene blir nøyaktig det hele.",
        "nn": "Dette er {parts} av {whole} dagar; øreavrundinga blir fordelt så delane blir nøyaktig det heile.",
        "en": "This is {parts} of {whole} days; øre are handed out so that the parts sum to the whole.",
    },
}
_EARLIER: Final = {
    "nb": "Trekkes fra slik det ble fakturert: {count} linje(r), til sammen {amount}, med {percent} % mva.",
    "nn": "Blir trekt frå slik det vart fakturert: {count} linje(r), til saman {amount}, med {percent} % mva.",
    "en": "Deducted as it was invoiced: {count} line(s), {amount} in all, at {percent} % VAT.",
}
_AMOUNT: Final = {"nb": "Beløp: {amount}.", "nn": "Beløp: {amount}.", "en": "Amount: {amount}."}


def write_service(service: str, language: str) -> str:
    """The name of a service: `Vann`; its own word where it has no other."""
    return _SERVICES.get(service, {}).get(language, service)


def write_kind(kind: str, language: str) -> str:
    """The name of a kind of line: `fradrag a konto`."""
    return _KINDS[Kind(kind)][language]


def write_line_text(kind: str, service: str, language: str, *, own: Mapping[str, str] | None = None) -> str:
    """The line's own text: `Vann oppgjør måler`; a price's own text comes first where it has one."""
    if own and own.get(language) and kind in (Kind.WORK, Kind.ONCE):
        return own[language]
    return f"{write_service(service, language)} {_KINDS[kind][language]}"


def write_sentences(line: Mapping[str, Any], data: Mapping[str, Any], language: str) -> list[str]:
    """The sentences of one line, in the order that it came about."""
    sentences = [_write_reading(reading, language) for reading in data.get("readings", ())]
    sentences += _write_methods(data, language)
    sentences += _write_deduction(line, data, language) if data.get("earlier") else [_write_price(data, language)]
    share = data.get("share")
    if share:
        sentences.append(_SHARE[share["of"]][language].format(**share))
    return [*sentences, _AMOUNT[language].format(amount=format_money(line["amount"], language=language))]


def _write_reading(reading: Mapping[str, Any], language: str) -> str:
    quality = _QUALITIES.get(reading["quality"], {}).get(language, reading["quality"])
    at = reading["at"]
    day = format_date(_to_date(at), language=language)
    value = format_number(_thousandths(reading["value"]), language=language, decimals=3)
    extra = ", ".join(filter(None, (quality, reading.get("source"))))
    if reading.get("note", "").startswith(BILLED_NOTE):
        return _BILLED[language].format(value=value, at=day)
    return _READING[language].format(meter=reading["meter"], value=value, at=day, quality=extra)


def _to_date(text: str) -> date:
    return date.fromisoformat(text[:10])


def _thousandths(text: str) -> Fraction:
    return Fraction(text)


def _write_methods(data: Mapping[str, Any], language: str) -> list[str]:
    found: list[str] = []
    for source in data.get("quantity", {}).get("from", ()):
        details = dict(source)
        for stretch in source.get("stipulated", ()):
            details |= stretch
        pattern = _METHODS.get(source["method"], {}).get(language)
        if pattern:
            found.append(pattern.format_map(_Blank(details)))
    return list(dict.fromkeys(found))


class _Blank(dict[str, Any]):
    """A detail that is not known is left out of the sentence, never the sentence itself."""

    def __missing__(self, key: str) -> str:
        return "–"


def _write_price(data: Mapping[str, Any], language: str) -> str:
    price = data["price"]
    start = price.get("valid_from")
    dates = _FROM[language].format(day=format_date(_to_date(start), language=language)) if start else ""
    value = format_number(
        _thousandths(price["value"]), language=language, decimals=len(price["value"].partition(".")[2])
    )
    unit = _UNITS.get(price["unit"], {}).get(language, price["unit"])
    vat = _WITH_VAT[language][price["vat_included"]]
    return _PRICE[language].format(value=value, unit=unit, vat=vat, dates=dates)


def _write_deduction(line: Mapping[str, Any], data: Mapping[str, Any], language: str) -> list[str]:
    amount = format_money(abs(line["amount"]), language=language)
    text = _EARLIER[language].format(count=len(data["earlier"]), amount=amount, percent=data["vat"]["percent"])
    return [text]
