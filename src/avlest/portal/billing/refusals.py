# SPDX-License-Identifier: Apache-2.0
"""What the lower rooms refuse, told to the person who asked: a message, and back where they came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.forms import BaseForm

from avlest.portal.billing.words import explain_problem
from avlest.portal.request import ViewerRequest
from avlest.registry.errors import RegistryError


def try_to(request: ViewerRequest, do: Callable[[], Any], *, done: str) -> bool:
    """Do something and say `done`; where it is refused say why, and return False."""
    try:
        do()
    except RegistryError as refused:
        messages.error(request, explain_problem(refused.problem))
        return False
    messages.success(request, done)
    return True


def try_form(form: BaseForm, do: Callable[[], Any], *, field: str | None = None) -> bool:
    """Do what a valid form asks for; where it is refused put the reason at a field (None: the form), return False."""
    try:
        do()
    except RegistryError as refused:
        form.add_error(field, explain_problem(refused.problem))
        return False
    return True
