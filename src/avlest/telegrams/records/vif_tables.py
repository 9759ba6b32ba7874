# SPDX-License-Identifier: Apache-2.0
"""The VIF and VIFE codes of EN 13757-3:2018 as data.

One row is a run of codes with one meaning; the lowest bits of a run choose the decimal
exponent or the unit of time, as the standard's `n`, `nn`, `nnn`, `nnnn` do.  The rows are
facts; what is done with them is in `vif.py`.  Codes no row covers are reserved.

Some rows of the 2004 edition (US gallons, degrees Fahrenheit) that the 2018 edition
reserves are kept, because such meters are still on walls; their source says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

TIME_UNITS: Final = ("s", "min", "h", "d")
LONG_TIME_UNITS: Final = ("h", "d", "month", "y")


class DataKind(StrEnum):
    """How integers under a VIF are to be read (the data types of EN 13757-3, annex A)."""

    SIGNED = "type B, two's complement"
    UNSIGNED = "type C or D, unsigned number or bits"
    POINT_IN_TIME = "type F, G, I or J, by the number of bytes"
    TIME_OF_DAY = "type J or, in longer data, F or I"


@dataclass(frozen=True, slots=True)
class VifRow:
    """A run of codes `first`..`last` (extension bit clear) that names one quantity.

    Value in `unit` = number * `factor` * 10 ** (`exponent` + code - first).
    Where `units` is given, the code chooses the unit instead and the exponent stays.
    """

    first: int
    last: int
    quantity: str
    unit: str
    source: str
    exponent: int = 0
    factor: Fraction = Fraction(1)
    units: tuple[str, ...] = ()
    kind: DataKind = DataKind.SIGNED


class Effect(StrEnum):
    """What a combinable VIFE does to the value besides naming it."""

    NAME = "qualifies the value"
    COUNT = "the value is a number of events"
    DURATION = "the value is a duration"
    POINT_IN_TIME = "the value is a date or date and time"
    MULTIPLY = "the value is multiplied by a power of ten"
    ADD = "a power of ten is added to the value"
    UNSIGNED = "the value is an unsigned number or bits"
    UNIT_UNKNOWN = "the unit is not the one the VIF says"
    PROFILE = "the data is a profile of values"


@dataclass(frozen=True, slots=True)
class VifeRow:
    """A run of combinable (orthogonal) VIFE codes, extension bit clear.

    `exponent` belongs to the first code for MULTIPLY and ADD and grows by one per code;
    DURATION takes its unit from the two lowest bits.
    """

    first: int
    last: int
    name: str
    source: str
    effect: Effect = Effect.NAME
    exponent: int = 0


_T10 = "EN 13757-3:2018 table 10"
_T12 = "EN 13757-3:2018 table 12 (VIF FB)"
_T12_OLD = "EN 13757-3:2004 table 12 (VIF FB), reserved since"
_T14 = "EN 13757-3:2018 table 14 (VIF FD)"
_T14_2 = "EN 13757-3:2018 second level extension (VIF FD FD)"
_T15 = "EN 13757-3:2018 table 15 (combinable VIFE)"
_T16 = "EN 13757-3:2018 table 16 (combinable VIFE after FC)"
_T18 = "EN 13757-3:2018 table 18 (record errors)"

_2_12: Final = Fraction(1, 4096)  # rating factors come in steps of 2 ** -12
_BITS: Final = DataKind.UNSIGNED
_POINT: Final = DataKind.POINT_IN_TIME
_TIME: Final = DataKind.TIME_OF_DAY

PRIMARY: Final[tuple[VifRow, ...]] = (
    VifRow(0x00, 0x07, "energy", "kwh", _T10, exponent=-6),
    VifRow(0x08, 0x0F, "energy", "mj", _T10, exponent=-6),
    VifRow(0x10, 0x17, "volume", "m3", _T10, exponent=-6),
    VifRow(0x18, 0x1F, "mass", "kg", _T10, exponent=-3),
    VifRow(0x20, 0x23, "on_time", "s", _T10, units=TIME_UNITS),
    VifRow(0x24, 0x27, "operating_time", "s", _T10, units=TIME_UNITS),
    VifRow(0x28, 0x2F, "power", "kw", _T10, exponent=-6),
    VifRow(0x30, 0x37, "power", "mjh", _T10, exponent=-6),
    VifRow(0x38, 0x3F, "volume_flow", "m3h", _T10, exponent=-6),
    VifRow(0x40, 0x47, "volume_flow", "m3h", _T10, exponent=-7, factor=Fraction(60)),
    VifRow(0x48, 0x4F, "volume_flow", "m3h", _T10, exponent=-9, factor=Fraction(3600)),
    VifRow(0x50, 0x57, "mass_flow", "kgh", _T10, exponent=-3),
    VifRow(0x58, 0x5B, "flow_temperature", "c", _T10, exponent=-3),
    VifRow(0x5C, 0x5F, "return_temperature", "c", _T10, exponent=-3),
    VifRow(0x60, 0x63, "temperature_difference", "k", _T10, exponent=-3),
    VifRow(0x64, 0x67, "external_temperature", "c", _T10, exponent=-3),
    VifRow(0x68, 0x6B, "pressure", "bar", _T10, exponent=-3),
    VifRow(0x6C, 0x6C, "date", "date", _T10, kind=_POINT),
    VifRow(0x6D, 0x6D, "datetime", "datetime", _T10, kind=_POINT),
    VifRow(0x6E, 0x6E, "heat_cost_allocation", "hca", _T10),
    VifRow(0x70, 0x73, "averaging_duration", "s", _T10, units=TIME_UNITS),
    VifRow(0x74, 0x77, "actuality_duration", "s", _T10, units=TIME_UNITS),
    VifRow(0x78, 0x78, "fabrication_number", "", _T10, kind=_BITS),
    VifRow(0x79, 0x79, "enhanced_identification", "", _T10, kind=_BITS),
    VifRow(0x7A, 0x7A, "bus_address", "", _T10, kind=_BITS),
    VifRow(0x7E, 0x7E, "any", "", _T10),
)

FB: Final[tuple[VifRow, ...]] = (
    VifRow(0x00, 0x01, "energy", "kwh", _T12, exponent=2),
    VifRow(0x02, 0x03, "reactive_energy", "kvarh", _T12),
    VifRow(0x04, 0x05, "apparent_energy", "kvah", _T12),
    VifRow(0x06, 0x06, "coefficient_of_performance", "factor", _T12, exponent=-1),
    VifRow(0x08, 0x09, "energy", "gj", _T12, exponent=-1),
    VifRow(0x0C, 0x0F, "energy", "mcal", _T12, exponent=-1),
    VifRow(0x10, 0x11, "volume", "m3", _T12, exponent=2),
    VifRow(0x14, 0x17, "reactive_power", "kvar", _T12, exponent=-3),
    VifRow(0x18, 0x19, "mass", "t", _T12, exponent=2, kind=_BITS),
    VifRow(0x1A, 0x1B, "relative_humidity", "rh", _T12, exponent=-1, kind=_BITS),
    VifRow(0x20, 0x20, "volume", "ft3", _T12),
    VifRow(0x21, 0x21, "volume", "ft3", _T12, exponent=-1),
    VifRow(0x22, 0x23, "volume", "gal", _T12_OLD, exponent=-1),
    VifRow(0x24, 0x24, "volume_flow", "galmin", _T12_OLD, exponent=-3),
    VifRow(0x25, 0x25, "volume_flow", "galmin", _T12_OLD),
    VifRow(0x26, 0x26, "volume_flow", "galh", _T12_OLD),
    VifRow(0x28, 0x29, "power", "kw", _T12, exponent=2),
    VifRow(0x2A, 0x2A, "phase_angle_voltage_to_voltage", "deg", _T12, exponent=-1),
    VifRow(0x2B, 0x2B, "phase_angle_voltage_to_current", "deg", _T12, exponent=-1),
    VifRow(0x2C, 0x2F, "frequency", "hz", _T12, exponent=-3),
    VifRow(0x30, 0x31, "power", "gjh", _T12, exponent=-1),
    VifRow(0x34, 0x37, "apparent_power", "kva", _T12, exponent=-3),
    VifRow(0x58, 0x5B, "flow_temperature", "f", _T12_OLD, exponent=-3),
    VifRow(0x5C, 0x5F, "return_temperature", "f", _T12_OLD, exponent=-3),
    VifRow(0x60, 0x63, "temperature_difference", "f", _T12_OLD, exponent=-3),
    VifRow(0x64, 0x67, "external_temperature", "f", _T12_OLD, exponent=-3),
    VifRow(0x68, 0x68, "hca_resulting_rating_factor", "factor", _T12, 0, _2_12, kind=_BITS),
    VifRow(0x69, 0x69, "hca_thermal_output_rating_factor", "w", _T12, kind=_BITS),
    VifRow(0x6A, 0x6A, "hca_thermal_coupling_rating_factor", "factor", _T12, 0, _2_12, kind=_BITS),
    VifRow(0x6B, 0x6B, "hca_thermal_coupling_rating_factor_room_side", "factor", _T12, 0, _2_12, kind=_BITS),
    VifRow(0x6C, 0x6C, "hca_thermal_coupling_rating_factor_heater_side", "factor", _T12, 0, _2_12, kind=_BITS),
    VifRow(0x6D, 0x6D, "hca_low_temperature_rating_factor", "factor", _T12, 0, _2_12, kind=_BITS),
    VifRow(0x6E, 0x6E, "hca_display_output_scaling_factor", "factor", _T12, 0, _2_12, kind=_BITS),
    VifRow(0x70, 0x73, "cold_warm_temperature_limit", "f", _T12_OLD, exponent=-3),
    VifRow(0x74, 0x77, "cold_warm_temperature_limit", "c", _T12, exponent=-3),
    VifRow(0x78, 0x7F, "cumulative_max_power", "kw", _T12, exponent=-6),
)

FD: Final[tuple[VifRow, ...]] = (
    VifRow(0x00, 0x03, "credit", "currency", _T14, exponent=-3),
    VifRow(0x04, 0x07, "debit", "currency", _T14, exponent=-3),
    VifRow(0x08, 0x08, "access_number", "counter", _T14, kind=_BITS),
    VifRow(0x09, 0x09, "device_type", "", _T14, kind=_BITS),
    VifRow(0x0A, 0x0A, "manufacturer", "", _T14, kind=_BITS),
    VifRow(0x0B, 0x0B, "parameter_set", "", _T14, kind=_BITS),
    VifRow(0x0C, 0x0C, "model_version", "", _T14, kind=_BITS),
    VifRow(0x0D, 0x0D, "hardware_version", "", _T14, kind=_BITS),
    VifRow(0x0E, 0x0E, "firmware_version", "", _T14, kind=_BITS),
    VifRow(0x0F, 0x0F, "software_version", "", _T14, kind=_BITS),
    VifRow(0x10, 0x10, "customer_location", "", _T14, kind=_BITS),
    VifRow(0x11, 0x11, "customer", "", _T14, kind=_BITS),
    VifRow(0x12, 0x12, "access_code_user", "", _T14, kind=_BITS),
    VifRow(0x13, 0x13, "access_code_operator", "", _T14, kind=_BITS),
    VifRow(0x14, 0x14, "access_code_system_operator", "", _T14, kind=_BITS),
    VifRow(0x15, 0x15, "access_code_developer", "", _T14, kind=_BITS),
    VifRow(0x16, 0x16, "password", "", _T14, kind=_BITS),
    VifRow(0x17, 0x17, "error_flags", "", _T14, kind=_BITS),
    VifRow(0x18, 0x18, "error_mask", "", _T14, kind=_BITS),
    VifRow(0x19, 0x19, "security_key", "", _T14, kind=_BITS),
    VifRow(0x1A, 0x1A, "digital_output", "", _T14, kind=_BITS),
    VifRow(0x1B, 0x1B, "digital_input", "", _T14, kind=_BITS),
    VifRow(0x1C, 0x1C, "baud_rate", "baud", _T14, kind=_BITS),
    VifRow(0x1D, 0x1D, "response_delay", "bit_times", _T14, kind=_BITS),
    VifRow(0x1E, 0x1E, "retry", "counter", _T14, kind=_BITS),
    VifRow(0x1F, 0x1F, "remote_control", "", _T14, kind=_BITS),
    VifRow(0x20, 0x20, "first_storage", "counter", _T14, kind=_BITS),
    VifRow(0x21, 0x21, "last_storage", "counter", _T14, kind=_BITS),
    VifRow(0x22, 0x22, "storage_block_size", "counter", _T14, kind=_BITS),
    VifRow(0x23, 0x23, "tariff_descriptor", "", _T14, kind=_BITS),
    VifRow(0x24, 0x27, "storage_interval", "s", _T14, units=TIME_UNITS),
    VifRow(0x28, 0x29, "storage_interval", "month", _T14, units=("month", "y")),
    VifRow(0x2A, 0x2A, "operator_specific_data", "", _T14, kind=_BITS),
    VifRow(0x2B, 0x2B, "time_point_second", "s", _T14, kind=_BITS),
    VifRow(0x2C, 0x2F, "duration_since_readout", "s", _T14, units=TIME_UNITS, kind=_BITS),
    VifRow(0x30, 0x30, "start_of_tariff", "datetime", _T14, kind=_POINT),
    VifRow(0x31, 0x33, "duration_of_tariff", "min", _T14, units=TIME_UNITS[1:]),
    VifRow(0x34, 0x37, "period_of_tariff", "s", _T14, units=TIME_UNITS),
    VifRow(0x38, 0x39, "period_of_tariff", "month", _T14, units=("month", "y")),
    VifRow(0x3A, 0x3A, "dimensionless", "counter", _T14),
    VifRow(0x3B, 0x3B, "wmbus_data_container", "", _T14, kind=_BITS),
    VifRow(0x3C, 0x3F, "nominal_transmission_period", "s", _T14, units=TIME_UNITS, kind=_BITS),
    VifRow(0x40, 0x4F, "voltage", "v", _T14, exponent=-9),
    VifRow(0x50, 0x5F, "current", "a", _T14, exponent=-12),
    VifRow(0x60, 0x60, "reset_counter", "counter", _T14, kind=_BITS),
    VifRow(0x61, 0x61, "cumulation_counter", "counter", _T14, kind=_BITS),
    VifRow(0x62, 0x62, "control_signal", "", _T14, kind=_BITS),
    VifRow(0x63, 0x63, "day_of_week", "", _T14, kind=_BITS),
    VifRow(0x64, 0x64, "week_number", "", _T14, kind=_BITS),
    VifRow(0x65, 0x65, "time_point_of_day_change", "time", _T14, kind=_TIME),
    VifRow(0x66, 0x66, "state_of_parameter_activation", "", _T14, kind=_BITS),
    VifRow(0x67, 0x67, "special_supplier_information", "", _T14, kind=_BITS),
    VifRow(0x68, 0x6B, "duration_since_last_cumulation", "h", _T14, units=LONG_TIME_UNITS),
    VifRow(0x6C, 0x6F, "operating_time_battery", "h", _T14, units=LONG_TIME_UNITS),
    VifRow(0x70, 0x70, "battery_change_datetime", "datetime", _T14, kind=_POINT),
    VifRow(0x71, 0x71, "rssi", "dbm", _T14),
    VifRow(0x72, 0x72, "daylight_saving", "", _T14, kind=_BITS),
    VifRow(0x73, 0x73, "listening_window", "", _T14, kind=_BITS),
    VifRow(0x74, 0x74, "remaining_battery", "d", _T14, kind=_BITS),
    VifRow(0x75, 0x75, "stop_counter", "counter", _T14, kind=_BITS),
    VifRow(0x76, 0x76, "manufacturer_data_container", "", _T14, kind=_BITS),
)

FD_FD: Final[tuple[VifRow, ...]] = (
    VifRow(0x00, 0x00, "selected_application", "", _T14_2, kind=_BITS),
    VifRow(0x02, 0x03, "remaining_battery", "month", _T14_2, units=("month", "y"), kind=_BITS),
    VifRow(0x3E, 0x3E, "moisture_level", "pct", _T14_2),
)

_POINT_EFFECT: Final = Effect.POINT_IN_TIME

COMBINABLE: Final[tuple[VifeRow, ...]] = (
    VifeRow(0x00, 0x00, "error_none", _T18),
    VifeRow(0x01, 0x01, "error_too_many_difes", _T18),
    VifeRow(0x02, 0x02, "error_storage_not_implemented", _T18),
    VifeRow(0x03, 0x03, "error_subunit_not_implemented", _T18),
    VifeRow(0x04, 0x04, "error_tariff_not_implemented", _T18),
    VifeRow(0x05, 0x05, "error_function_not_implemented", _T18),
    VifeRow(0x06, 0x06, "error_data_class_not_implemented", _T18),
    VifeRow(0x07, 0x07, "error_data_size_not_implemented", _T18),
    VifeRow(0x0B, 0x0B, "error_too_many_vifes", _T18),
    VifeRow(0x0C, 0x0C, "error_illegal_vif_group", _T18),
    VifeRow(0x0D, 0x0D, "error_illegal_vif_exponent", _T18),
    VifeRow(0x0E, 0x0E, "error_vif_dif_mismatch", _T18),
    VifeRow(0x0F, 0x0F, "error_unimplemented_action", _T18),
    VifeRow(0x12, 0x12, "average", _T15),
    VifeRow(0x13, 0x13, "inverse_compact_profile", _T15, Effect.PROFILE),
    VifeRow(0x14, 0x14, "relative_deviation", _T15),
    VifeRow(0x15, 0x15, "error_no_data_available", _T18),
    VifeRow(0x16, 0x16, "error_data_overflow", _T18),
    VifeRow(0x17, 0x17, "error_data_underflow", _T18),
    VifeRow(0x18, 0x18, "error_data_error", _T18),
    VifeRow(0x1C, 0x1C, "error_premature_end_of_record", _T18),
    VifeRow(0x1D, 0x1D, "standard_conform_data_content", _T15),
    VifeRow(0x1E, 0x1E, "compact_profile_with_registers", _T15, Effect.PROFILE),
    VifeRow(0x1F, 0x1F, "compact_profile", _T15, Effect.PROFILE),
    VifeRow(0x20, 0x20, "per_second", _T15),
    VifeRow(0x21, 0x21, "per_minute", _T15),
    VifeRow(0x22, 0x22, "per_hour", _T15),
    VifeRow(0x23, 0x23, "per_day", _T15),
    VifeRow(0x24, 0x24, "per_week", _T15),
    VifeRow(0x25, 0x25, "per_month", _T15),
    VifeRow(0x26, 0x26, "per_year", _T15),
    VifeRow(0x27, 0x27, "per_revolution", _T15),
    VifeRow(0x28, 0x28, "per_input_pulse_channel_0", _T15),
    VifeRow(0x29, 0x29, "per_input_pulse_channel_1", _T15),
    VifeRow(0x2A, 0x2A, "per_output_pulse_channel_0", _T15),
    VifeRow(0x2B, 0x2B, "per_output_pulse_channel_1", _T15),
    VifeRow(0x2C, 0x2C, "per_litre", _T15),
    VifeRow(0x2D, 0x2D, "per_m3", _T15),
    VifeRow(0x2E, 0x2E, "per_kg", _T15),
    VifeRow(0x2F, 0x2F, "per_kelvin", _T15),
    VifeRow(0x30, 0x30, "per_kwh", _T15),
    VifeRow(0x31, 0x31, "per_gj", _T15),
    VifeRow(0x32, 0x32, "per_kw", _T15),
    VifeRow(0x33, 0x33, "per_kelvin_litre", _T15),
    VifeRow(0x34, 0x34, "per_volt", _T15),
    VifeRow(0x35, 0x35, "per_ampere", _T15),
    VifeRow(0x36, 0x36, "times_second", _T15),
    VifeRow(0x37, 0x37, "times_second_per_volt", _T15),
    VifeRow(0x38, 0x38, "times_second_per_ampere", _T15),
    VifeRow(0x39, 0x39, "start_datetime", _T15, _POINT_EFFECT),
    VifeRow(0x3A, 0x3A, "uncorrected", _T15),
    VifeRow(0x3B, 0x3B, "forward_flow", _T15),
    VifeRow(0x3C, 0x3C, "backward_flow", _T15),
    VifeRow(0x3D, 0x3D, "non_metric_units", _T15, Effect.UNIT_UNKNOWN),
    VifeRow(0x3E, 0x3E, "at_base_conditions", _T15),
    VifeRow(0x3F, 0x3F, "obis_declaration", _T15),
    VifeRow(0x40, 0x40, "lower_limit", _T15),
    VifeRow(0x41, 0x41, "count_of_lower_limit_exceeds", _T15, Effect.COUNT),
    VifeRow(0x42, 0x42, "begin_of_first_lower_limit_exceed", _T15, _POINT_EFFECT),
    VifeRow(0x43, 0x43, "end_of_first_lower_limit_exceed", _T15, _POINT_EFFECT),
    VifeRow(0x46, 0x46, "begin_of_last_lower_limit_exceed", _T15, _POINT_EFFECT),
    VifeRow(0x47, 0x47, "end_of_last_lower_limit_exceed", _T15, _POINT_EFFECT),
    VifeRow(0x48, 0x48, "upper_limit", _T15),
    VifeRow(0x49, 0x49, "count_of_upper_limit_exceeds", _T15, Effect.COUNT),
    VifeRow(0x4A, 0x4A, "begin_of_first_upper_limit_exceed", _T15, _POINT_EFFECT),
    VifeRow(0x4B, 0x4B, "end_of_first_upper_limit_exceed", _T15, _POINT_EFFECT),
    VifeRow(0x4E, 0x4E, "begin_of_last_upper_limit_exceed", _T15, _POINT_EFFECT),
    VifeRow(0x4F, 0x4F, "end_of_last_upper_limit_exceed", _T15, _POINT_EFFECT),
    VifeRow(0x50, 0x53, "duration_of_first_lower_limit_exceed", _T15, Effect.DURATION),
    VifeRow(0x54, 0x57, "duration_of_last_lower_limit_exceed", _T15, Effect.DURATION),
    VifeRow(0x58, 0x5B, "duration_of_first_upper_limit_exceed", _T15, Effect.DURATION),
    VifeRow(0x5C, 0x5F, "duration_of_last_upper_limit_exceed", _T15, Effect.DURATION),
    VifeRow(0x60, 0x63, "duration_of_first", _T15, Effect.DURATION),
    VifeRow(0x64, 0x67, "duration_of_last", _T15, Effect.DURATION),
    VifeRow(0x68, 0x68, "during_lower_limit_exceed", _T15),
    VifeRow(0x69, 0x69, "leakage", _T15),
    VifeRow(0x6A, 0x6A, "begin_of_first", _T15, _POINT_EFFECT),
    VifeRow(0x6B, 0x6B, "end_of_first", _T15, _POINT_EFFECT),
    VifeRow(0x6C, 0x6C, "during_upper_limit_exceed", _T15),
    VifeRow(0x6D, 0x6D, "overflow", _T15),
    VifeRow(0x6E, 0x6E, "begin_of_last", _T15, _POINT_EFFECT),
    VifeRow(0x6F, 0x6F, "end_of_last", _T15, _POINT_EFFECT),
    VifeRow(0x70, 0x77, "multiplicative_correction", _T15, Effect.MULTIPLY, exponent=-6),
    VifeRow(0x78, 0x7B, "additive_correction", _T15, Effect.ADD, exponent=-3),
    VifeRow(0x7D, 0x7D, "multiplicative_correction", _T15, Effect.MULTIPLY, exponent=3),
    VifeRow(0x7E, 0x7E, "future_value", _T15),
)

COMBINABLE_FC: Final[tuple[VifeRow, ...]] = (
    VifeRow(0x01, 0x01, "at_phase_l1", _T16),
    VifeRow(0x02, 0x02, "at_phase_l2", _T16),
    VifeRow(0x03, 0x03, "at_phase_l3", _T16),
    VifeRow(0x04, 0x04, "at_neutral", _T16),
    VifeRow(0x05, 0x05, "between_phases_l1_l2", _T16),
    VifeRow(0x06, 0x06, "between_phases_l2_l3", _T16),
    VifeRow(0x07, 0x07, "between_phases_l3_l1", _T16),
    VifeRow(0x08, 0x08, "at_quadrant_q1", _T16),
    VifeRow(0x09, 0x09, "at_quadrant_q2", _T16),
    VifeRow(0x0A, 0x0A, "at_quadrant_q3", _T16),
    VifeRow(0x0B, 0x0B, "at_quadrant_q4", _T16),
    VifeRow(0x0C, 0x0C, "delta_import_export", _T16),
    VifeRow(0x0D, 0x0D, "alternative_non_metric_units", _T16, Effect.UNIT_UNKNOWN),
    VifeRow(0x0E, 0x0E, "secondary_sensor", _T16),
    VifeRow(0x0F, 0x0F, "higher_resolution_register", _T16),
    VifeRow(0x10, 0x10, "accumulation_of_absolute_value", _T16),
    VifeRow(0x11, 0x11, "as_type_c", _T16, Effect.UNSIGNED),
    VifeRow(0x12, 0x12, "as_type_d", _T16, Effect.UNSIGNED),
    VifeRow(0x13, 0x13, "end_datetime", _T16, _POINT_EFFECT),
    VifeRow(0x14, 0x14, "direction_to_meter", _T16),
    VifeRow(0x15, 0x15, "direction_from_meter", _T16),
)
