# SPDX-License-Identifier: Apache-2.0
"""The three steps of a meter exchange as forms: the old meter, the new one, photos."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from avlest.portal.forms import DateField, Form, NumberField
from avlest.portal.manager.deciding import get_written_unit
from avlest.portal.manager.media import name_series
from avlest.portal.options import get_options
from avlest.portal.security import PhotoError, UploadError, check_upload, strip_position
from avlest.portal.security.uploads import PHOTOS
from avlest.readings.calendar import OSLO
from avlest.registry.models import Meter
from avlest.registry.services.installations import RegisterValue

_MOST: Final = Decimal(1_000_000_000)


@dataclasses.dataclass(frozen=True, slots=True)
class Counting:
    """A register of the old meter whose value is noted; `last` was received `last_at` (thousandths of `unit`)."""

    series_id: int
    quantity: str
    qualifier: str
    tariff: int
    unit: str
    is_main: bool
    last: int | None
    last_at: datetime | None

    @property
    def name(self) -> str:
        """What it counts."""
        return name_series(self.quantity, self.qualifier, self.tariff)


class _ValuesForm(Form):
    """A form with one number a register; the main register's must be there."""

    prefix_of_values = ""

    def __init__(self, *args: Any, counts: Sequence[Counting], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.counts = counts
        for each in counts:
            label, _factor = get_written_unit(each.unit)
            self.fields[f"{self.prefix_of_values}_{each.series_id}"] = NumberField(
                label=self.name_value(each, label), min_value=0, max_value=_MOST, max_digits=15, decimal_places=3,
                required=each.is_main,
            )  # fmt: skip

    def name_value(self, each: Counting, unit: str) -> str:
        """The label of a register's field."""
        raise NotImplementedError

    def get_values(self) -> list[RegisterValue]:
        """What was typed, in thousandths of the canonical units."""
        found = []
        for each in self.counts:
            value = self.cleaned_data.get(f"{self.prefix_of_values}_{each.series_id}")
            if value is not None:
                exact = int((value * get_written_unit(each.unit)[1]).to_integral_value())
                found.append(RegisterValue(each.quantity, each.unit, exact, each.qualifier, each.tariff))
        return found


class OldForm(_ValuesForm):
    """When the old meter was taken down, and what it showed."""

    prefix_of_values = "end"
    day = DateField(label=gettext_lazy("Day of the exchange"))
    clock = forms.TimeField(
        label=gettext_lazy("Time of the exchange"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        input_formats=["%H:%M", "%H.%M", "%H:%M:%S"],
        error_messages={"invalid": gettext_lazy("Write a time, such as 14.05.")},
    )
    submit = gettext_lazy("Next: the new meter")

    def __init__(self, *args: Any, since: datetime, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._since, self._now = since, now

    def name_value(self, each: Counting, unit: str) -> str:
        """The end value."""
        return _("End value, %(name)s, in %(unit)s") % {"name": each.name.lower(), "unit": unit}

    def clean(self) -> dict[str, Any]:
        """The exchange is past, and the old meter hung there."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("day") is None or cleaned.get("clock") is None:
            return cleaned
        at = datetime.combine(cleaned["day"], cleaned["clock"], OSLO).astimezone(UTC)
        if at > self._now:
            self.add_error("day", ValidationError(_("The exchange cannot be ahead in time."), code="ahead"))
        elif at <= self._since:
            self.add_error("day", ValidationError(_("The old meter did not hang here yet."), code="before"))
        cleaned["at"] = at
        return cleaned


class NewForm(_ValuesForm):
    """The new meter and what it showed when it was put up."""

    prefix_of_values = "start"
    serial = forms.CharField(
        label=gettext_lazy("Number of the new meter"),
        help_text=gettext_lazy("As on the meter. It must be in the register."),
        max_length=40,
    )
    seal = forms.CharField(label=gettext_lazy("Seal number"), required=False, max_length=40)
    note = forms.CharField(
        label=gettext_lazy("Note"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    submit = gettext_lazy("Next: look over")

    def __init__(self, *args: Any, organisation_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._organisation_id = organisation_id

    def name_value(self, each: Counting, unit: str) -> str:
        """The start value."""
        return _("Start value, %(name)s, in %(unit)s") % {"name": each.name.lower(), "unit": unit}

    def clean_serial(self) -> Meter:
        """The one meter with the number that hangs nowhere."""
        text = self.cleaned_data["serial"].strip()
        maker, _space, serial = text.rpartition(" ")
        rows = Meter.objects.of(self._organisation_id)
        found = rows.filter(Q(printed_number__iexact=text) | Q(serial__iexact=serial))
        found = found.filter(manufacturer__iexact=maker) if maker else found
        free = list(found.exclude(installation__ends_at__isnull=True, installation__isnull=False).distinct()[:2])
        if len(free) == 1:
            return free[0]
        if free:
            raise ValidationError(
                _("Several meters have this number. Write the maker first: KAM 12345678."), code="many"
            )
        if found.exists():
            raise ValidationError(_("This meter hangs somewhere already."), code="taken")
        raise ValidationError(_("No meter in the register has this number."), code="unknown")


class PhotoForm(Form):
    """Photos of the old register and of the new meter with its seal."""

    photo_value = forms.FileField(
        label=gettext_lazy("Photo of the old meter's register"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )
    photo_seal = forms.FileField(
        label=gettext_lazy("Photo of the new meter with its seal"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )
    submit = gettext_lazy("Exchange the meter")

    def clean_photo_value(self) -> tuple[str, bytes] | None:
        """Type and bytes without position."""
        return self._clean_photo("photo_value")

    def clean_photo_seal(self) -> tuple[str, bytes] | None:
        """Type and bytes without position."""
        return self._clean_photo("photo_seal")

    def _clean_photo(self, name: str) -> tuple[str, bytes] | None:
        file = self.cleaned_data[name]
        if file is None:
            return None
        try:
            kind = check_upload(file, kinds=PHOTOS, max_mb=get_options().max_upload_mb)
            return str(kind), strip_position(file.read())
        except UploadError as error:
            raise ValidationError(str(error), code="upload") from error
        except PhotoError as error:
            raise ValidationError(_("The photo cannot be read. Take it again."), code="photo") from error
