# SPDX-License-Identifier: Apache-2.0
"""The table `[readings]` of `avlest.toml`: where the Delta tables are."""

from __future__ import annotations

import dataclasses

from avlest.project.config import Config
from avlest.project.options import option
from avlest.readings.tables import Store, open_store


@dataclasses.dataclass(frozen=True, slots=True)
class StoreOptions:
    """The table `[readings]`: where the Delta tables are."""

    store: str = option("readings", help="Folder (relative to the data directory) or `s3://bucket/folder`.")
    access_key_id: str = option("", help="Access key of the object store.", secret=True)
    secret_access_key: str = option("", help="Secret key of the object store.", secret=True)
    session_token: str = option("", help="Session token of the object store.", secret=True)
    region: str = option("", help="Region of the object store.")
    endpoint_url: str = option("", help="Address of an object store that is not Amazon's.")
    allow_http: bool = option(default=False, help="Speak HTTP without TLS with the object store.")


def read_store_options(config: Config) -> StoreOptions:
    """Return `[readings]`, checked; `ConfigError` names file, line and what is expected."""
    return config.parse_table("readings", StoreOptions)


def open_configured_store(config: Config) -> Store:
    """Open the Delta tables of an installation."""
    options = read_store_options(config)
    if "://" not in options.store:
        return open_store(str(config.resolve(options.store)))
    given = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
    return open_store(given.pop("store"), options={name: value for name, value in given.items() if value})
