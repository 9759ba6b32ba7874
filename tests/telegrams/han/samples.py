# SPDX-License-Identifier: Apache-2.0
"""Made-up meters for the HAN tests: every frame comes from our own encoder."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from hypothesis import strategies as st

from avlest.telegrams.encode.han import Number, build_list
from avlest.telegrams.han import HanList, Maker

MAKERS = (Maker.AIDON, Maker.KAIFA, Maker.KAMSTRUP)
MODELS = {Maker.AIDON: "6534", Maker.KAIFA: "MA304H4", Maker.KAMSTRUP: "6841131BN000000000"}
NOON = datetime(2026, 1, 15, 12, 0, 10, tzinfo=UTC)

READINGS: dict[str, Number] = {
    "active_power_import": 4321,
    "active_power_export": 0,
    "reactive_power_import": 0,
    "reactive_power_export": 117,
    "current_l1": Fraction("6.3"),
    "current_l2": Fraction("7.1"),
    "current_l3": Fraction("5.9"),
    "voltage_l1": 231,
    "voltage_l2": 229,
    "voltage_l3": 233,
    "active_energy_import": 12_345_670,
    "active_energy_export": 90,
    "reactive_energy_import": 4_440,
    "reactive_energy_export": 777_770,
}


def make_list(maker: Maker = Maker.AIDON, list_id: int = 3, *, clock: datetime = NOON, **changes: Number) -> HanList:
    return build_list(
        maker, list_id, readings={**READINGS, **changes}, clock=clock, meter_id="0000111122223333", model=MODELS[maker]
    )


_POWER = st.integers(0, 2**32 - 1)
_ENERGY = st.integers(0, 2**32 - 1)
lists = st.builds(
    lambda maker, list_id, one_phase, power, counter, volts, amps, seconds: build_list(
        maker,
        list_id,
        readings={
            "active_power_import": power,
            "current_l1": Fraction(amps, 10),
            "voltage_l1": Fraction(volts, 10),
            "active_energy_import": counter,
            **({} if one_phase else {"current_l3": Fraction(amps, 20), "voltage_l2": 231, "voltage_l3": 0}),
        },
        clock=datetime.fromtimestamp(seconds, tz=UTC),
        meter_id="0000111122223333",
        model=MODELS[maker],
    ),
    st.sampled_from(MAKERS), st.sampled_from((1, 2, 3)), st.booleans(), _POWER, _ENERGY,
    st.integers(0, 6500), st.integers(0, 32767), st.integers(1_500_000_000, 2_500_000_000),
)  # fmt: skip
