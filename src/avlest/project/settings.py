# SPDX-License-Identifier: Apache-2.0
"""Django settings, made from the data directory named by `AVLEST_DATA` (default: here)."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from avlest.project.config import read_config
from avlest.project.database import parse_database
from avlest.project.secret import read_secret_key
from avlest.project.signing_in import derive_login_settings, derive_mail_settings

DATA_DIR = Path(os.environ.get("AVLEST_DATA") or ".").absolute()
AVLEST = read_config(DATA_DIR)

# Rooms with models of their own; one that is not installed is left out.
ROOMS = ("registry", "collect", "readings", "insight", "settlement", "portal", "service")


# Parts of the portal, before the portal itself: what they bring may replace what it has.
AREAS = ("resident", "manager", "billing", "operations", "api")


def _has_app(room: str) -> bool:
    package = f"avlest.{room}"
    return find_spec(package) is not None and find_spec(f"{package}.apps") is not None


INSTALLED_APPS = [
    *(f"avlest.portal.{area}" for area in AREAS if _has_app(f"portal.{area}")),
    *(f"avlest.{room}" for room in ROOMS if _has_app(room)),
    "avlest.project",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    # It brings an HTTP client, which every command would load.
    *(["allauth.socialaccount.providers.openid_connect"] if AVLEST.login.idporten_client_id else []),
    "django_htmx",
    "django.forms",
    "django.contrib.humanize",
    "django.contrib.admin.apps.SimpleAdminConfig",  # its pages are found where its addresses are: project/urls.py
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "avlest.portal.middleware.StaticMiddleware",
    "avlest.portal.middleware.HeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "avlest.portal.middleware.ViewerMiddleware",
]
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "avlest.portal.context.portal",
            ],
        },
    },
]
ROOT_URLCONF = "avlest.project.urls"
WSGI_APPLICATION = "avlest.project.wsgi.application"

SECRET_KEY = read_secret_key(DATA_DIR, os.environ)
DEBUG = AVLEST.web.debug
ALLOWED_HOSTS = list(AVLEST.web.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(AVLEST.web.origins)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = AVLEST.web.behind_https
if AVLEST.web.behind_https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # What is asked for on the machine itself or by gateways may come without the proxy.
    SECURE_REDIRECT_EXEMPT = [r"^health$", r"^push/"]
    SECURE_HSTS_SECONDS = AVLEST.web.hsts_seconds
# Whether other names under the domain speak HTTPS is not ours to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = AVLEST.login.session_hours * 3600
SESSION_ENGINE = "avlest.portal.login.stored"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
CSRF_FAILURE_VIEW = "avlest.portal.common.errors.show_csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
REQUIRE_SECOND_FACTOR = AVLEST.login.require_second_factor

DATABASES = {"default": parse_database(AVLEST.general.database, data_dir=DATA_DIR).settings}
# Files: the processes of the web server share them, so that tries to sign in are counted once.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / ".cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "registry.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]

LANGUAGE_CODE = AVLEST.general.language
LANGUAGES = [("nb", "Bokmål"), ("nn", "Nynorsk"), ("en", "English")]
TIME_ZONE = AVLEST.general.time_zone
USE_TZ = True
USE_I18N = True
# django-allauth has no nynorsk of its own.
LOCALE_PATHS = [Path(__file__).parent.parent / "portal/login/locale"]
FORM_RENDERER = "avlest.portal.forms.Renderer"

STATIC_URL = "static/"
# Style sheets and scripts are served from the installed packages: no step to collect them.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
# An address of a style sheet or script carries the file's own checksum: it may be kept.
WHITENOISE_MAX_AGE = 0 if DEBUG else 30 * 24 * 3600
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "avlest.portal.assets.Storage"},
}
MEDIA_ROOT = DATA_DIR / "documents"
# Documents hold people's addresses: readable by the owner of the process only.
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"hide_keys": {"()": "avlest.project.log.HideKeys"}},
    "formatters": {"line": {"()": "avlest.project.log.Line"}, "json": {"()": "avlest.project.log.JsonLine"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["hide_keys"],
            "formatter": AVLEST.log.format,
        },
    },
    "root": {"handlers": ["console"], "level": AVLEST.log.level},
}
globals().update(derive_mail_settings(AVLEST.mail, data_dir=DATA_DIR))
globals().update(derive_login_settings(AVLEST.login, is_https=AVLEST.web.behind_https))
