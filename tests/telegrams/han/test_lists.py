# SPDX-License-Identifier: Apache-2.0
"""What the lists of the three makers, and of others, are read to say."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from avlest.telegrams.encode.han import Number, build_list, encode_han
from avlest.telegrams.han import Maker, Wiring, decode_han, summarise_values
from avlest.telegrams.outcomes import Outcome, TelegramError
from avlest.telegrams.units import get_unit

from .samples import MAKERS, MODELS, NOON, READINGS, make_list

HEAD = "0f 40000000 00"
ENERGY = "0906 0100010800ff"


@pytest.mark.parametrize("maker", MAKERS)
def test_list_3_says_everything_under_its_field_names(maker):
    decoded = decode_han(encode_han(make_list(maker)))
    assert (decoded.maker, decoded.list_id, decoded.clock) == (maker, 3, NOON)
    assert (decoded.meter_id, decoded.model) == ("0000111122223333", MODELS[maker])
    assert {value.name: value.value for value in decoded.values if value.unit} == READINGS
    assert decoded.wiring is Wiring.FOUR_WIRE


@pytest.mark.parametrize("maker", MAKERS)
def test_units_are_those_of_the_quantity(maker):
    for value in decode_han(encode_han(make_list(maker))).values:
        if value.unit:
            assert get_unit(value.unit).dimension == value.quantity


@pytest.mark.parametrize("maker", MAKERS)
def test_list_1_is_the_power_alone(maker):
    decoded = decode_han(encode_han(make_list(maker, 1)))
    assert decoded.list_id == 1
    assert [(value.name, value.raw, value.unit) for value in decoded.values if value.unit] == [
        ("active_power_import", 4321, "w")
    ]


@pytest.mark.parametrize(
    ("maker", "raw", "value"),
    [(Maker.AIDON, 63, "6.3"), (Maker.KAIFA, 6300, "6.3"), (Maker.KAMSTRUP, 630, "6.3")],
)
def test_currents_are_exact_in_each_makers_resolution(maker, raw, value):
    current = decode_han(encode_han(make_list(maker))).get("current_l1")
    assert current is not None
    assert (current.raw, current.value) == (raw, Fraction(value))


def test_single_phase_meters_are_recognised_without_a_known_type_code():
    for maker in MAKERS:
        readings: dict[str, Number] = {"active_power_import": 10, "current_l1": 1, "voltage_l1": 230}
        made = build_list(maker, 2, readings=readings, clock=NOON, meter_id="1", model="new type")
        assert decode_han(encode_han(made)).wiring is Wiring.SINGLE_PHASE


def test_a_three_wire_aidon_sends_two_currents():
    readings = {name: number for name, number in READINGS.items() if name != "current_l2"}
    made = build_list(Maker.AIDON, 2, readings={**readings}, clock=NOON, meter_id="1", model="7000")
    assert decode_han(encode_han(made)).wiring is Wiring.THREE_WIRE


@pytest.mark.parametrize(
    ("maker", "model", "wiring"),
    [
        (Maker.AIDON, "6515", Wiring.SINGLE_PHASE),
        (Maker.AIDON, "6525", Wiring.THREE_WIRE),
        (Maker.AIDON, "6550", Wiring.UNKNOWN),
        (Maker.KAIFA, "MA105H2E", Wiring.SINGLE_PHASE),
        (Maker.KAIFA, "MA304H3E", Wiring.THREE_WIRE),
        (Maker.KAIFA, "MA304T4", Wiring.UNKNOWN),
        (Maker.KAMSTRUP, "6861111BN000000000", Wiring.SINGLE_PHASE),
        (Maker.KAMSTRUP, "6841121BN000000000", Wiring.THREE_WIRE),
    ],
)
def test_the_type_code_tells_how_the_meter_is_wired(maker, model, wiring):
    made = build_list(maker, 2, readings=READINGS | {"active_energy_import": 1}, clock=NOON, meter_id="1", model=model)
    assert made.wiring is wiring


def test_a_swedish_list_of_codes_and_values_is_read_by_its_version():
    """KFM_001 with OBIS codes: Kaifa's scaling, registers by their codes."""
    body = f"02 06 0906 0100000281ff 0907 4b464d5f303031 0906 01001f0700ff 06 00001a7d {ENERGY} 06 00490b23"
    decoded = decode_han(bytes.fromhex(HEAD + body))
    assert (decoded.maker, decoded.version, decoded.list_id) == (Maker.KAIFA, "KFM_001", 3)
    assert [value.value for value in decoded.values] == ["KFM_001", Fraction("6.781"), 4_786_979]


def test_an_unknown_maker_with_scaling_in_the_list_is_read_in_full():
    body = f"02 02 0a03 585859 0203 {ENERGY} 06 00000064 0202 0f01 161e"
    decoded = decode_han(bytes.fromhex(HEAD + body))
    assert decoded.maker is Maker.UNKNOWN
    energy = decoded.get("active_energy_import")
    assert energy is not None
    assert (energy.value, energy.unit) == (Fraction(1000), "wh")


def test_an_unknown_maker_without_scaling_has_numbers_but_no_unit():
    decoded = decode_han(bytes.fromhex(f"{HEAD} 02 03 0a03 585859 {ENERGY} 06 00000064"))
    energy = decoded.get("active_energy_import")
    assert energy is not None
    assert (energy.value, energy.unit, energy.quantity) == (Fraction(100), "", "energy")


DEFINITIONS = "".join(
    f"0204 12{number:04x} 0906{code} 0f02 120000 "
    for number, code in ((40, "0000190900ff"), (8, "0000010000ff"), (3, "0100010800ff"))
)


@pytest.mark.parametrize("itself", ["", "11 00"])
def test_a_list_that_announces_its_registers_pairs_them_with_the_values(itself):
    clock = "090c 07ea 07 0f 03 0c 00 0a ff ff88 80"
    count = "04" if itself else "03"
    decoded = decode_han(bytes.fromhex(f"{HEAD} 02 {count} 01 03 {DEFINITIONS} {itself} {clock} 06 00003039"))
    energy = decoded.get("active_energy_import")
    assert energy is not None
    assert (energy.value, energy.unit) == (Fraction(12345), "")
    assert decoded.clock == datetime(2026, 7, 15, 10, 0, 10, tzinfo=UTC)
    assert decoded.maker is Maker.UNKNOWN


def test_announced_registers_without_their_values_are_an_outcome():
    with pytest.raises(TelegramError, match="3 registers are announced, 1 values") as caught:
        decode_han(bytes.fromhex(f"{HEAD} 02 02 01 03 {DEFINITIONS} 11 00"))
    assert caught.value.outcome is Outcome.BAD_PAYLOAD


@pytest.mark.parametrize(
    ("code", "name", "quantity"),
    [
        ("0100150700ff", "active_power_import_l1", "power"),
        ("01002c0700ff", "reactive_power_export_l2", "reactive_power"),
        ("01003d0700ff", "active_power_import_l3", "power"),
        ("0100010801ff", "active_energy_import_t1", "energy"),
        ("0100050800ff", "reactive_energy_q1", "reactive_energy"),
        ("01000e0700ff", "frequency", "frequency"),
        ("0100210700ff", "power_factor_l1", "power_factor"),
        ("01005b0700ff", "current_n", "current"),
        ("0100010600ff", "active_power_import_maximum", "power"),
        ("0100636100ff", "obis_1_0_99_97_0_255", "unknown"),
        ("010001080063", "obis_1_0_1_8_0_99", "unknown"),
        ("0700030000ff", "obis_7_0_3_0_0_255", "unknown"),
    ],
)
def test_registers_get_systematic_names(code, name, quantity):
    decoded = decode_han(bytes.fromhex(f"{HEAD} 01 01 0203 0906{code} 06 00000001 0202 0f00 161e"))
    assert (decoded.values[0].name, decoded.values[0].quantity) == (name, quantity)


def test_a_null_value_is_kept_as_none():
    decoded = decode_han(bytes.fromhex(f"{HEAD} 01 01 0203 {ENERGY} 00 0202 0f00 161e"))
    assert decoded.values[0].value is None
    assert summarise_values(decoded) == {"1-0:1.8.0.255": None}


def test_a_float_is_kept_exactly_and_not_a_number_is_none():
    for encoded, value in (("17 3e000000", Fraction(1, 8)), ("17 7fc00000", None), ("18 fff0000000000000", None)):
        decoded = decode_han(bytes.fromhex(f"{HEAD} 01 01 0203 {ENERGY} {encoded} 0202 0f00 161e"))
        assert decoded.values[0].value == value


def test_numbers_beyond_a_double_do_not_stop_the_summary():
    decoded = decode_han(bytes.fromhex(f"{HEAD} 01 01 0203 {ENERGY} 18 7fe0000000000000 0202 0f7f 161e"))
    assert summarise_values(decoded) == {"1-0:1.8.0.255": {"value": float("inf"), "unit": "Wh"}}


def test_bytes_that_are_no_text_are_kept_in_hexadecimal():
    decoded = decode_han(bytes.fromhex(f"{HEAD} 01 01 0202 0906 0000600100ff 0903 00ff41"))
    assert decoded.values[0].value == "00ff41"


def test_bytes_after_the_list_are_a_warning():
    decoded = decode_han(bytes.fromhex(f"{HEAD} 01 01 0203 {ENERGY} 06 00000001 0202 0f00 161e 0000"))
    assert decoded.warnings == ("2 bytes follow the list",)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("", Outcome.TOO_SHORT),
        ("06 00000001", Outcome.BAD_PAYLOAD),
        ("0200", Outcome.BAD_PAYLOAD),
        ("02 02 0907 4b464d5f303031 06 00000001", Outcome.BAD_PAYLOAD),
        ("02 02 0a03 585859 06 00000001", Outcome.BAD_PAYLOAD),
        (f"01 02 0203 {ENERGY} 06 00000001 0202 0f00 161e", Outcome.BAD_RECORDS),
    ],
)
def test_a_body_that_is_no_list_is_an_outcome(body, outcome):
    with pytest.raises(TelegramError) as caught:
        decode_han(bytes.fromhex(HEAD + body))
    assert caught.value.outcome is outcome


def test_a_date_time_of_odd_length_is_an_outcome():
    with pytest.raises(TelegramError) as caught:
        decode_han(bytes.fromhex("0f4000000005 0101010101 0201 0600000001"))
    assert caught.value.outcome is Outcome.BAD_RECORDS
