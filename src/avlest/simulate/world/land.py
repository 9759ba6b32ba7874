# SPDX-License-Identifier: Apache-2.0
"""The land: where zones, streets, farms and cabins lie, how high, and how far radio carries.  Pure.

Fjordvik is invented; its coordinates lie on dry land in inner Trøndelag, so that a map shows nobody in the sea.
Places are metres east and north of the south-western corner.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from typing import Final

import numpy as np

from avlest.simulate.chance import Integers, draw, get_stream, normal, scale, take_bits

_SOUTH, _WEST = 63_775_000, 11_490_000  # millionths of a degree
_METRE_NORTH, _METRE_EAST = 8_983, 20_333  # milliardths of a degree per metre at 63.8° north
TOWN: Final = (5_400, 4_400)  # metres east and north
CABINS: Final = (5_600, 2_800, 2_300, 1_900)  # corner east and north, size east and north
_HOUSE_STEP, _STREET_SIDE = 24, 13
HOMES_A_STREET: Final = 18
_CORE: Final = 620  # metres across a zone's streets
_DIRECTIONS: Final = ((10, 0), (7, 7), (0, 10), (-7, 7), (-10, 0), (-7, -7), (0, -10), (7, -7))
_HILL: Final = 900  # metres between hilltops


def to_degrees(east: Integers, north: Integers) -> tuple[Integers, Integers]:
    """Latitude and longitude in millionths of a degree."""
    return _SOUTH + north * _METRE_NORTH // 1000, _WEST + east * _METRE_EAST // 1000


def place_in_streets(seed: int, zone: Integers, number: Integers, zones: int) -> tuple[Integers, Integers]:
    """East and north of the `number`-th home of a zone: along streets, on either side."""
    street, house = np.divmod(number, HOMES_A_STREET)
    words = draw(get_stream(seed, "streets"), zone, street)
    columns = int(np.sqrt(zones)) + 1
    rows = -(-zones // columns)
    width, height = TOWN[0] // columns, TOWN[1] // rows
    line = np.array(_DIRECTIONS, np.int64)[take_bits(words, 0, 3)]
    along = house // 2 * _HOUSE_STEP
    side = np.where(house % 2 == 0, _STREET_SIDE, -_STREET_SIDE)
    across, up = min(width * 8 // 10, _CORE), min(height * 8 // 10, _CORE)
    east = zone % columns * width + (width - across) // 2 + scale(words, 0, across)
    north = zone // columns * height + (height - up) // 2 + (take_bits(words, 8, 16) * up >> 16)
    east += (line[:, 0] * along - line[:, 1] * side) // 10
    north += (line[:, 1] * along + line[:, 0] * side) // 10
    return np.clip(east, 0, TOWN[0]), np.clip(north, 0, TOWN[1])


def place_cabins(seed: int, number: Integers) -> tuple[Integers, Integers]:
    """East and north of cabins in the hills."""
    words = draw(get_stream(seed, "cabin places"), number)
    east, north, width, height = CABINS
    return east + scale(words, 0, width), north + (take_bits(words, 0, 24) * height >> 24)


def derive_height(seed: int, east: Integers, north: Integers) -> Integers:
    """Metres above the fjord: rising inland, with hills."""
    column, x = np.divmod(east, _HILL)
    row, y = np.divmod(north, _HILL)
    stream = get_stream(seed, "hills")
    corners = [normal(draw(stream, column + a, row + b)) * 28 >> 16 for a in (0, 1) for b in (0, 1)]
    south = corners[0] * (_HILL - x) + corners[2] * x
    up = corners[1] * (_HILL - x) + corners[3] * x
    hills = (south * (_HILL - y) + up * y) // (_HILL * _HILL)
    height: Integers = np.maximum(12 + east // 55 + hills, 2)
    return height


@lru_cache(maxsize=1)
def _decades() -> Integers:
    """Hundredths of the decimal logarithm of 1, 2, 3 … times ten metres."""
    with localcontext(prec=20):
        return np.array([int(Decimal(max(step, 1)).log10() * 100) for step in range(4_000)], np.int64)


def derive_level(
    seed: int, here: tuple[Integers, Integers], there: tuple[Integers, Integers], *, slope: int, indoor: Integers
) -> Integers:
    """The level (dBm) at which gateways (there) hear meters (here), shape (meters, gateways).

    `slope`: dB a decade of distance; `indoor`: dB that each meter loses on its way out of the house.
    """
    east, north = here[0][:, None] - there[0][None, :], here[1][:, None] - there[1][None, :]
    distance = np.sqrt(east * east + north * north).astype(np.int64)
    path = _decades()[np.minimum(distance // 10, 3_999)] * slope // 100
    middle = derive_height(seed, (here[0][:, None] + there[0]) // 2, (here[1][:, None] + there[1]) // 2)
    ends = derive_height(seed, *here)[:, None] + derive_height(seed, *there)[None, :] + 14
    hill = np.clip(middle - ends // 2, 0, 14)
    level: Integers = -46 - path - hill - indoor[:, None]
    return level


def derive_chance(level: Integers, sensitivity: int) -> Integers:
    """The chance, of 65536, that a telegram of this level is heard."""
    margin = level - sensitivity
    good = np.minimum(56_000 + margin * 620, 65_430)
    return np.where(margin >= 0, good, np.maximum(56_000 + margin * 5_500, 0))
