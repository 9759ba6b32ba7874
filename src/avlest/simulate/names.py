# SPDX-License-Identifier: Apache-2.0
"""Invented names, addresses and identifiers.  Pure.

Identifiers have valid check digits and cannot be anybody's: organisation numbers begin with 1 (issued ones with 8 or
9), GSRNs with 299 (GS1 keeps 200-299 for use inside a company), the municipality number 5099 is not in use, e-mail
ends in `.example`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from avlest.simulate.chance import Integers, draw, get_stream, scale, take_bits

MUNICIPALITY: Final = "5099"
POSTAL_CODE: Final = "7999"
CITY: Final = "Fjordvik"

FIRST_NAMES: Final = (
    "Anne", "Bjørn", "Camilla", "Dag", "Eli", "Finn", "Grete", "Håkon", "Ingrid", "Jon", "Kari", "Lars",
    "Marit", "Nils", "Oda", "Per", "Ragnhild", "Sindre", "Tone", "Ulrik", "Vigdis", "Yngve", "Åse", "Øystein",
    "Amina", "Ali", "Fatima", "Omar", "Ewa", "Piotr", "Agnieszka", "Jonas", "Emma", "Noah", "Nora", "Jakob",
    "Sofie", "Emil", "Ida", "Magnus", "Hanna", "Tobias", "Thea", "Kristian", "Silje", "Morten", "Hilde", "Geir",
    "Randi", "Terje", "Solveig", "Arne", "Gunn", "Odd", "Bente", "Knut", "Berit", "Rune", "Lise", "Stian",
)  # fmt: skip
LAST_NAMES: Final = (
    "Fjordvik", "Naustdal", "Bergeskar", "Lyngås", "Havrevoll", "Tangmo", "Storåker", "Vikesund", "Bjørkenes",
    "Granhaug", "Myrdalen", "Solbrekka", "Kvernmo", "Elvestrand", "Haugmark", "Nordskar", "Sørlien",
    "Østervoll", "Vesterhus", "Steinrabb", "Furuset", "Askeland", "Rognmo", "Selåsen", "Kleppnes", "Sandvollen",
    "Moldhaug", "Brattvær", "Lundseng", "Fossmo", "Heggstad", "Einerås", "Skogvang", "Tunmark", "Breivang",
    "Langmyr", "Kråkstad", "Svanvær", "Ørnhaug", "Laksvik",
)  # fmt: skip
_STREET_HEADS: Final = (
    "Naust", "Berg", "Lyng", "Bjørke", "Gran", "Furu", "Selje", "Rogn", "Heggeli", "Osp", "Einer", "Fjord",
    "Strand", "Skole", "Kirke", "Kverne", "Møllar", "Elve", "Sand", "Stein", "Haug", "Myr", "Lund", "Ås", "Sol",
    "Vår", "Høst", "Nord", "Sør", "Vest", "Øst", "Skog", "Tiur", "Orre", "Rype", "Hare", "Rev", "Elg", "Gaupe",
    "Måse",
)  # fmt: skip
_STREET_TAILS: Final = ("vegen", "bakken", "lia", "stien", "tunet", "ringen", "gata", "haugen", "svingen", "faret")
ZONE_NAMES: Final = (
    "Sentrum", "Nordlia", "Sørbygda", "Åsen", "Elvestranda", "Moan", "Bergslia", "Holmen", "Vestmarka", "Øvre Fjordvik",
)  # fmt: skip


_WEIGHTS: Final = (3, 2, 7, 6, 5, 4, 3, 2)


def derive_gsrn(number: int) -> str:
    """The GSRN with this running number."""
    body = f"299{number:014}"
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def list_organisation_numbers(count: int) -> list[str]:
    """The first organisation numbers; those whose check digit would be 10 do not exist."""
    found: list[str] = []
    body = 10_000_000
    while len(found) < count:
        body += 1
        total = sum(int(digit) * weight for digit, weight in zip(f"{body}", _WEIGHTS, strict=True))
        if total % 11 != 1:
            found.append(f"{body}{-total % 11}")
    return found


def name_people(seed: int, keys: Integers) -> list[str]:
    """A name for each key; a name may occur twice, as in life."""
    words = draw(get_stream(seed, "names"), keys)
    first = np.array(FIRST_NAMES, object)[scale(words, 0, len(FIRST_NAMES) - 1)]
    last = np.array(LAST_NAMES, object)[take_bits(words, 0, 24) % len(LAST_NAMES)]
    names: list[str] = (first + " " + last).tolist()
    return names


def name_streets(count: int) -> list[str]:
    """Names of streets, all different."""
    heads, tails = len(_STREET_HEADS), len(_STREET_TAILS)
    names = []
    for number in range(count):
        turn, place = divmod(number, heads * tails)
        head = _STREET_HEADS[(place * 7 + place // heads) % heads]
        tail = _STREET_TAILS[(place // heads + place * 3) % tails]
        names.append(
            f"{head}{tail}" if turn == 0 else f"{ZONE_NAMES[turn % 10]} {head}{tail} {turn // 10 or ''}".strip()
        )
    return names


def write_emails(names: list[str], keys: Integers) -> pl.Series:
    """An address that never delivers for each person."""
    plain = (
        pl.Series(names)
        .str.to_lowercase()
        .str.replace_all(" ", ".")
        .str.replace_many(["æ", "ø", "å"], ["ae", "o", "a"])
    )
    return plain + pl.Series(keys).cast(pl.String) + "@fjordvik.example"
