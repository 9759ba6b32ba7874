# SPDX-License-Identifier: Apache-2.0
"""Words of the audit log: what was done, to what kind of thing.  A code without words is shown as it is."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

_VERBS: Final[dict[str, Promise]] = {
    "create": gettext_lazy("Made"),
    "change": gettext_lazy("Changed"),
    "update": gettext_lazy("Changed"),
    "import": gettext_lazy("Imported"),
    "install": gettext_lazy("Put up"),
    "remove": gettext_lazy("Took down"),
    "state": gettext_lazy("New state"),
    "note_value": gettext_lazy("Noted a register value"),
    "decide": gettext_lazy("Decided"),
    "acknowledge": gettext_lazy("Saw"),
    "fix": gettext_lazy("Said it is mended"),
    "snooze": gettext_lazy("Quiet for a while"),
    "add_member": gettext_lazy("Gave access"),
    "remove_member": gettext_lazy("Ended access"),
    "make_activation_code": gettext_lazy("Made an activation code"),
    "link_login": gettext_lazy("Tied a login"),
    "see_as": gettext_lazy("Saw the portal as a resident"),
    "send": gettext_lazy("Sent"),
    "approve": gettext_lazy("Approved"),
    "issue": gettext_lazy("Issued"),
    "preview": gettext_lazy("Previewed"),
    "attach": gettext_lazy("Attached"),
    "set_key": gettext_lazy("Set a key"),
    "import_keys": gettext_lazy("Imported keys"),
    "end": gettext_lazy("Ended"),
    "begin": gettext_lazy("Began"),
}
_SUBJECTS: Final[dict[str, Promise]] = {
    "property": gettext_lazy("Property"),
    "unit": gettext_lazy("Unit"),
    "meteringpoint": gettext_lazy("Metering point"),
    "meter": gettext_lazy("Meter"),
    "installation": gettext_lazy("Installation"),
    "installationvalue": gettext_lazy("Register value"),
    "register": gettext_lazy("Register"),
    "meterkey": gettext_lazy("Key"),
    "party": gettext_lazy("Person"),
    "tenancy": gettext_lazy("Tenancy"),
    "membership": gettext_lazy("Access"),
    "user": gettext_lazy("User"),
    "organisation": gettext_lazy("Organisation"),
    "decision": gettext_lazy("Decision"),
    "finding": gettext_lazy("Value to decide"),
    "alarm": gettext_lazy("Alarm"),
    "campaign": gettext_lazy("Message"),
    "run": gettext_lazy("Settlement"),
    "account": gettext_lazy("Account"),
    "pricelist": gettext_lazy("Price list"),
    "invoice": gettext_lazy("Invoice"),
    "zone": gettext_lazy("Zone"),
    "gateway": gettext_lazy("Gateway"),
    "document": gettext_lazy("Document"),
}
_LOOKS: Final[dict[str, Promise]] = {
    "hours": gettext_lazy("Hours"),
    "days": gettext_lazy("Days"),
    "totals": gettext_lazy("Sums"),
    "readings": gettext_lazy("Register readings"),
    "seen_as": gettext_lazy("Saw the portal as a resident"),
}


def say_verb(action: str) -> str:
    """What was done."""
    return str(_VERBS[action]) if action in _VERBS else action.replace("_", " ")


def say_subject(subject: str) -> str:
    """The kind of thing."""
    return str(_SUBJECTS.get(subject, subject))


def say_look(what: str) -> str:
    """What somebody looked at."""
    return str(_LOOKS.get(what, what))
