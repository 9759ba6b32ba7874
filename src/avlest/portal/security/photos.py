# SPDX-License-Identifier: Apache-2.0
"""Photos without where and with what they were taken: metadata is cut out, the picture's bytes stay as they are.

JPEG: segments APP1 (EXIF, XMP) to APP15 but APP2's colour profile and APP14, and comments (ITU-T T.81 B.2.4).
PNG: all ancillary chunks but those that change how pixels look (ISO/IEC 15948).  WebP: the chunks `EXIF` and `XMP `.
A JPEG turned on its side by EXIF keeps a small EXIF of its own that holds the orientation alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from avlest.portal.security.uploads import Kind, find_kind

_PNG_HEAD: Final = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT: Final = {
    b"IHDR",
    b"PLTE",
    b"IDAT",
    b"IEND",
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"iCCP",
    b"sBIT",
    b"bKGD",
    b"pHYs",
}
_SOS, _EOI, _COM, _APP0, _APP1, _APP2, _APP14, _APP15 = 0xDA, 0xD9, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
_ORIENTATION: Final = 0x0112


class PhotoError(ValueError):
    """A file that is no photo, or a broken one."""


def strip_position(photo: bytes) -> bytes:
    """Return the photo (JPEG, PNG, WebP) without EXIF, XMP, comments and thumbnails; `PhotoError` for anything else."""
    kind = find_kind(photo[:4096])
    try:
        if kind == Kind.JPEG:
            return _strip_jpeg(photo)
        if kind == Kind.PNG:
            return _strip_png(photo)
        if kind == Kind.WEBP:
            return _strip_webp(photo)
    except (IndexError, struct.error) as error:
        raise PhotoError("the photo is broken") from error
    raise PhotoError("not a photo: expected JPEG, PNG or WebP")


def _strip_jpeg(photo: bytes) -> bytes:
    kept, orientation = [b"\xff\xd8"], 1
    for marker, segment, rest in _segments(photo):
        if marker == _APP1:
            orientation = _find_orientation(segment[4:]) or orientation
        if rest is not None:
            body = _cut_end(rest)
            kept.append(segment + body)
        elif not _is_metadata(marker, segment):
            kept.append(segment)
    exif = _make_exif(orientation) if orientation != 1 else b""
    return kept[0] + exif + b"".join(kept[1:])


def _segments(photo: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Marker, whole segment, and, for the last one (start of scan), all that follows."""
    at = 2
    while at < len(photo):
        if photo[at] != 0xFF:
            raise PhotoError("the photo is broken")
        marker = photo[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", photo, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(photo):
            raise PhotoError("the photo is broken")
        if marker == _SOS:
            yield marker, photo[at:end], photo[end:]
            return
        yield marker, photo[at:end], None
        at = end
    raise PhotoError("the photo is broken")


def _cut_end(scan: bytes) -> bytes:
    """The scans up to the end of the image: what cameras hang on behind it (a second picture with EXIF) goes."""
    at = scan.find(b"\xff")
    while 0 <= at < len(scan) - 1:
        marker = scan[at + 1]
        if marker == _EOI:
            return scan[: at + 2]
        if marker == 0xFF:
            at += 1
        elif marker == 0 or 0xD0 <= marker <= 0xD7:  # a byte of the picture, or a restart mark
            at += 2
        else:
            at = _skip_segment(scan, at)
        at = scan.find(b"\xff", at)
    raise PhotoError("the photo is broken")


def _skip_segment(scan: bytes, at: int) -> int:
    """Past a segment between the scans of a progressive JPEG; metadata has no business there."""
    if _APP1 <= scan[at + 1] <= _APP15 or scan[at + 1] == _COM:
        raise PhotoError("the photo has metadata between its scans")
    length: int = struct.unpack_from(">H", scan, at + 2)[0]
    return at + 2 + max(length, 2)


def _is_metadata(marker: int, segment: bytes) -> bool:
    if marker == _APP2:
        return not segment[4:].startswith(b"ICC_PROFILE")
    return marker == _COM or (_APP1 <= marker <= _APP15 and marker != _APP14)


def _find_orientation(body: bytes) -> int | None:
    """The EXIF orientation (1 to 8) of an APP1 segment's body."""
    if not body.startswith(b"Exif\x00\x00"):
        return None
    tiff = body[6:]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return None
    try:
        (offset,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, offset)
        for number in range(min(count, 200)):
            tag, _type, _count, value = struct.unpack_from(f"{order}HHIH", tiff, offset + 2 + 12 * number)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else None
    except struct.error:
        return None
    return None


def _make_exif(orientation: int) -> bytes:
    """An APP1 segment with one entry: the orientation."""
    tiff = b"MM\x00\x2a\x00\x00\x00\x08" + struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    body = b"Exif\x00\x00" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _strip_png(photo: bytes) -> bytes:
    kept, at = [_PNG_HEAD], len(_PNG_HEAD)
    while at < len(photo):
        (length,) = struct.unpack_from(">I", photo, at)
        name, end = photo[at + 4 : at + 8], at + 12 + length
        if end > len(photo):
            raise PhotoError("the photo is broken")
        if name in _PNG_KEPT:
            kept.append(photo[at:end])
        at = end
        if name == b"IEND":
            return b"".join(kept)
    raise PhotoError("the photo is broken")


def _strip_webp(photo: bytes) -> bytes:
    kept, at = [], 12
    while at + 8 <= len(photo):
        name = photo[at : at + 4]
        (length,) = struct.unpack_from("<I", photo, at + 4)
        end = at + 8 + length + length % 2
        if at + 8 + length > len(photo):
            raise PhotoError("the photo is broken")
        if name == b"VP8X":
            flags = photo[at + 8] & ~0x0C  # no EXIF, no XMP any more
            kept.append(photo[at : at + 8] + bytes([flags]) + photo[at + 9 : end])
        elif name not in (b"EXIF", b"XMP "):
            kept.append(photo[at:end])
        at = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body
