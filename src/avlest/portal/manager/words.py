# SPDX-License-Identifier: Apache-2.0
"""Words of validation: what each check looks for, how a value came to be, how sure it is, what was decided."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from avlest.readings.quality import Quality

CHECKS: Final[dict[str, Promise]] = {
    "V01": gettext_lazy("Received twice"),
    "V02": gettext_lazy("The meter's clock is wrong"),
    "V03": gettext_lazy("Wrong unit or scale"),
    "V04": gettext_lazy("The meter was not here then"),
    "V05": gettext_lazy("The register went backwards"),
    "V06": gettext_lazy("More than can flow"),
    "V07": gettext_lazy("Unusually high hour"),
    "V08": gettext_lazy("Unusually high or low period"),
    "V09": gettext_lazy("The register stands still"),
    "V10": gettext_lazy("The parts do not make the whole"),
    "V11": gettext_lazy("Values are missing"),
    "V12": gettext_lazy("The heat meter's values contradict each other"),
    "V13": gettext_lazy("The meter says something is wrong"),
    "V14": gettext_lazy("The telegram could not be read"),
    "V15": gettext_lazy("The main meter and those below it differ"),
}
AMOUNTS: Final = frozenset({"V05", "V06", "V07", "V08", "V10", "V15"})
"""Checks whose `observed` and `limit` are amounts in the unit of the series (docs/reference/validation.md)."""

RULES: Final[dict[str, Promise]] = {
    "E1": gettext_lazy("the known total, spread as usual"),
    "E2": gettext_lazy("the known total, spread evenly"),
    "E3": gettext_lazy("calculated from earlier use"),
    "E4": gettext_lazy("calculated from the use expected in a year"),
    "outage": gettext_lazy("power cut"),
    "edit": gettext_lazy("given by a person"),
    "verify": gettext_lazy("verified by a person"),
    "discretion": gettext_lazy("set by discretion"),
    "unmetered": gettext_lazy("no meter"),
    "missing": gettext_lazy("missing"),
    "virtual": gettext_lazy("worked out from other series"),
}

ACTIONS: Final[dict[str, Promise]] = {
    "accept": gettext_lazy("Accepted as measured"),
    "edit": gettext_lazy("Given a value"),
    "verify": gettext_lazy("Given a value that stands above measured ones"),
    "estimate": gettext_lazy("To be calculated"),
    "discretion": gettext_lazy("Set by discretion, locked"),
    "release": gettext_lazy("Lock released"),
}

SEVERITIES: Final[dict[str, Promise]] = {
    "info": gettext_lazy("For information"),
    "suspect": gettext_lazy("Suspect"),
    "reject": gettext_lazy("Left out"),
    "task": gettext_lazy("Must be decided"),
    "critical": gettext_lazy("Critical"),
    "severe": gettext_lazy("Severe"),
    "warning": gettext_lazy("Warning"),
    "notice": gettext_lazy("Notice"),
}

_QUALITIES: Final[dict[int, Promise]] = {
    Quality.MANUAL_VERIFIED: gettext_lazy("verified"),
    Quality.MEASURED: gettext_lazy("measured"),
    Quality.CUSTOMER_READ: gettext_lazy("read by the customer"),
    Quality.EDITED: gettext_lazy("edited"),
    Quality.DISCRETION: gettext_lazy("discretion"),
    Quality.FINAL_ESTIMATED: gettext_lazy("calculated, final"),
    Quality.ESTIMATED: gettext_lazy("calculated"),
    Quality.TEMPORARY: gettext_lazy("calculated for the time being"),
    Quality.MISSING: gettext_lazy("missing"),
}


def say_check(code: str) -> str:
    """A check in words."""
    return str(CHECKS.get(code, code))


def say_quality(rank: int) -> str:
    """How sure a value is."""
    return str(_QUALITIES.get(rank, _QUALITIES[Quality.MISSING]))


def say_rule(rule: str | None) -> str:
    """How a value came to be; nothing for what was measured."""
    return str(RULES[rule]) if rule in RULES else (rule or "")


def say_action(action: str) -> str:
    """What a person decided."""
    return str(ACTIONS.get(action, action))


def say_severity(severity: str) -> str:
    """How serious something is."""
    return str(SEVERITIES.get(severity, severity))
