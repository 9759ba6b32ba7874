# SPDX-License-Identifier: Apache-2.0
"""`[login]` and `[mail]` of `avlest.toml`, and the settings of django-allauth made from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from avlest.project.options import option


@dataclasses.dataclass(frozen=True, slots=True)
class Login:
    """The table `[login]`: how people sign in."""

    require_second_factor: bool = option(
        default=True,
        help="Staff must use a passkey or an app's code besides the password; `false` only for a demonstration.",
    )
    by_email_code: bool = option(
        default=True, help="Residents may sign in with a code sent to the e-mail address in the register."
    )
    session_hours: int = option(12, help="How long somebody stays signed in without a new sign-in.")
    activation_days: int = option(60, help="How long an activation code sent by letter is valid.")
    idporten_client_id: str = option("", help="Client of ID-porten (OpenID Connect); empty: no ID-porten.")
    idporten_client_secret: str = option("", help="Secret of the ID-porten client.", secret=True)
    idporten_url: str = option("https://idporten.no", help="Issuer of ID-porten; `https://test.idporten.no` to try.")


@dataclasses.dataclass(frozen=True, slots=True)
class Mail:
    """The table `[mail]`: how e-mail is sent."""

    host: str = option("", help="SMTP server; empty: messages are written as files in `mail/` of the data directory.")
    port: int = option(587, help="TCP port of the SMTP server.")
    user: str = option("", help="User name at the SMTP server.")
    password: str = option("", help="Password at the SMTP server.", secret=True)
    security: str = option("starttls", help="How the connection is protected.", choices=("starttls", "tls", "none"))
    sender: str = option("avlest@localhost", help="Address messages come from.")


def derive_mail_settings(mail: Mail, *, data_dir: Path) -> dict[str, Any]:
    """Return Django's e-mail settings."""
    backend = "smtp" if mail.host else "filebased"
    return {
        "EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend",
        "EMAIL_FILE_PATH": str(data_dir / "mail"),
        "EMAIL_HOST": mail.host,
        "EMAIL_PORT": mail.port,
        "EMAIL_HOST_USER": mail.user,
        "EMAIL_HOST_PASSWORD": mail.password,
        "EMAIL_USE_TLS": mail.security == "starttls",
        "EMAIL_USE_SSL": mail.security == "tls",
        "EMAIL_TIMEOUT": 20,
        "DEFAULT_FROM_EMAIL": mail.sender,
        "SERVER_EMAIL": mail.sender,
    }


def derive_login_settings(login: Login, *, is_https: bool) -> dict[str, Any]:
    """Return the settings of django-allauth: no sign-up, codes by e-mail, TOTP, passkeys, ID-porten."""
    return {
        "AUTHENTICATION_BACKENDS": ["avlest.portal.login.stored.AuthenticationBackend"],
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "/",
        "ACCOUNT_ADAPTER": "avlest.portal.login.adapters.AccountAdapter",
        "ACCOUNT_LOGIN_METHODS": {"username", "email"},
        "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*"],  # without it the log-in page asks for no password
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_LOGIN_BY_CODE_ENABLED": login.by_email_code,
        "ACCOUNT_LOGIN_BY_CODE_TIMEOUT": 900,
        "ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS": 3,
        "ACCOUNT_LOGOUT_REDIRECT_URL": "account_login",
        "ACCOUNT_EMAIL_SUBJECT_PREFIX": "",
        "ALLAUTH_TRUSTED_PROXY_COUNT": int(is_https),
        "ACCOUNT_PREVENT_ENUMERATION": True,
        "ACCOUNT_SESSION_REMEMBER": False,
        "ACCOUNT_RATE_LIMITS": {
            "login": "30/m/ip",
            "login_failed": "10/m/ip,5/5m/key",
            "request_login_code": "20/m/ip,3/5m/key",
        },
        "ACCOUNT_FORMS": {
            "login": "avlest.portal.login.forms.SignInForm",
            "request_login_code": "avlest.portal.login.forms.RequestCodeForm",
        },
        "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
        "MFA_PASSKEY_LOGIN_ENABLED": True,
        "MFA_TOTP_ISSUER": "Avlest",
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": not is_https,
        "SOCIALACCOUNT_ADAPTER": "avlest.portal.login.adapters.SocialAdapter",
        "SOCIALACCOUNT_STORE_TOKENS": False,
        "SOCIALACCOUNT_PROVIDERS": _get_providers(login),
    }


def _get_providers(login: Login) -> dict[str, Any]:
    if not login.idporten_client_id:
        return {}
    app = {
        "provider_id": "idporten",
        "name": "ID-porten",
        "client_id": login.idporten_client_id,
        "secret": login.idporten_client_secret,
        "settings": {"server_url": login.idporten_url, "token_auth_method": "client_secret_basic"},
    }
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True, "SCOPE": ["openid", "profile"]}}
