# SPDX-License-Identifier: Apache-2.0
"""Forms of the sign-in that differ from django-allauth's."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import RequestLoginCodeForm

from avlest.portal.login.linking import find_user_by_email


class RequestCodeForm(RequestLoginCodeForm):  # type: ignore[misc]
    """A code to an address of the register; the answer is the same for an unknown one."""

    def clean_email(self) -> Any:
        """Make the login of a resident who has not been here before, then go on as usual."""
        email = self.cleaned_data.get("email", "")
        if email:
            find_user_by_email(email)
        return super().clean_email()
