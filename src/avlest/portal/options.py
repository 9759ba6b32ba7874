# SPDX-License-Identifier: Apache-2.0
"""The table `[portal]` of `avlest.toml`."""

from __future__ import annotations

import dataclasses
from functools import cache

from django.conf import settings

from avlest.project.config import Config
from avlest.project.options import option


@dataclasses.dataclass(frozen=True, slots=True)
class PortalOptions:
    """How pages behave."""

    tiles: str = option(
        "",
        help="Address of map tiles with `{z}`, `{x}`, `{y}`, such as those of Kartverket; empty: a plain background.",
    )
    tiles_source: str = option("© Kartverket", help="Whom the map must name.")
    contact: str = option("", help="Where people turn to: an e-mail address or telephone number, shown on every page.")
    api_calls_per_minute: int = option(600, help="How often one token, or one person, may call the API in a minute.")
    private_hosts: tuple[str, ...] = option(
        (),
        help="Hosts on your own network that webhooks and residents' brokers may reach; all others must be public.",
    )
    max_upload_mb: int = option(10, help="Largest photo or document somebody may send, in megabytes.")


@cache
def get_options() -> PortalOptions:
    """Return `[portal]`, checked; `ConfigError` names file, line and what is expected."""
    config: Config = settings.AVLEST
    return config.parse_table("portal", PortalOptions)
