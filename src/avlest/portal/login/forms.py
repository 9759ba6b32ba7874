# SPDX-License-Identifier: Apache-2.0
"""Forms of the sign-in that differ from django-allauth's."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm, RequestLoginCodeForm
from django.utils.translation import gettext_lazy as _

from avlest.portal.login.linking import find_user_by_email


class SignInForm(LoginForm):  # type: ignore[misc]
    """User name (or e-mail) and password: labels above the fields, nothing written in them."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("User name or e-mail")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class RequestCodeForm(RequestLoginCodeForm):  # type: ignore[misc]
    """A code to an address of the register; the answer is the same for an unknown one."""

    def clean_email(self) -> Any:
        """Make the login of a resident who has not been here before, then go on as usual."""
        email = self.cleaned_data.get("email", "")
        if email:
            find_user_by_email(email)
        return super().clean_email()
