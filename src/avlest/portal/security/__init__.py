# SPDX-License-Identifier: Apache-2.0
"""Safety helpers: uploads, photos, signed links, throttling."""

from __future__ import annotations

from avlest.portal.security.links import LinkError, make_link, read_link
from avlest.portal.security.photos import PhotoError, strip_position
from avlest.portal.security.throttle import may_try
from avlest.portal.security.uploads import Kind, UploadError, check_upload, find_kind

__all__ = [
    "Kind",
    "LinkError",
    "PhotoError",
    "UploadError",
    "check_upload",
    "find_kind",
    "make_link",
    "may_try",
    "read_link",
    "strip_position",
]
