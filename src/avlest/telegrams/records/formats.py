# SPDX-License-Identifier: Apache-2.0
"""Formats of compact frames: the DIF/VIF strings that were sent earlier or are known.

A compact frame (EN 13757-3:2018, clause 7 and annex on compact frames) carries only data,
a CRC of the DIF/VIF string (the format signature) and a CRC of the frame as it would be
in full.  Which string belongs to a signature is learned from full frames; the few that
make sense without one are listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from avlest.telegrams.records.model import Payload
from avlest.telegrams.wmbus.crc import compute_crc

MAX_LEARNED: Final = 1024

# DIF/VIF strings that meters are known to use, and which meters.  `E` and `V` stand for the
# resolutions of energy and volume, which are chosen when the meter is ordered.
KNOWN_FORMATS: Final[tuple[tuple[str, str], ...]] = (
    ("02FF20 0413 4413", "Kamstrup water: volume, target volume"),
    ("02FF20 0413 4413 615B 5167", "Kamstrup water: with minimum water and maximum room"),
    ("02FF20 0413 4413 615B 6167", "Kamstrup water: with minimum water and minimum room"),
    ("02FF20 0413 523B", "Kamstrup water: volume and maximum flow"),
    ("02FF20 0413 4413 A1015B 8101E7FF0F", "Kamstrup water: target volume"),
    ("02FF20 0413 92013B A1015B 8101E7FF0F", "Kamstrup water: maximum flow"),
    ("04FF23 4413 523B 06FF1B 426C 6167 5167 023B 0413 8101E7FF0F", "Kamstrup water: with flow"),
    ("02FF20 0413 4413 426C 523B 615B 6167 5167 8101E7FF0F 06FF1B", "Kamstrup water: temperatures"),
    (
        "04FF23 0413 4413 426C 023B 92013B A2013B 06FF1B A1015B 91015B A10167",
        "Kamstrup flowIQ 2200, KWM2231: with target date, flow and temperatures",
    ),
    ("0404 04843C 042B 04AB3C", "Kamstrup OMNIPOWER: energy and power, both directions"),
    ("0405 04FB8275 04853C 04FB82F53C 01FD17", "Kamstrup EM24: active and reactive energy"),
    ("2269 1269 0269 05FF09 05FF0A 02FD17", "Kamstrup pressure sensor"),
    ("03E 43E 03V 426C 022D 01FF21", "Kamstrup MULTICAL 302"),
    ("04E 04FF07 04FF08 04V 02FD17 043B 0259 025D", "Kamstrup MULTICAL 402"),
    (
        "02F9FF15 04E 04EEFF07 04EEFF08 04V 844014 84804014 02FD17 026C 426C 44E 44V C44014 C4804014 043B 0259 025D",
        "Kamstrup MULTICAL 602",
    ),
    (
        (
            "04E 04FF07 04FF08 04V 844014 84804014 043B 0259 025D 142D 8410E 8420E 04FF22 026C"
            " 44E 44V C44014 C4804014 426C"
        ),
        "Kamstrup MULTICAL 403, 603: with tariffs and inputs",
    ),
    ("04E 04FF07 04FF08 04V 043B 0259 025D 04FF22 026C 44E 44V 426C", "Kamstrup MULTICAL 403, 603"),
    ("04E 04FF07 04FF08 04V 043B 042D 0259 025D 04FF22 0422 143B 142D", "Kamstrup MULTICAL 403, 603: power"),
    (
        (
            "426C 4413 01FD17 840113 C40113 840213 C40213 840313 C40313 840413 C40413 840513"
            " C40513 840613 C40613 840713 C40713 840813 046D 0413"
        ),
        "Engelmann WaterStar M: target volume and fifteen months",
    ),
)

# 0.1 to 10 kWh, 1 and 10 MJ; 1 to 100 litres.
ENERGY_RESOLUTIONS: Final = ("06", "0E", "0F", "05", "07")
VOLUME_RESOLUTIONS: Final = ("13", "14", "15")


def _choose_resolution(group: str, energy: str, volume: str) -> str:
    """One record header of a pattern, its last letter E or V put into figures."""
    if group.endswith("V"):
        return group[:-1] + volume
    return group[:-1] + energy if len(group) % 2 and group.endswith("E") else group


def expand_format(pattern: str) -> list[bytes]:
    """The DIF/VIF strings that a pattern of `KNOWN_FORMATS` stands for, without repetition."""
    groups = pattern.split()
    variants = {
        bytes.fromhex("".join(_choose_resolution(group, energy, volume) for group in groups))
        for energy in ENERGY_RESOLUTIONS
        for volume in VOLUME_RESOLUTIONS
    }
    return sorted(variants)


def derive_format_signature(fmt: bytes) -> int:
    """The signature of a DIF/VIF string: its CRC-16/EN-13757, as compact frames carry it."""
    return compute_crc(fmt)


def derive_format(payload: Payload) -> bytes:
    """The DIF/VIF string of a full frame: all record headers, without fillers and LVARs."""
    return b"".join(record.key for record in payload.records)


def _build_known() -> Mapping[int, bytes]:
    formats = (fmt for pattern, _ in KNOWN_FORMATS for fmt in expand_format(pattern))
    return MappingProxyType({derive_format_signature(fmt): fmt for fmt in formats})


_KNOWN: Final = _build_known()


@dataclass(frozen=True, slots=True)
class FormatStore:
    """Which DIF/VIF string belongs to a format signature: known ones and learned ones.

    A value: learning gives a new store and leaves this one alone.  At most `MAX_LEARNED`
    strings are remembered; the one learned first gives way.
    """

    learned: Mapping[int, bytes] = field(default_factory=lambda: MappingProxyType({}))

    def known(self, signature: int) -> bytes | None:
        """The DIF/VIF string with that signature, or None; what was seen goes before what was listed."""
        return self.learned.get(signature) or _KNOWN.get(signature)

    def learn(self, fmt: bytes) -> FormatStore:
        """A store that knows `fmt` too; this very one when there is nothing new."""
        signature = derive_format_signature(fmt)
        if not fmt or self.known(signature) == fmt:
            return self
        kept = list(self.learned.items())[-(MAX_LEARNED - 1) :]
        return FormatStore(MappingProxyType(dict([*kept, (signature, fmt)])))
