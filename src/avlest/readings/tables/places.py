# SPDX-License-Identifier: Apache-2.0
"""Where a store lives, and the same options in the words of each library that goes there."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs

from avlest.readings.tables.errors import StoreError

_DEFAULTS = {
    "aws_conditional_put": "etag",
    "connect_timeout": "5s",
    "timeout": "60s",
    "max_retries": "3",
    "retry_timeout": "30s",
}
"""Options for an object store: commits by conditional put (no lock table), and an answer within half a minute."""

_ONLY_DELTA = frozenset({"aws_conditional_put", "retry_timeout"})
_CLIENT_OPTIONS = frozenset({"connect_timeout", "timeout", "max_retries", "retry_timeout", "allow_http", "proxy_url"})


@dataclass(frozen=True, slots=True)
class Place:
    """A folder or an `s3://` address, with its options; secrets in the options are never shown."""

    location: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def is_local(self) -> bool:
        """Whether the place is a folder of this machine."""
        return "://" not in self.location

    def child(self, name: str) -> Place:
        """The place called `name` below this one."""
        return Place(f"{self.location.rstrip('/')}/{name}", self.options)

    @property
    def delta_options(self) -> dict[str, str] | None:
        """Options for deltalake; None for a folder."""
        return None if self.is_local else dict(self.options)

    @property
    def polars_options(self) -> dict[str, Any] | None:
        """Options for Polars, which wants the number of retries as a number; None for a folder."""
        if self.is_local:
            return None
        known: dict[str, Any] = {key: value for key, value in self.options.items() if key not in _ONLY_DELTA}
        return {**known, "max_retries": int(known["max_retries"])}

    def open_filesystem(self) -> tuple[pafs.FileSystem, str]:
        """The Arrow file system of the place, and the path of the place in it."""
        if self.is_local:
            return pafs.LocalFileSystem(), self.location
        return _open_s3(self.options), self.location.removeprefix("s3://")


def parse_place(location: str, *, options: Mapping[str, object]) -> Place:
    """Read a location and its options (names as in the AWS and object store documentation, any case, `aws_` or not).

    Raises `StoreError` when the location is neither a folder nor `s3://bucket/…`.
    """
    scheme, separator, rest = location.partition("://")
    if not separator:
        return Place(str(Path(location).expanduser().absolute()))
    if scheme == "file":
        return Place(str(Path(urllib.parse.unquote(rest)).absolute()))
    if scheme != "s3" or not rest.strip("/"):
        cause = "expected a folder or s3://bucket/folder"
        raise StoreError(location=location, action="open the store", cause=cause)
    given = {_option_name(key): str(value) for key, value in options.items()}
    if given.get("aws_endpoint_url", "").startswith("http://"):
        given.setdefault("allow_http", "true")
    return Place(location.rstrip("/"), {**_DEFAULTS, **given})


def _option_name(key: str) -> str:
    name = key.lower()
    if name in _CLIENT_OPTIONS or name.startswith("aws_"):
        return name
    return f"aws_{name}"


def _open_s3(options: Mapping[str, str]) -> pafs.FileSystem:
    wanted = {
        "access_key": options.get("aws_access_key_id"),
        "secret_key": options.get("aws_secret_access_key"),
        "session_token": options.get("aws_session_token"),
        "region": options.get("aws_region") or options.get("aws_default_region"),
        "endpoint_override": options.get("aws_endpoint_url") or options.get("aws_endpoint"),
    }
    known = {key: value for key, value in wanted.items() if value}
    return pafs.S3FileSystem(connect_timeout=5, request_timeout=60, **known)
