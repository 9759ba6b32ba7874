# SPDX-License-Identifier: Apache-2.0
"""Forms that change what a customer has agreed on; each knows the service that does it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from avlest.portal.forms import DateField, Form, NumberField
from avlest.readings.calendar import derive_day_start
from avlest.registry.rights import Actor
from avlest.settlement.account_details import access_account_details, get_order_codes, get_service_names
from avlest.settlement.core.sentences import write_service
from avlest.settlement.infos import AccountInfo
from avlest.settlement.models import ServiceOrder
from avlest.settlement.services.accounts import (
    do_decide_quantity,
    do_order_service,
    do_set_advance,
    do_set_agreement,
    do_set_terms,
)
from avlest.wording import format_number

_TERMS: Final = (1, 2, 4, 6, 12)
_THOUSAND: Final = 1000
_MOST: Final = Decimal(10_000_000)


class ChangeForm(Form):
    """A change of one account; `do` keeps what a valid form says."""

    title: Any = ""

    def __init__(self, *args: Any, account: AccountInfo, today: date, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account, self.today, self.language = account, today, language
        self.prepare()

    def prepare(self) -> None:
        """Fill in choices and what holds now."""

    def do(self, actor: Actor, *, now: datetime) -> None:
        """Keep the change; `RegistryError` where it is refused."""
        raise NotImplementedError

    def _fill_services(self, name: str = "service") -> None:
        codes = get_service_names(self.account.organisation_id)
        choices = [(code, write_service(code, self.language)) for code in codes]
        self.fields[name].choices = choices  # type: ignore[attr-defined]


class TermsForm(ChangeForm):
    """How many invoices a year."""

    title = gettext_lazy("Terms a year")
    terms = forms.TypedChoiceField(
        label=gettext_lazy("Terms a year"), coerce=int, choices=[(count, str(count)) for count in _TERMS]
    )

    def prepare(self) -> None:
        """Show what holds now."""
        self.initial["terms"] = self.account.terms

    def do(self, actor: Actor, *, now: datetime) -> None:
        """Keep it; it counts from the next run of terms."""
        do_set_terms(actor, self.account.id, terms=self.cleaned_data["terms"], now=now)


class AgreementForm(ChangeForm):
    """A service of the customer."""

    title = gettext_lazy("Agreement")
    service = forms.ChoiceField(label=pgettext_lazy("billing", "Service"))
    category = forms.CharField(label=gettext_lazy("Category"), required=False, max_length=40)
    region = forms.CharField(label=gettext_lazy("Region"), required=False, max_length=40)
    size = forms.CharField(label=gettext_lazy("Size"), required=False, max_length=20)
    count = forms.IntegerField(
        label=gettext_lazy("How many"), min_value=1, max_value=9999, initial=1,
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        help_text=gettext_lazy("Dwellings or meters: yearly fees are multiplied by it."),
    )  # fmt: skip
    valid_from = DateField(label=gettext_lazy("From"), required=False)
    valid_to = DateField(label=gettext_lazy("Ended from"), required=False, help_text=gettext_lazy("Empty: still."))

    def prepare(self) -> None:
        """Offer the services that have prices."""
        self._fill_services()

    def clean(self) -> dict[str, Any]:
        """An end comes after the beginning."""
        values = super().clean() or {}
        first, last = values.get("valid_from"), values.get("valid_to")
        if first and last and last <= first:
            self.add_error("valid_to", _("The end must come after the beginning."))
        return values

    def do(self, actor: Actor, *, now: datetime) -> None:
        """Give the service, or change the open one."""
        values = dict(self.cleaned_data)
        service = values.pop("service")
        do_set_agreement(actor, self.account.id, service=service, values=values, now=now)


class AdvanceForm(ChangeForm):
    """Another a konto for the rest of a year."""

    title = gettext_lazy("A konto")
    year = forms.TypedChoiceField(label=gettext_lazy("Year"), coerce=int)
    quantity = NumberField(
        label=gettext_lazy("A konto a year (m³)"), min_value=0, max_value=_MOST, decimal_places=3,
        help_text=gettext_lazy("For each metered service. The terms that are left take up the difference."),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    def prepare(self) -> None:
        """Offer this year and the next."""
        years = (self.today.year, self.today.year + 1)
        self.fields["year"].choices = [(year, str(year)) for year in years]  # type: ignore[attr-defined]

    def do(self, actor: Actor, *, now: datetime) -> None:
        """Keep a level of each service that is metered."""
        details = access_account_details(actor, self.account.id)
        metered = {level.service for level in details.levels} or {"water", "wastewater"}
        services = [one.service for one in details.agreements if one.service in metered]
        amount = int(self.cleaned_data["quantity"] * _THOUSAND)
        do_set_advance(
            actor, self.account.id, year=self.cleaned_data["year"], quantities=dict.fromkeys(services, amount),
            reason=self.cleaned_data["reason"], now=now,
        )  # fmt: skip


class QuantityForm(ChangeForm):
    """A quantity by discretion, where nothing else can be known."""

    title = gettext_lazy("Quantity by discretion")
    starts_on = DateField(label=gettext_lazy("First day"))
    last_on = DateField(label=pgettext_lazy("billing", "Last day"))
    quantity = NumberField(label=gettext_lazy("Quantity (m³)"), min_value=0, max_value=_MOST, decimal_places=3)
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The customer may appeal and reads this."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """The days are in order and the customer's own."""
        values = super().clean() or {}
        first, last = values.get("starts_on"), values.get("last_on")
        if first and last and last < first:
            self.add_error("last_on", _("The last day cannot come before the first."))
        if first and first < self.account.opened_on:
            self.add_error("starts_on", _("The customer came later than this day."))
        return values

    def do(self, actor: Actor, *, now: datetime) -> None:
        """Keep the decision with its reason and case worker."""
        values = self.cleaned_data
        do_decide_quantity(
            actor, self.account.id, starts_on=values["starts_on"], stops_on=values["last_on"] + timedelta(days=1),
            quantity=int(values["quantity"] * _THOUSAND), reason=values["reason"], now=now,
        )  # fmt: skip


class OrderForm(ChangeForm):
    """A one-off or hourly service."""

    title = gettext_lazy("Order a service")
    code = forms.ChoiceField(label=pgettext_lazy("billing", "Service"))
    day = DateField(label=gettext_lazy("Day"))
    start = forms.TimeField(
        label=gettext_lazy("From (clock)"), required=False, widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=gettext_lazy("For work by the hour."),
    )  # fmt: skip
    stop = forms.TimeField(
        label=gettext_lazy("To (clock)"), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    quantity = NumberField(label=gettext_lazy("How many"), initial="1", min_value=Decimal("0.001"), max_digits=12)
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=500)
    submit = gettext_lazy("Order")

    def prepare(self) -> None:
        """Offer what has a price an hour or once."""
        codes = get_order_codes(self.account.organisation_id)
        choices = [(code, f"{write_service(service, self.language)} ({code})") for code, service in codes]
        self.fields["code"].choices = choices  # type: ignore[attr-defined]
        self.initial.setdefault("quantity", format_number(1, language=self.language))

    def clean(self) -> dict[str, Any]:
        """Work has a beginning and an end, in that order."""
        values = super().clean() or {}
        start, stop = values.get("start"), values.get("stop")
        if (start is None) != (stop is None):
            self.add_error("stop" if stop is None else "start", _("Write both when it began and when it ended."))
        if start and stop and stop <= start:
            self.add_error("stop", _("The end must come after the beginning."))
        return values

    def do(self, actor: Actor, *, now: datetime) -> None:
        """Note it; the next run charges it."""
        values = self.cleaned_data
        midnight = derive_day_start(values["day"])
        at = [_at(midnight, clock) for clock in (values["start"], values["stop"])]
        order = ServiceOrder(
            account_id=self.account.id, code=values["code"], starts_at=at[0] or midnight + timedelta(hours=12),
            ends_at=at[1], quantity=values["quantity"], note=values["note"],
        )  # fmt: skip
        do_order_service(actor, order, now=now)


def _at(midnight: datetime, clock: Any) -> datetime | None:
    """An instant of a local day; the two days a year that are not 24 hours long end as the clock says after 03."""
    return None if clock is None else midnight + timedelta(hours=clock.hour, minutes=clock.minute)
