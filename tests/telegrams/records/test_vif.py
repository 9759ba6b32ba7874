# SPDX-License-Identifier: Apache-2.0
"""VIFs and VIFEs mean what EN 13757-3 says, checked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from avlest.telegrams.records.vif import parse_vib


def tell(vib: str) -> tuple[str, str, Fraction, tuple[str, ...]]:
    meaning = parse_vib(bytes.fromhex(vib)).meaning
    return meaning.quantity, meaning.unit, meaning.scale, meaning.modifiers


@pytest.mark.parametrize(
    ("vib", "quantity", "unit", "scale"),
    [
        ("00", "energy", "kwh", "1/1000000"),  # 1 mWh
        ("06", "energy", "kwh", "1"),
        ("07", "energy", "kwh", "10"),
        ("08", "energy", "mj", "1/1000000"),  # 1 J
        ("0E", "energy", "mj", "1"),
        ("0F", "energy", "mj", "10"),
        ("10", "volume", "m3", "1/1000000"),
        ("13", "volume", "m3", "1/1000"),  # litres
        ("17", "volume", "m3", "10"),
        ("18", "mass", "kg", "1/1000"),
        ("1F", "mass", "kg", "10000"),
        ("20", "on_time", "s", "1"),
        ("23", "on_time", "d", "1"),
        ("26", "operating_time", "h", "1"),
        ("28", "power", "kw", "1/1000000"),
        ("2F", "power", "kw", "10"),
        ("30", "power", "mjh", "1/1000000"),
        ("38", "volume_flow", "m3h", "1/1000000"),
        ("3B", "volume_flow", "m3h", "1/1000"),
        ("3F", "volume_flow", "m3h", "10"),
        ("40", "volume_flow", "m3h", "60/10000000"),
        ("44", "volume_flow", "m3h", "60/1000"),  # litres a minute
        ("48", "volume_flow", "m3h", "3600/1000000000"),
        ("4E", "volume_flow", "m3h", "3600/1000"),  # litres a second
        ("53", "mass_flow", "kgh", "1"),
        ("58", "flow_temperature", "c", "1/1000"),
        ("5B", "flow_temperature", "c", "1"),
        ("5D", "return_temperature", "c", "1/100"),
        ("62", "temperature_difference", "k", "1/10"),
        ("67", "external_temperature", "c", "1"),
        ("68", "pressure", "bar", "1/1000"),
        ("6B", "pressure", "bar", "1"),
        ("6E", "heat_cost_allocation", "hca", "1"),
        ("71", "averaging_duration", "min", "1"),
        ("76", "actuality_duration", "h", "1"),
        ("FB00", "energy", "kwh", "100"),  # 0.1 MWh
        ("FB01", "energy", "kwh", "1000"),
        ("FB02", "reactive_energy", "kvarh", "1"),
        ("FB05", "apparent_energy", "kvah", "10"),
        ("FB08", "energy", "gj", "1/10"),
        ("FB0D", "energy", "mcal", "1"),
        ("FB11", "volume", "m3", "1000"),
        ("FB14", "reactive_power", "kvar", "1/1000"),
        ("FB1A", "relative_humidity", "rh", "1/10"),
        ("FB1B", "relative_humidity", "rh", "1"),
        ("FB21", "volume", "ft3", "1/10"),
        ("FB28", "power", "kw", "100"),
        ("FB2A", "phase_angle_voltage_to_voltage", "deg", "1/10"),
        ("FB2C", "frequency", "hz", "1/1000"),
        ("FB2F", "frequency", "hz", "1"),
        ("FB31", "power", "gjh", "1"),
        ("FB37", "apparent_power", "kva", "1"),
        ("FB68", "hca_resulting_rating_factor", "factor", "1/4096"),
        ("FB77", "cold_warm_temperature_limit", "c", "1"),
        ("FB7B", "cumulative_max_power", "kw", "1/1000"),
        ("FD00", "credit", "currency", "1/1000"),
        ("FD08", "access_number", "counter", "1"),
        ("FD29", "storage_interval", "y", "1"),
        ("FD31", "duration_of_tariff", "min", "1"),
        ("FD33", "duration_of_tariff", "d", "1"),
        ("FD40", "voltage", "v", "1/1000000000"),
        ("FD48", "voltage", "v", "1/10"),
        ("FD4F", "voltage", "v", "1000000"),
        ("FD50", "current", "a", "1/1000000000000"),
        ("FD59", "current", "a", "1/1000"),
        ("FD5F", "current", "a", "1000"),
        ("FD6A", "duration_since_last_cumulation", "month", "1"),
        ("FD6F", "operating_time_battery", "y", "1"),
        ("FD74", "remaining_battery", "d", "1"),
        ("FDFD02", "remaining_battery", "month", "1"),
        ("FDFD03", "remaining_battery", "y", "1"),
    ],
)
def test_a_vif_has_the_meaning_of_the_standard(vib: str, quantity: str, unit: str, scale: str) -> None:
    numerator, _, denominator = scale.partition("/")
    expected = Fraction(int(numerator), int(denominator or "1"))
    assert tell(vib) == (quantity, unit, expected, ())


@pytest.mark.parametrize(
    ("vib", "unit", "scale", "modifiers"),
    [
        ("933B", "m3", "1/1000", ("forward_flow",)),
        ("933C", "m3", "1/1000", ("backward_flow",)),
        ("933A", "m3", "1/1000", ("uncorrected",)),
        ("9370", "m3", "1/1000000000", ()),
        ("9376", "m3", "1/1000", ()),
        ("9377", "m3", "1/100", ()),
        ("937D", "m3", "1", ()),
        ("93F07D", "m3", "1/1000000", ()),  # 10^-6, then 10^3
        ("93BB22", "m3", "1/1000", ("forward_flow", "per_hour")),
        ("BB48", "m3h", "1/1000", ("upper_limit",)),
        ("BB49", "counter", "1", ("count_of_upper_limit_exceeds",)),
        ("BB4E", "datetime", "1", ("begin_of_last_upper_limit_exceed",)),
        ("BB52", "h", "1", ("duration_of_first_lower_limit_exceed",)),
        ("BB5F", "d", "1", ("duration_of_last_upper_limit_exceed",)),
        ("BB64", "s", "1", ("duration_of_last",)),
        ("BB6C", "m3h", "1/1000", ("during_upper_limit_exceed",)),
        ("83FC01", "kwh", "1/1000", ("at_phase_l1",)),
        ("83FC8B03", "kwh", "1/1000", ("at_quadrant_q4", "error_subunit_not_implemented")),
        ("83FC10", "kwh", "1/1000", ("accumulation_of_absolute_value",)),
        ("93939203", "m3", "1/1000", ("inverse_compact_profile", "average", "error_subunit_not_implemented")),
        ("931F", "m3", "1/1000", ("compact_profile",)),
        ("931E", "m3", "1/1000", ("compact_profile_with_registers",)),
        ("EC7E", "date", "1", ("future_value",)),
        ("9308", "m3", "1/1000", ("vife_08",)),
        ("93FC60", "m3", "1/1000", ("vife_fc_60",)),
        ("93FF0F", "m3", "1/1000", ("mfct_0f",)),
        ("93FF8F70", "m3", "1/1000", ("mfct_0f", "mfct_70")),
        ("933D", "", "1/1000", ("non_metric_units",)),
        ("FF20", "", "1", ("mfct_20",)),
        ("FFA115", "", "1", ("mfct_21", "mfct_15")),
        ("FDC8FC01", "v", "1/10", ("at_phase_l1",)),
        ("FDFD833B", "y", "1", ("forward_flow",)),
    ],
)
def test_vifes_change_value_and_name_as_the_standard_says(
    vib: str, unit: str, scale: str, modifiers: tuple[str, ...]
) -> None:
    numerator, _, denominator = scale.partition("/")
    assert tell(vib)[1:] == (unit, Fraction(int(numerator), int(denominator or "1")), modifiers)


def test_an_additive_correction_is_in_steps_of_the_vif_and_follows_later_factors() -> None:
    assert parse_vib(bytes.fromhex("DA78")).meaning.offset == Fraction(1, 10_000)  # 0.1 degree * 10^-3
    assert parse_vib(bytes.fromhex("DA7B")).meaning.offset == Fraction(1, 10)
    assert parse_vib(bytes.fromhex("DAFB77")).meaning.offset == Fraction(1)


def test_a_plain_text_vif_is_read_backwards_and_may_have_vifes() -> None:
    meaning = parse_vib(bytes.fromhex("FC 03 48 52 25 74")).meaning
    assert (meaning.quantity, meaning.text, meaning.scale) == ("text", "%RH", Fraction(1, 100))
    assert parse_vib(b"\x7c\x00").meaning.text == ""


@pytest.mark.parametrize(
    ("vib", "modifiers"),
    [("EF01", ()), ("FDFD7F", ()), ("FB57", ()), ("6F", ()), ("EF8112", ("average",)), ("FBD73B", ("forward_flow",))],
)
def test_reserved_codes_are_unknown_and_keep_their_vifes(vib: str, modifiers: tuple[str, ...]) -> None:
    assert tell(vib) == ("unknown", "", 1, modifiers)
