# SPDX-License-Identifier: Apache-2.0
"""What stands open at each point and meter, as columns: which are silent, which have an alarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from django.db.models import F

from avlest.insight.contracts import AlarmKind, Evidence, Severity
from avlest.insight.models import Alarm, SilencedMeter

STANDING: Final[Mapping[str, pl.DataType]] = {
    "alarm": pl.Int64(),
    "point": pl.Int64(),
    "meter": pl.Int64(),
    "kind": pl.String(),
    "severity": pl.String(),
    "since": pl.Datetime("us", "UTC"),
}
"""One row an open alarm of a point or meter, and one for each meter that a group's alarm stands for."""

SILENT_KINDS: Final = frozenset({AlarmKind.SILENT, AlarmKind.GATEWAY_SILENT, AlarmKind.POWER_CUT})
SEVERITIES: Final = tuple(str(severity) for severity in Severity)
"""The worst first."""


def get_standing(organisation_id: int) -> pl.DataFrame:
    """Return what stands open at the points and meters of an organisation: `STANDING`, two queries.

    A meter that is silent because its gateway is comes with the gateway's alarm.
    """
    shown = Alarm.objects.of(organisation_id).filter(cleared_at__isnull=True)
    single = shown.filter(is_shown=True) | shown.filter(evidence=str(Evidence.SILENCE))
    own = single.exclude(point__isnull=True, meter__isnull=True)
    rows: list[tuple[Any, ...]] = list(own.values_list("pk", "point_id", "meter_id", "kind", "severity", "since"))
    groups = SilencedMeter.objects.filter(alarm__organisation_id=organisation_id, alarm__cleared_at__isnull=True)
    members = groups.annotate(kind=F("alarm__kind"), severity=F("alarm__severity"), since=F("alarm__since"))
    silenced = members.values_list("alarm_id", "meter_id", "kind", "severity", "since")
    rows += [(alarm, None, meter, kind, severity, since) for alarm, meter, kind, severity, since in silenced]
    return pl.DataFrame(rows, schema=dict(STANDING), orient="row")
