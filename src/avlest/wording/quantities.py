# SPDX-License-Identifier: Apache-2.0
"""Values of series with a unit that people read: litres below a cubic metre, m³ above.  Pure.

The steps between units and the decimals of each are the table `_SCALES`; which unit a
series has is data, so no medium is named here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from avlest.telegrams.units import UNITS
from avlest.wording.languages import MINUS, NBSP, get_language
from avlest.wording.numbers import MISSING, format_number, round_scaled, write_scaled


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """One way to write a canonical unit: `divisor` canonical units are one of `label`.

    Used from `start` canonical units on; `whole_from` is the size (in `label`) from which no
    decimals are shown, below it there are `decimals`.
    """

    unit: str
    start: int
    divisor: int
    decimals: int
    whole_from: int | None = None


# canonical unit -> ways to write it, the smallest first (ux §5: m³ 1 decimal, litres 0, kWh 1 below 100)
_SCALES: Final[dict[str, tuple[Scale, ...]]] = {
    "l": (Scale("l", 0, 1, 0), Scale("m3", 1000, 1000, 1)),
    "kwh": (Scale("kwh", 0, 1, 1, 100), Scale("mwh", 1_000_000, 1000, 1)),
    "w": (Scale("w", 0, 1, 0), Scale("kw", 1000, 1000, 1)),
    "lh": (Scale("lh", 0, 1, 0), Scale("m3h", 10_000, 1000, 1)),
    "c": (Scale("c", 0, 1, 1),),
    "v": (Scale("v", 0, 1, 0),),
    "a": (Scale("a", 0, 1, 1),),
    "hca": (Scale("hca", 0, 1, 0),),
}

# Words where the symbol of `telegrams.units` is not what people say; the second is for exactly one.
_WORDS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "l": {"nb": ("liter", "liter"), "nn": ("liter", "liter"), "en": ("litres", "litre")},
    "lh": {"nb": ("liter/time", "liter/time"), "nn": ("liter/time", "liter/time"), "en": ("litres/hour", "litre/hour")},
    "hca": {"nb": ("enheter", "enhet"), "nn": ("einingar", "eining"), "en": ("units", "unit")},
    "m3h": {"nb": ("m³/t", "m³/t"), "nn": ("m³/t", "m³/t"), "en": ("m³/h", "m³/h")},
}


def _get_scales(unit: str) -> tuple[Scale, ...]:
    return _SCALES.get(unit) or (Scale(unit, 0, 1, 1),)


def _choose_scale(values: Iterable[int | None], unit: str) -> Scale:
    largest = max((abs(value) for value in values if value is not None), default=0)
    return next(scale for scale in reversed(_get_scales(unit)) if largest >= scale.start * 1000)


def choose_unit(values: Iterable[int | None], unit: str) -> str:
    """Return the unit that suits the largest of `values`, so that a chart or table has one unit.

    `values` are thousandths of the canonical unit `unit`; the answer goes to `format_in_unit`.
    """
    return _choose_scale(values, unit).unit


def get_unit_label(unit: str, *, language: str = "nb", is_one: bool = False) -> str:
    """Return the word or symbol of a unit: "liter", "m³", "kWh"; the name itself where none is known."""
    words = _WORDS.get(unit)
    if words is not None:
        return words[get_language(language).code][is_one]
    known = UNITS.get(unit)
    return (known.label if known else "") or unit


def _join(number: str, unit: str, language: str) -> str:
    return f"{number}{NBSP}{get_unit_label(unit, language=language, is_one=number == '1')}"


def format_quantity(value: int | None, unit: str, *, language: str = "nb", decimals: int | None = None) -> str:
    """Write a value of a series: "12,4 m³", "830 liter", "41 kWh".

    `value` is thousandths of the canonical unit `unit` (1 litre = 1000); None is "–".
    `decimals` fixes the decimals; without it the unit's own are used and an empty last
    decimal is left out ("41 kWh").
    """
    if value is None:
        return MISSING
    scale = _choose_scale((value,), unit)
    exact = Fraction(value, 1000 * scale.divisor)
    if decimals is not None:
        return _join(format_number(exact, language=language, decimals=decimals), scale.unit, language)
    return _join(_write_short(exact, scale, language), scale.unit, language)


def _write_short(exact: Fraction, scale: Scale, language: str) -> str:
    is_large = scale.whole_from is not None and abs(exact) >= scale.whole_from
    decimals = 0 if is_large else scale.decimals
    scaled = round_scaled(exact, decimals)
    while decimals and scaled % 10 == 0:
        scaled, decimals = scaled // 10, decimals - 1
    words = get_language(language)
    return write_scaled(scaled, decimals, point=words.point, group=words.group, minus=MINUS)


def format_in_unit(
    value: int | None,
    unit: str,
    shown: str,
    *,
    language: str = "nb",
    decimals: int | None = None,
    with_label: bool = True,
) -> str:
    """Write a value in the unit `shown` that `choose_unit` gave, with a fixed number of decimals.

    For the rows of one table or the bars of one chart; without the label for a column whose
    head names the unit.
    """
    if value is None:
        return MISSING
    scale = next(scale for scale in _get_scales(unit) if scale.unit == shown)
    places = scale.decimals if decimals is None else decimals
    number = format_number(Fraction(value, 1000 * scale.divisor), language=language, decimals=places)
    return _join(number, shown, language) if with_label else number
