# SPDX-License-Identifier: Apache-2.0
"""Codes of settlement as people read them, and refusals of the lower rooms in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from avlest.registry.errors import Problem

Words = Mapping[str, str | Promise]

RUN_KINDS: Final[Words] = {
    "year": _("Settlement of a year"),
    "term": _("Terms"),
    "final": _("Settlement of moves"),
    "correction": _("Correction"),
}
RUN_STATES: Final[Words] = {
    "preview": pgettext_lazy("billing", "Preview"),
    "approved": pgettext_lazy("billing", "Approved"),
    "issuing": _("Being issued"),
    "issued": pgettext_lazy("billing", "Issued"),
    "dropped": _("Dropped"),
}
SEVERITIES: Final[Words] = {
    "blocking": _("Blocks the account"),
    "warning": _("Look at it"),
    "note": _("For information"),
}
EXCEPTIONS: Final[Words] = {
    "zero_use": _("No use"),
    "against_last_year": _("Far from last year"),
    "category_outlier": _("Far from others of the category"),
    "stipulated_share": _("Mostly not read"),
    "run_stipulated_share": _("Much of the run is not read"),
    "zone_difference": _("The zone does not add up"),
    "zone_unmeasured": _("The zone's main meter is not read"),
    "no_quantity": _("No quantity to settle"),
    "reduction_above_main": _("Reduction meter above the main meter"),
    "earlier_terms": _("Earlier terms not invoiced"),
    "no_price": _("No price"),
    "no_vat_rate": _("No VAT rate"),
}
LIST_STATES: Final[Words] = {
    "draft": _("Waits for approval"),
    "approved": pgettext_lazy("billing", "Approved"),
    "withdrawn": _("Withdrawn"),
}
PAYMENT_STATES: Final[Words] = {
    "matched": _("Matched"),
    "partial": _("Paid too little"),
    "over": _("Paid too much"),
    "double": _("Paid twice"),
    "unknown": _("Unknown"),
    "cleared": _("Dealt with"),
}
REFUND_STATES: Final[Words] = {
    "listed": _("Waits for approval"),
    "approved": _("To be paid back"),
    "paid": _("Paid back"),
    "offset": _("Set off"),
}
WORK_STATES: Final[Words] = {
    "waiting": _("Waiting"),
    "doing": _("Being done"),
    "done": _("Done"),
    "failed": _("Could not be done"),
}
PAPERS: Final[Words] = {
    "invoice": _("Invoice"),
    "credit_note": _("Credit note"),
    "photo_value": _("Photo of the register"),
    "photo_seal": _("Photo of the seal"),
    "photo_place": _("Photo of the installation"),
    "form": _("Form"),
    "other": _("Other document"),
}
LIST_KINDS: Final[Words] = {
    "meters": _("Meters"),
    "places": _("Properties, units and metering points"),
    "parties": _("People and companies"),
    "tenancies": _("Who lives where and who owns"),
    "installations": _("Meters put up, with start values"),
    "keys": _("Keys of meters"),
}
THINGS: Final[Words] = {
    "meter": _("meters"),
    "meterkey": _("keys"),
    "property": _("properties"),
    "unit": pgettext_lazy("billing", "units"),
    "meteringpoint": _("metering points"),
    "zone": pgettext_lazy("billing", "zones"),
    "party": _("people and companies"),
    "tenancy": _("tenancies"),
    "installation": _("installations"),
    "installationvalue": _("start values"),
    "register": pgettext_lazy("billing", "registers"),
    "series": pgettext_lazy("billing", "series"),
}
UNITS: Final[Words] = {
    "m3": _("per m³"),
    "kWh": _("per kWh"),
    "year": _("a year"),
    "hour": _("an hour"),
    "once": _("once"),
}
PROBLEMS: Final[Words] = {
    Problem.SAME_PERSON: _("You made this yourself. Another person must approve it."),
    Problem.ENDED: _("It has changed since the page was shown. Look at it again before you go on."),
    Problem.OVERLAP: _("The dates overlap with what is there already."),
    Problem.COLLISION: _("Somebody changed this at the same time. Try again."),
    Problem.BAD_FILE: _("The file cannot be used as it is."),
    Problem.PASSWORD: _("The file is encrypted: write its password."),
    "no_price": _("A price is missing for some of the days."),
    "no_vat_rate": _("A VAT rate is missing for some of the days."),
    "overlap": _("Two prices hold on the same days."),
}
_REFUSED: Final = _("This was refused.")


def get_word(words: Words, code: str) -> str:
    """Return the word for a code; the code itself where there is none."""
    return str(words.get(code, code))


def explain_problem(code: str) -> str:
    """Return the sentence for a refusal's code, for those whose reason a form does not name itself."""
    return str(PROBLEMS.get(code, _REFUSED))
