# SPDX-License-Identifier: Apache-2.0
"""Reference pages of the telegram engine: outcomes, record tables, units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from avlest.telegrams.outcomes import DESCRIPTIONS
from avlest.telegrams.records import dif, vif_tables
from avlest.telegrams.records.formats import KNOWN_FORMATS, derive_format_signature, expand_format
from avlest.telegrams.records.vif_tables import Effect, VifeRow, VifRow
from avlest.telegrams.units import UNITS
from scripts.reference.markdown import make_code, make_page, make_table


def build_error_codes() -> str:
    """Page of the codes that `error` may hold."""
    intro = (
        "Every telegram ends in one of these codes. `ok` is not printed; any other code is the value of `error` in the "
        "object that `avlest decode` prints in the telegram's place, beside `line` (the line of the input, from 1) and "
        "`detail` (what was wrong, in words)."
    )
    rows = ((make_code(outcome.value), text) for outcome, text in DESCRIPTIONS.items())
    return make_page("Error codes", intro, make_table(("code", "meaning"), rows))


def describe_fraction(value: Fraction) -> str:
    """A factor as people write it: whole, decimal where that is exact, else a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return f"{float(value):.12g}" if rest == 1 else f"{value.numerator}/{value.denominator}"


def describe_code(first: int, last: int) -> str:
    """`13`, or `10–17` for a run."""
    return f"`{first:02X}`" if first == last else f"`{first:02X}`–`{last:02X}`"


def describe_scale(row: VifRow) -> str:
    """What the number sent is multiplied with to come to the unit, over the run of codes."""
    if row.units:
        return ", ".join(row.units)
    exponents = [row.exponent, row.exponent + row.last - row.first]
    if row.factor == 1 and exponents == [0, 0]:
        return "1"
    factor = "" if row.factor == 1 else f"{describe_fraction(row.factor)}·"
    powers = dict.fromkeys(f"10^{exponent}" for exponent in exponents)
    return factor + " … ".join(powers)


def describe_vifs(rows: Sequence[VifRow]) -> str:
    """Table of the quantities of one VIF table."""
    cells = (
        (describe_code(row.first, row.last), row.quantity, row.unit, describe_scale(row), row.kind.value, row.source)
        for row in sorted(rows, key=lambda row: row.first)
    )
    return make_table(("code", "quantity", "unit", "factor or units", "integers are", "source"), cells)


def describe_effect(row: VifeRow) -> str:
    """What a VIFE does to the value, with its power of ten where it has one."""
    if row.effect in (Effect.MULTIPLY, Effect.ADD):
        return f"{row.effect.value} (10^{row.exponent} … 10^{row.exponent + row.last - row.first})"
    return row.effect.value


def describe_vifes(rows: Sequence[VifeRow]) -> str:
    """Table of the combinable VIFEs."""
    cells = (
        (describe_code(row.first, row.last), row.name, describe_effect(row), row.source)
        for row in sorted(rows, key=lambda row: row.first)
    )
    return make_table(("code", "name", "effect", "source"), cells)


def describe_data_fields() -> Iterator[tuple[str, str, str]]:
    """Rows of the data-field table: low four bits of the DIF, bytes of data, coding."""
    for code, (length, coding) in sorted(dif.DATA_FIELDS.items()):
        size = "said by the LVAR byte" if length == dif.VARIABLE else str(length)
        yield f"`{code:X}`", size, coding.value


def describe_signature(text: str) -> str:
    """The signature of a DIF/VIF string; one with resolutions left open has many."""
    formats = expand_format(text)
    return f"`{derive_format_signature(formats[0]):04X}`" if len(formats) == 1 else f"{len(formats)} signatures"


def build_records() -> str:
    """Page of the record tables: DIF, VIF, VIFE, known compact formats."""
    intro = (
        "A data record is DIF, DIFEs, VIF, VIFEs and data (EN 13757-3). The low four bits of the DIF say how many "
        "bytes of data follow and how they are coded; the VIF says quantity, unit and power of ten; VIFEs refine it. "
        "Codes are hexadecimal with the extension bit (80) clear. A code that stands in no table is reserved: the "
        f"record is kept with the quantity `unknown`. At most {dif.MAX_EXTENSIONS} DIFEs and {dif.MAX_EXTENSIONS} "
        "VIFEs are read."
    )
    formats = ((describe_signature(text), make_code(text), meters) for text, meters in KNOWN_FORMATS)
    return make_page(
        "Record tables",
        intro,
        "## Data field of the DIF",
        make_table(("DIF & 0F", "bytes", "coding"), describe_data_fields()),
        "## VIF",
        describe_vifs(vif_tables.PRIMARY),
        "## VIF after FB",
        describe_vifs(vif_tables.FB),
        "## VIF after FD",
        describe_vifs(vif_tables.FD),
        "## VIF after FD FD",
        describe_vifs(vif_tables.FD_FD),
        "## Combinable VIFE",
        describe_vifes(vif_tables.COMBINABLE),
        "## Combinable VIFE after FC",
        describe_vifes(vif_tables.COMBINABLE_FC),
        "## Known formats of compact frames",
        "A compact frame (CI 79) carries data only; its format signature names one of these DIF/VIF strings, or one "
        "learned from an earlier full frame. `E` and `V` stand for the VIF of energy and of volume, whose resolution "
        "is chosen when the meter is ordered.",
        make_table(("signature", "DIF/VIF string", "meters"), formats),
    )


def build_units() -> str:
    """Page of the unit names that end field names."""
    intro = (
        "The last part of a field name is its unit: `total_m3`, `flow_temperature_c`. Units of one dimension convert "
        "exactly: value × factor (+ zero point, for temperatures) is the value in the dimension's base unit, the one "
        "with factor 1."
    )
    rows = (
        (make_code(unit.name), unit.label, unit.dimension, describe_fraction(unit.factor), describe_fraction(unit.zero))
        for unit in sorted(UNITS.values(), key=lambda unit: (unit.dimension, unit.factor, unit.name))
    )
    return make_page("Units", intro, make_table(("name", "written", "dimension", "factor", "zero point"), rows))
