# SPDX-License-Identifier: Apache-2.0
"""Where sign-in differs from django-allauth's: nobody signs up, ID-porten's number is not kept."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest
from django.utils import timezone

from avlest.portal.login.linking import do_link_by_email

# What ID-porten says of a person and we have no use for (`pid` is the national identity number).
_NOT_KEPT = ("pid", "birthdate", "picture", "phone_number", "address")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People come into the register by the organisation, not by signing up."""

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        """Nobody signs up by themselves."""
        return False

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """After a code by e-mail, tie the user to the parties with this address."""
        email = (kwargs.get("signal_kwargs") or {}).get("email") or kwargs.get("email")
        records = request.session.get("account_authentication_methods", [])
        if email or any(record.get("method") == "code" for record in records):
            do_link_by_email(user, now=timezone.now())
        return super().post_login(request, user, **kwargs)


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """ID-porten says who somebody is; which home is theirs is said by an activation code."""

    def is_open_for_signup(self, _request: HttpRequest, _sociallogin: SocialLogin) -> bool:
        """Whoever ID-porten knows may have a login; it opens nothing before a code ties it to a home."""
        return True

    def is_auto_signup_allowed(self, _request: HttpRequest, _sociallogin: SocialLogin) -> bool:
        """No form in between: there is nothing to ask."""
        return True

    def pre_social_login(self, _request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Forget the national identity number and what else is not needed."""
        data = sociallogin.account.extra_data
        for part in (data, data.get("userinfo") or {}, data.get("id_token") or {}):
            for name in _NOT_KEPT:
                part.pop(name, None)
