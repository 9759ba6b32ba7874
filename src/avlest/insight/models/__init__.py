# SPDX-License-Identifier: Apache-2.0
"""Tables of the room `insight`."""

from avlest.insight.models.alarms import (
    Absence,
    Alarm,
    ConsumptionPrice,
    Evaluation,
    EvaluationRequest,
    OwnLimit,
    PointUse,
    SilencedMeter,
)
from avlest.insight.models.network import CoverageDay, ZoneNetwork, ZoneNight, ZonePeriod
from avlest.insight.models.notify import Browser, Campaign, Message, Wishes

__all__ = [
    "Absence",
    "Alarm",
    "Browser",
    "Campaign",
    "ConsumptionPrice",
    "CoverageDay",
    "Evaluation",
    "EvaluationRequest",
    "Message",
    "OwnLimit",
    "PointUse",
    "SilencedMeter",
    "Wishes",
    "ZoneNetwork",
    "ZoneNight",
    "ZonePeriod",
]
