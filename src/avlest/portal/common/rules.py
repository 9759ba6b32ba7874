# SPDX-License-Identifier: Apache-2.0
"""Who may open what is common, what other rooms bring, and django-allauth's pages."""

from __future__ import annotations

from avlest.portal.rules import Rule, Who, for_anyone, for_roles, self_checked
from avlest.portal.sessions import SEEN_AS_ROLES
from avlest.portal.viewer import STAFF_ROLES
from avlest.registry.rights import Role

_BOTH = ("GET", "POST")
_THEME = {"organisation_id": "=1", "version": "=1"}


def _for_account(name: str, *methods: str) -> Rule:
    """A page of one's own account: open before the second factor is set up."""
    return Rule(name=name, who=Who.SIGNED_IN, methods=methods or _BOTH, is_shared=True, needs_second_factor=False)


RULES = (
    for_anyone("common:language", methods=("POST",)),
    for_anyone("common:colours", methods=("POST",)),
    Rule(name="common:organisation", who=Who.SIGNED_IN, methods=("POST",), is_shared=True),
    for_anyone("common:activate", methods=_BOTH),
    for_roles("common:reason", *STAFF_ROLES, methods=_BOTH, is_shared=True),
    for_roles("common:look", Role.ADMINISTRATOR, methods=_BOTH, is_shared=True),
    for_roles("common:see_as", *SEEN_AS_ROLES, arguments={"party_id": "party"}, methods=_BOTH),
    Rule(name="common:end_see_as", who=Who.SIGNED_IN, methods=("POST",), is_shared=True, allows_seen_as_write=True),
    for_anyone("common:theme", arguments=_THEME),
    for_anyone("common:logo", arguments=_THEME),
    for_anyone("common:manifest"),
    for_anyone("common:worker"),
    for_anyone("common:offline"),
    for_anyone("common:accessibility"),
    for_anyone("common:privacy"),
    # Other rooms
    for_anyone("status"),
    for_anyone("health"),
    self_checked("push", arguments={"source": "=none"}, methods=("POST",)),
    Rule(name="admin:*", who=Who.OWN),
    # django-allauth: what must be open to sign in
    for_anyone("account_login", methods=_BOTH),
    for_anyone("account_request_login_code", methods=_BOTH),
    for_anyone("account_confirm_login_code", methods=_BOTH),
    for_anyone("account_inactive"),
    for_anyone("account_signup"),
    for_anyone("account_logout", methods=_BOTH),
    for_anyone("account_reset_password", methods=_BOTH),
    for_anyone("account_reset_password_done"),
    for_anyone("account_reset_password_from_key", arguments={"uidb36": "=1", "key": "=none"}, methods=_BOTH),
    for_anyone("account_reset_password_from_key_done"),
    for_anyone("account_email_verification_sent"),
    for_anyone("account_confirm_email", arguments={"key": "=none"}),
    for_anyone("mfa_authenticate", methods=_BOTH),
    for_anyone("mfa_login_webauthn"),
    for_anyone("openid_connect_login", arguments={"provider_id": "=idporten"}),
    for_anyone("openid_connect_callback", arguments={"provider_id": "=idporten"}),
    for_anyone("socialaccount_login_cancelled"),
    for_anyone("socialaccount_login_error"),
    for_anyone("socialaccount_signup"),
    # django-allauth: one's own account
    _for_account("account_reauthenticate"),
    _for_account("account_email"),
    _for_account("account_change_password"),
    _for_account("account_set_password"),
    _for_account("socialaccount_connections"),
    _for_account("mfa_index", "GET"),
    _for_account("mfa_reauthenticate"),
    _for_account("mfa_activate_totp"),
    _for_account("mfa_deactivate_totp"),
    _for_account("mfa_view_recovery_codes", "GET"),
    _for_account("mfa_generate_recovery_codes"),
    _for_account("mfa_download_recovery_codes", "GET"),
    _for_account("mfa_list_webauthn", "GET"),
    _for_account("mfa_add_webauthn"),
    _for_account("mfa_reauthenticate_webauthn"),
    Rule(name="mfa_remove_webauthn", who=Who.SIGNED_IN, arguments={"pk": "=0"}, needs_second_factor=False),
    Rule(name="mfa_edit_webauthn", who=Who.SIGNED_IN, arguments={"pk": "=0"}, needs_second_factor=False),
)
