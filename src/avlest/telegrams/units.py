# SPDX-License-Identifier: Apache-2.0
"""The units that readings come in: name, dimension and exact factor.

A unit name is the suffix of a field name (`total_m3`, `power_kw`).  Two units of one
dimension convert with an exact fraction; nothing here rounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, overload


class UnitError(ValueError):
    """An unknown unit name, or two units of different dimensions."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: `value * factor + zero` is the value in the dimension's base unit.

    `zero` differs from 0 only for temperatures with another zero point.
    `label` is what people read ("m³/h").
    """

    name: str
    dimension: str
    factor: Fraction
    label: str
    zero: Fraction = Fraction(0)


_KCAL: Final = Fraction(41868, 10000) / 3600  # kWh; the international table calorie
_GAL: Final = Fraction(3785411784, 10**12)  # m³; US liquid gallon = 231 cubic inches
_FT3: Final = Fraction(3048, 10000) ** 3  # m³; 1 foot = 0.3048 m
_YEAR: Final = Fraction(3652425, 10000)  # days; the mean Gregorian year

# name, dimension, factor to the base unit of the dimension, label
_ROWS: Final[tuple[tuple[str, str, int | Fraction, str], ...]] = (
    ("wh", "energy", Fraction(1, 1000), "Wh"),
    ("kwh", "energy", 1, "kWh"),
    ("mwh", "energy", 1000, "MWh"),
    ("gwh", "energy", 1_000_000, "GWh"),
    ("j", "energy", Fraction(1, 3_600_000), "J"),
    ("kj", "energy", Fraction(1, 3600), "kJ"),
    ("mj", "energy", Fraction(10, 36), "MJ"),
    ("gj", "energy", Fraction(10_000, 36), "GJ"),
    ("kcal", "energy", _KCAL, "kcal"),
    ("mcal", "energy", _KCAL * 1000, "Mcal"),
    ("gcal", "energy", _KCAL * 1_000_000, "Gcal"),
    ("varh", "reactive_energy", Fraction(1, 1000), "varh"),
    ("kvarh", "reactive_energy", 1, "kvarh"),
    ("mvarh", "reactive_energy", 1000, "Mvarh"),
    ("vah", "apparent_energy", Fraction(1, 1000), "VAh"),
    ("kvah", "apparent_energy", 1, "kVAh"),
    ("mvah", "apparent_energy", 1000, "MVAh"),
    ("w", "power", Fraction(1, 1000), "W"),
    ("kw", "power", 1, "kW"),
    ("mw", "power", 1000, "MW"),
    ("jh", "power", Fraction(1, 3_600_000), "J/h"),
    ("kjh", "power", Fraction(1, 3600), "kJ/h"),
    ("mjh", "power", Fraction(10, 36), "MJ/h"),
    ("gjh", "power", Fraction(10_000, 36), "GJ/h"),
    ("var", "reactive_power", Fraction(1, 1000), "var"),
    ("kvar", "reactive_power", 1, "kvar"),
    ("mvar", "reactive_power", 1000, "Mvar"),
    ("va", "apparent_power", Fraction(1, 1000), "VA"),
    ("kva", "apparent_power", 1, "kVA"),
    ("mva", "apparent_power", 1000, "MVA"),
    ("m3", "volume", 1, "m³"),
    ("l", "volume", Fraction(1, 1000), "l"),
    ("ml", "volume", Fraction(1, 1_000_000), "ml"),
    ("ft3", "volume", _FT3, "ft³"),
    ("gal", "volume", _GAL, "gal"),
    ("m3h", "volume_flow", 1, "m³/h"),
    ("m3min", "volume_flow", 60, "m³/min"),
    ("m3s", "volume_flow", 3600, "m³/s"),
    ("lh", "volume_flow", Fraction(1, 1000), "l/h"),
    ("lmin", "volume_flow", Fraction(60, 1000), "l/min"),
    ("galh", "volume_flow", _GAL, "gal/h"),
    ("galmin", "volume_flow", _GAL * 60, "gal/min"),
    ("m3c", "volume_temperature", 1, "m³·°C"),
    ("kg", "mass", 1, "kg"),
    ("g", "mass", Fraction(1, 1000), "g"),
    ("t", "mass", 1000, "t"),
    ("kgh", "mass_flow", 1, "kg/h"),
    ("th", "mass_flow", 1000, "t/h"),
    ("bar", "pressure", 1, "bar"),
    ("mbar", "pressure", Fraction(1, 1000), "mbar"),
    ("hpa", "pressure", Fraction(1, 1000), "hPa"),
    ("kpa", "pressure", Fraction(1, 100), "kPa"),
    ("pa", "pressure", Fraction(1, 100_000), "Pa"),
    ("ms", "duration", Fraction(1, 1000), "ms"),
    ("s", "duration", 1, "s"),
    ("min", "duration", 60, "min"),
    ("h", "duration", 3600, "h"),
    ("d", "duration", 86_400, "d"),
    ("month", "duration", _YEAR * 86_400 / 12, "months"),
    ("y", "duration", _YEAR * 86_400, "years"),
    ("v", "voltage", 1, "V"),
    ("mv", "voltage", Fraction(1, 1000), "mV"),
    ("kv", "voltage", 1000, "kV"),
    ("a", "current", 1, "A"),
    ("ma", "current", Fraction(1, 1000), "mA"),
    ("ka", "current", 1000, "kA"),
    ("hz", "frequency", 1, "Hz"),
    ("khz", "frequency", 1000, "kHz"),
    ("m", "length", 1, "m"),
    ("mm", "length", Fraction(1, 1000), "mm"),
    ("lx", "illuminance", 1, "lx"),
    ("deg", "angle", 1, "°"),
    ("factor", "ratio", 1, ""),
    ("pct", "ratio", Fraction(1, 100), "%"),
    ("ppm", "ratio", Fraction(1, 1_000_000), "ppm"),
    ("rh", "relative_humidity", 1, "% RH"),
    ("counter", "count", 1, ""),
    ("nr", "ordinal", 1, ""),
    ("hca", "heat_cost_allocation", 1, "HCA units"),
    ("dbm", "signal_level", 1, "dBm"),
    ("baud", "signalling_rate", 1, "baud"),
    ("bit_times", "bit_times", 1, "bit times"),
    ("currency", "money", 1, "currency units"),
    ("datetime", "point_in_time", 1, ""),
    ("date", "calendar_date", 1, ""),
    ("time", "time_of_day", 1, ""),
    ("txt", "text", 1, ""),
)

_TEMPERATURES: Final = (
    Unit("c", "temperature", Fraction(1), "°C"),
    Unit("k", "temperature", Fraction(1), "K", Fraction(-27315, 100)),
    Unit("f", "temperature", Fraction(5, 9), "°F", Fraction(-160, 9)),
)

UNITS: Final[dict[str, Unit]] = {
    **{name: Unit(name, dim, Fraction(factor), label) for name, dim, factor, label in _ROWS},
    **{unit.name: unit for unit in _TEMPERATURES},
}


def get_unit(name: str) -> Unit:
    """The unit called `name`; `UnitError` when there is none."""
    try:
        return UNITS[name]
    except KeyError:
        raise UnitError(f"unknown unit {name!r}; the known ones are {', '.join(UNITS)}") from None


@lru_cache(maxsize=1024)
def _derive_conversion(source: str, target: str) -> tuple[Fraction, Fraction]:
    a, b = get_unit(source), get_unit(target)
    if a.dimension != b.dimension:
        raise UnitError(f"{source} is a unit of {a.dimension}, {target} of {b.dimension}")
    return a.factor / b.factor, (a.zero - b.zero) / b.factor


def factor(source: str, target: str) -> Fraction:
    """The exact factor from `source` to `target`, for amounts and for differences.

    Zero points play no part: `factor("k", "c")` is 1, which is right for a temperature
    difference.  For a temperature itself use `convert`.
    """
    return _derive_conversion(source, target)[0]


@overload
def convert(value: Fraction | int, source: str, target: str) -> Fraction: ...
@overload
def convert(value: float, source: str, target: str) -> float: ...
def convert(value: Fraction | float, source: str, target: str) -> Fraction | float:
    """`value` of unit `source` in unit `target`, the zero point of temperatures included.

    Exact for fractions and integers; a float stays a float (one correctly rounded
    multiplication and addition at most).
    """
    scale, zero = _derive_conversion(source, target)
    if isinstance(value, float):
        return float(Fraction(value) * scale + zero) if value - value == 0 else value
    return value * scale + zero
