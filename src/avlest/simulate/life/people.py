# SPDX-License-Identifier: Apache-2.0
"""Who lives where, who pays, and who moves.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from avlest.simulate.chance import Integers, choose, draw, get_stream, scale, take_bits
from avlest.simulate.contracts import EventKind
from avlest.simulate.names import list_organisation_numbers, name_people, write_emails
from avlest.simulate.planned import DAY, Plan, to_micros
from avlest.simulate.tables import Tables, to_instants

MOVES: Final = 6  # per cent of dwellings in the world's time
_EMPTY_DAYS: Final = (0, 0, 0, 0, 12, 35, 70)  # between one household and the next
_EARLIER_YEARS: Final = 12
_LANGUAGES: Final = ("nb", "nn", "en")
_COMPANIES: Final = ("shop", "school", "care_home", "cooperative", "network")
_MUNICIPAL: Final = ("school", "care_home", "network")


@dataclass(frozen=True, slots=True)
class Dwelling:
    """Dwellings as columns: unit, property, home, and the points whose use stops while nobody lives there."""

    unit: Integers
    property: Integers
    home: Integers
    is_flat: np.ndarray


def add_municipality(tables: Tables) -> Integers:
    """The municipality itself and the plumber, as parties."""
    numbers = list_organisation_numbers(2)
    names = ["Fjordvik kommune", "Fjordvik Rør AS"]
    return add_companies(tables, names, numbers)


def add_companies(tables: Tables, names: list[str], numbers: list[str]) -> Integers:
    """Companies with their organisation numbers."""
    first = tables.counts.get("parties", 0)
    index = np.arange(first, first + len(names))
    columns = {
        "code": "K" + pl.Series(index).cast(pl.String).str.zfill(6),
        "kind": "company",
        "name": names,
        "number": numbers,
        "email": [f"post{number}@fjordvik.example" for number in index.tolist()],
        "language": "nb",
    }
    return tables.add("parties", columns, count=len(names))


def add_people(tables: Tables, count: int) -> Integers:
    """People who never were."""
    first = tables.counts.get("parties", 0)
    index = np.arange(first, first + count)
    names = name_people(tables.seed, index)
    language = choose(draw(get_stream(tables.seed, "languages"), index), (80, 12, 8))
    columns = {
        "code": "K" + pl.Series(index).cast(pl.String).str.zfill(6),
        "kind": "person",
        "name": names,
        "email": write_emails(names, index),
        "phone": "+47000" + pl.Series(index).cast(pl.String).str.zfill(7),
        "language": np.array(_LANGUAGES, object)[language],
    }
    return tables.add("parties", columns, count=count)


def settle_people(tables: Tables, plan: Plan) -> None:
    """Give every dwelling its household, every property its subscriber; some move within the world's time."""
    dwellings = _list_dwellings(tables)
    _add_companies_of_places(tables)
    count = len(dwellings.unit)
    words = draw(get_stream(tables.seed, "moves"), dwellings.home)
    moves = take_bits(words, 0, 16) * 100 >> 16 < MOVES
    moved_out = plan.span.pick_midnights(words)
    empty = np.array(_EMPTY_DAYS, np.int64)[take_bits(words, 16, 16) % len(_EMPTY_DAYS)] * DAY
    # Nobody moves in before the other has moved out, however short the world is.
    moved_in = np.maximum(np.minimum(moved_out + empty, plan.span.stop - DAY), moved_out)
    since = to_micros(tables.start) - scale(words, 30, _EARLIER_YEARS * 365) * DAY
    people = add_people(tables, count)
    _add_tenancies(tables, dwellings, people, since, np.where(moves, moved_out, -1))
    chosen = np.flatnonzero(moves)
    newcomers = add_people(tables, len(chosen))
    later = Dwelling(
        *(column[chosen] for column in (dwellings.unit, dwellings.property, dwellings.home, dwellings.is_flat))
    )
    _add_tenancies(tables, later, newcomers, moved_in[chosen], np.full(len(chosen), -1))
    _note_moves(tables, plan, later, moved_out[chosen], moved_in[chosen])


def _list_dwellings(tables: Tables) -> Dwelling:
    loads = tables.collect("loads").select("point", "home")
    water = tables.collect("points").filter(
        pl.col("unit").is_not_null() & (pl.col("medium") == "cold_water") & (pl.col("purpose") == "billing")
    )
    kinds = tables.collect("properties").select("property", "kind")
    rows = (
        tables.collect("units").filter(pl.col("kind") == "dwelling").select("unit", "property")
        .join(kinds, on="property")
        .join(water.select("point", "unit"), on="unit")
        .join(loads, on="point")
        .sort("unit")
    )  # fmt: skip
    unit, place, home = (rows[name].cast(pl.Int64).to_numpy() for name in ("unit", "property", "home"))
    return Dwelling(unit, place, home, (rows["kind"] == "cooperative").to_numpy())


def _add_tenancies(tables: Tables, dwellings: Dwelling, people: Integers, start: Integers, stop: Integers) -> None:
    """Residents of the unit; who owns a house or cabin is the property's subscriber, who has a flat owns its share."""
    for role, mask, whole in (
        ("resident", np.ones(len(people), bool), False),
        ("owner", dwellings.is_flat, False),
        ("subscriber", ~dwellings.is_flat, True),
    ):
        columns = {
            "party": people[mask],
            "property": dwellings.property[mask],
            "unit": None if whole else dwellings.unit[mask],
            "role": role,
            "starts_at": to_instants(start[mask]),
            "ends_at": to_instants(stop[mask]),
        }
        tables.add("tenancies", columns, count=int(mask.sum()))


def _note_moves(tables: Tables, plan: Plan, dwellings: Dwelling, out: Integers, into: Integers) -> None:
    points = tables.collect("points").join(tables.collect("loads").select("point", "home", "load"), on="point")
    homes = points.filter(pl.col("home").is_in(dwellings.home) & ~pl.col("load").is_in(["charger"]))
    spans = pl.DataFrame({"home": dwellings.home, "starts_at": out, "ends_at": into})
    rows = homes.with_columns(pl.col("home").cast(pl.Int64)).join(spans, on="home").sort("point")
    water = rows.filter(pl.col("load").is_in(["home_water", "cabin_water", "flat_cold"]))
    plan.add(EventKind.MOVE, point=water["point"], starts_at=water["starts_at"], ends_at=water["ends_at"])
    empty = rows.filter(pl.col("ends_at") > pl.col("starts_at"))
    plan.add(EventKind.VACANCY, point=empty["point"], starts_at=empty["starts_at"], ends_at=empty["ends_at"])


def _add_companies_of_places(tables: Tables) -> None:
    """Subscribers of shops and co-operatives; schools and the like are the municipality's."""
    places = tables.collect("properties").filter(pl.col("kind").is_in(_COMPANIES))
    own = places.filter(~pl.col("kind").is_in(_MUNICIPAL))
    names = [name if kind == "cooperative" else f"{name} AS" for name, kind in own.select("name", "kind").iter_rows()]
    numbers = list_organisation_numbers(len(names) + 2)[2:]
    companies = add_companies(tables, names, numbers)
    municipal = places.filter(pl.col("kind").is_in(_MUNICIPAL))
    for parties, properties in ((companies, own), (np.zeros(len(municipal), np.int64), municipal)):
        columns = {
            "party": parties,
            "property": properties["property"],
            "role": "subscriber",
            "starts_at": tables.start.replace(year=tables.start.year - 8, day=1),
        }
        tables.add("tenancies", columns, count=len(properties))
