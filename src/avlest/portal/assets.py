# SPDX-License-Identifier: Apache-2.0
"""Style sheets and scripts straight from the installed packages: compressed once, addressed by their content."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import os
from functools import cache
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

_WORTH = 1000
# What pages of the portal use; the admin's hundred files are not worth the first start's time.
_COMPRESSED = ("/portal/", "htmx-2.min", "/mfa/", "/account/")
_TEXT = (".css", ".js", ".mjs", ".svg", ".json")
mimetypes.add_type("text/javascript", ".mjs")


class Storage(StaticFilesStorage):
    """Addresses with the checksum of the file: `portal.css?v=1f0c…`, so that browsers may keep it for long."""

    def url(self, name: str | None) -> str:
        """Return the address of a file."""
        checksum = get_checksum(name or "")
        return super().url(name) + (f"?v={checksum}" if checksum else "")


def get_checksum(name: str) -> str:
    """Return ten digits of the file's SHA-256; empty for a file that is not there."""
    return _read_checksum(name) if settings.DEBUG else _keep_checksum(name)


def _read_checksum(name: str) -> str:
    found = finders.find(name)
    return hashlib.sha256(Path(str(found)).read_bytes()).hexdigest()[:10] if found else ""


_keep_checksum = cache(_read_checksum)


class StaticMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """WhiteNoise that also has compressed copies of texts, made once in the data directory (`.static/`)."""

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> Any:
        """Return the file with its headers; a text also compressed."""
        copy = self._compress(Path(path)) if path.endswith(_TEXT) and any(part in url for part in _COMPRESSED) else None
        if copy is None:
            return super().get_static_file(path, url, stat_cache=stat_cache)
        headers = Headers([])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        stats = {path: Path(path).stat(), str(copy): copy.stat()}
        return StaticFile(path, headers.items(), stat_cache=stats, encodings={"gzip": str(copy)})

    def _compress(self, file: Path) -> Path | None:
        """Return the compressed copy, made when it is missing; None where it would not help or cannot be written."""
        stat = file.stat()
        if self.autorefresh or stat.st_size < _WORTH:
            return None
        key = hashlib.sha256(f"{file}:{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()[:32]
        copy = Path(settings.DATA_DIR) / ".static" / f"{key}.gz"
        try:
            if not copy.is_file():
                copy.parent.mkdir(exist_ok=True)
                partial = copy.with_suffix(f".{os.getpid()}-{id(self)}.partial")
                partial.write_bytes(gzip.compress(file.read_bytes(), compresslevel=9, mtime=0))
                partial.replace(copy)
        except OSError:
            return None
        return copy
