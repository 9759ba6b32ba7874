# SPDX-License-Identifier: Apache-2.0
"""The SQL tables of this room; ORM rows stay inside it."""

from avlest.readings.models.decisions import Decision, Finding
from avlest.readings.models.derivation import DeriveRequest, DeriveState, DeriveTask
from avlest.readings.models.formulas import Formula, FormulaTerm
from avlest.readings.models.freezes import Correction, Freeze
from avlest.readings.models.parameters import (
    DegreeDay,
    Expectation,
    Outage,
    SeriesClass,
    Threshold,
    WeatherPlace,
)

__all__ = [
    "Correction",
    "Decision",
    "DegreeDay",
    "DeriveRequest",
    "DeriveState",
    "DeriveTask",
    "Expectation",
    "Finding",
    "Formula",
    "FormulaTerm",
    "Freeze",
    "Outage",
    "SeriesClass",
    "Threshold",
    "WeatherPlace",
]
