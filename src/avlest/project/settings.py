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

DATA_DIR = Path(os.environ.get("AVLEST_DATA") or ".").absolute()
AVLEST = read_config(DATA_DIR)

# Rooms with models of their own; one that is not installed is left out.
ROOMS = ("registry", "collect", "readings", "insight", "settlement", "portal", "service")


def _has_app(room: str) -> bool:
    package = f"avlest.{room}"
    return find_spec(package) is not None and find_spec(f"{package}.apps") is not None


INSTALLED_APPS = [
    *(f"avlest.{room}" for room in ROOMS if _has_app(room)),
    "avlest.project",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = AVLEST.web.behind_https
if AVLEST.web.behind_https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

DATABASES = {"default": parse_database(AVLEST.general.database, data_dir=DATA_DIR).settings}
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

STATIC_URL = "static/"
# Style sheets and scripts are served from the installed packages: no step to collect them.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
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
