# SPDX-License-Identifier: Apache-2.0
"""Forms in which people decide about values: one finding, or many alike."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from avlest.portal.forms import Form, NumberField
from avlest.registry.errors import Problem, RegistryError

_THOUSAND: Final = 1000
_UNITS: Final[Mapping[str, tuple[str, int]]] = {"l": ("m³", _THOUSAND * _THOUSAND), "kwh": ("kWh", _THOUSAND)}
"""What people write amounts of a canonical unit in, and how many thousandths of the canonical unit that is."""
WITH_VALUE: Final = frozenset({"edit", "verify"})
_MOST: Final = Decimal(1_000_000_000)
LEAST_REASON: Final = 3


def get_written_unit(unit: str) -> tuple[str, int]:
    """The unit people write, and the factor to thousandths of the canonical one."""
    return _UNITS.get(unit, (unit, _THOUSAND))


class ReasonField(forms.CharField):
    """Why; kept with the decision for good."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=gettext_lazy("Why"),
            help_text=gettext_lazy("Kept with the decision, with your name and the time."),
            min_length=LEAST_REASON,
            max_length=1000,
            **kwargs,
        )


class DecisionForm(Form):
    """One finding: what is done, with what amount, why."""

    action = forms.ChoiceField(
        label=gettext_lazy("What shall count?"),
        widget=forms.RadioSelect,
        choices=(
            ("accept", gettext_lazy("Accept: what was measured is right")),
            ("estimate", gettext_lazy("Calculate: leave the readings out and calculate the use instead")),
            ("edit", gettext_lazy("Give a value; measured values that come later replace it")),
            ("verify", gettext_lazy("Give a value that stands, whatever the meter says")),
        ),
    )
    value = NumberField(required=False, min_value=-_MOST, max_value=_MOST, max_digits=15, decimal_places=6)
    reason = ReasonField()
    submit = gettext_lazy("Decide")

    def __init__(self, *args: Any, unit: str, period: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        label, self._factor = get_written_unit(unit)
        self.fields["value"].label = _("Use in the period, in %(unit)s") % {"unit": label}
        self.fields["value"].help_text = _("Of the whole period: %(period)s.") % {"period": period}

    def clean(self) -> dict[str, Any]:
        """A value belongs to the actions that give one, and only to them."""
        cleaned: dict[str, Any] = super().clean() or {}
        needs = cleaned.get("action") in WITH_VALUE
        if needs and cleaned.get("value") is None and "value" not in self.errors:
            self.add_error("value", ValidationError(_("Write the amount that shall count."), code="required"))
        if not needs and cleaned.get("action") and cleaned.get("value") is not None:
            self.add_error("value", ValidationError(_("Leave this empty, or choose to give a value."), code="unwanted"))
        return cleaned

    @property
    def thousandths(self) -> int | None:
        """The amount in thousandths of the canonical unit."""
        value = self.cleaned_data.get("value")
        return None if value is None else int((value * self._factor).to_integral_value())


class BulkForm(Form):
    """Many findings alike: accepted, or left out and calculated."""

    findings = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Values"),
        coerce=int,
        required=False,
        error_messages={"invalid_choice": gettext_lazy("One of the chosen is decided already. Choose again.")},
    )
    every = forms.BooleanField(required=False)
    action = forms.ChoiceField(
        label=gettext_lazy("What shall count?"),
        choices=(
            ("", gettext_lazy("Choose …")),
            ("accept", gettext_lazy("Accept: what was measured is right")),
            ("estimate", gettext_lazy("Calculate: leave the readings out and calculate the use instead")),
        ),
    )
    reason = ReasonField()
    submit = gettext_lazy("Decide for the chosen")

    def __init__(self, *args: Any, numbers: list[int], total: int, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["findings"].choices = [(number, str(number)) for number in numbers]  # type: ignore[attr-defined]
        if total > most:
            text = _("The first %(most)s of the %(count)s that match, also those on other pages")
        else:
            text = _("All %(count)s that match, also those on other pages")
        self.fields["every"].label = text % {"count": total, "most": most}

    def clean(self) -> dict[str, Any]:
        """Something must be chosen."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("findings") and not cleaned.get("every") and "findings" not in self.errors:
            self.add_error("findings", ValidationError(_("Choose at least one value in the table."), code="required"))
        return cleaned


def say_refusal(error: RegistryError) -> str:
    """Why a decision was refused, in the reader's language."""
    if error.problem is Problem.OVERLAP:
        return _("The period is locked by discretion. It must be released first.")
    if error.problem is Problem.ENDED:
        return _("Somebody has decided this already.")
    return _("This cannot be decided so: %(detail)s.") % {"detail": error.detail}
