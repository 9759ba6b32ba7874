# SPDX-License-Identifier: Apache-2.0
"""The column that holds a sealed key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from avlest.registry.keys.seal import SealedKey

if TYPE_CHECKING:
    _CharField = models.CharField[str, SealedKey]
else:
    _CharField = models.CharField


class SealedKeyField(_CharField):
    """Text that is a `SealedKey`: anything else, such as a key in the clear, is refused.

    Opening needs the meter's number and the ring, so the column never opens by itself and
    no serializer, form or dump shows more than the sealed text.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_length"] = 120
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave the fixed length out of migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        return name, path, args, kwargs

    def from_db_value(self, value: str | None, *_args: Any) -> SealedKey | None:
        """Return the stored text as a `SealedKey`."""
        return None if value is None else SealedKey(value)

    def get_prep_value(self, value: Any) -> Any:
        """Refuse to write anything that was not sealed."""
        if value is not None and not isinstance(value, SealedKey):
            raise ValidationError(_("Only a sealed key can be stored here."))
        return None if value is None else str.__str__(value)
