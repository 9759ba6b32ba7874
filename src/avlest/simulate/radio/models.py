# SPDX-License-Identifier: Apache-2.0
"""The meter models a simulated municipality speaks: what each sends, in which records, at which resolution.  Pure.

All are models of the catalogue.  A row of `Part` says which column of an emission stands in which record; what is
not a column of register values is named by one of the words below.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Mode
from avlest.telegrams.wmbus.manufacturer import encode_manufacturer

STATUS: Final = "status"
"""The status bits common to all models, in the model's own info code."""
CLOCK: Final = "clock"
"""The meter's clock when it sends."""
TARGET_DATE: Final = "target_date"
"""The day whose value the storage holds: the first of the month."""


class Road(StrEnum):
    """How what a model sends comes in: the roads of `avlest.collect.heard`."""

    WMBUS = "wmbus"
    MBUS = "mbus"
    HAN = "han"
    LORAWAN = "lorawan"


class Flag:
    """Bits of the status that all models share in an emission."""

    DRY: Final = 1
    REVERSE: Final = 2
    LEAK: Final = 4
    BURST: Final = 8
    TAMPER: Final = 16
    LOW_BATTERY: Final = 32


@dataclass(frozen=True, slots=True)
class Part:
    """One record: its DIF and VIF in hexadecimal, what stands in it, and the thousandths that one count is."""

    key: str
    column: str
    step: int = 1


@dataclass(frozen=True, slots=True)
class RadioModel:
    """How meters of one model send.

    `code` is maker, version and device type as the catalogue writes them; `info` the bit of the model's info code for
    each bit of `Flag` (those it cannot tell are left out); `full_every`: every so many telegrams are full frames where
    the others are compact (0: never); `payload` names the writer of a payload that is no records.
    """

    name: str
    family: str
    code: str
    road: Road
    parts: tuple[Part, ...]
    mode: Mode = "none"
    ci: int = 0x7A
    info: tuple[tuple[int, int], ...] = ()
    full_every: int = 0
    payload: str = ""
    port: int = 0

    @property
    def manufacturer(self) -> str:
        """The maker's three letters."""
        return self.code[:3]

    @property
    def version(self) -> int:
        """The version in the link address."""
        return int(self.code.split(":")[1], 16)

    @property
    def device_type(self) -> int:
        """The device type in the link address."""
        return int(self.code.split(":")[2], 16)

    @property
    def is_encrypted(self) -> bool:
        """Whether a telegram needs the meter's key."""
        return self.mode != "none"

    @property
    def columns(self) -> dict[str, int]:
        """The columns of register values in an emission, with the thousandths of one count."""
        words = (STATUS, CLOCK, TARGET_DATE)
        return {part.column: part.step for part in self.parts if part.column not in words}

    def envelope(self, *, ci: int | None = None) -> Envelope:
        """Link address and CI; the identity is each meter's own."""
        address = Address(encode_manufacturer(self.manufacturer), bytes(4), self.version, self.device_type)
        used = self.ci if ci is None else ci
        header = address if used == _LONG_HEADER else None
        return Envelope(address, ci=used, header=header)


_LONG_HEADER: Final = 0x72
_INFO_21 = ((Flag.DRY, 0x01), (Flag.REVERSE, 0x02), (Flag.LEAK, 0x04), (Flag.BURST, 0x08))
_INFO_2200 = (*_INFO_21, (Flag.TAMPER, 0x10), (Flag.LOW_BATTERY, 0x20))
_HEAT_PARTS = (
    Part("0406", "energy", 1000),
    Part("0414", "volume", 10_000),
    Part("043b", "flow", 1000),
    Part("042d", "power", 100_000),
    Part("0259", "flow_temperature", 10),
    Part("025d", "return_temperature", 10),
    Part("04ff22", STATUS),
)

_ROWS: Final = (
    RadioModel(
        "multical21", "kamwater", "KAM:1b:16", Road.WMBUS,
        (
            Part("02ff20", STATUS),
            Part("0413", "volume", 1000),
            Part("4413", "volume_target", 1000),
            Part("615b", "flow_temperature", 1000),
            Part("6167", "external_temperature", 1000),
        ),
        "ell-ctr", 0x79, _INFO_21, full_every=8,
    ),
    RadioModel(
        "flowiq2200", "kamwater", "KAW:3a:16", Road.WMBUS,
        (
            Part("04ff23", STATUS),
            Part("0413", "volume", 1000),
            Part("4413", "volume_target", 1000),
            Part("426c", TARGET_DATE),
            Part("023b", "flow", 1000),
        ),
        "ell-ctr", 0x78, _INFO_2200,
    ),
    RadioModel(
        "hydrus", "hydrus", "DME:70:07", Road.WMBUS,
        (
            Part("0c13", "volume", 1000),
            Part("046d", CLOCK),
            Part("02fd17", STATUS),
            Part("0b3b", "flow", 1000),
            Part("0a5a", "flow_temperature", 100),
            Part("4c13", "volume_target", 1000),
            Part("426c", TARGET_DATE),
        ),
        "mode5", info=((Flag.DRY, 0x01), (Flag.REVERSE, 0x02), (Flag.LEAK, 0x04), (Flag.BURST, 0x08),
                       (Flag.TAMPER, 0x10), (Flag.LOW_BATTERY, 0x20)),
    ),
    RadioModel(
        "iperl", "iperl", "SEN:68:07", Road.WMBUS,
        (Part("0413", "volume", 1000), Part("023b", "flow_max", 1000)),
        "mode5",
    ),
    RadioModel(
        "modularis", "werhlemodwm", "WZG:03:16", Road.WMBUS,
        (
            Part("0c13", "volume", 1000),
            Part("046d", CLOCK),
            Part("4c13", "volume_target", 1000),
            Part("426c", TARGET_DATE),
        ),
        "mode7",
    ),
    RadioModel(
        "multical403", "kamheat", "KAM:34:04", Road.WMBUS, _HEAT_PARTS, "ell-ctr", 0x78,
        ((Flag.REVERSE, 0x0200), (Flag.BURST, 0x10000000), (Flag.LEAK, 0x40000000), (Flag.LOW_BATTERY, 0x02)),
    ),
    RadioModel(
        "sharky774", "sharky774", "DME:41:04", Road.WMBUS,
        (
            Part("0c06", "energy", 1000),
            Part("0c14", "volume", 10_000),
            Part("0b2d", "power", 100_000),
            Part("0b3b", "flow", 1000),
            Part("0a5a", "flow_temperature", 100),
            Part("0a5e", "return_temperature", 100),
        ),
        "mode5",
    ),
    RadioModel(
        "fhkv", "fhkvdataiii", "TCH:69:80", Road.WMBUS,
        (
            Part("026e", "hca", 1000),
            Part("426e", "hca_last", 1000),
            Part("0265", "room_temperature", 10),
            Part("025d", "radiator_temperature", 10),
        ),
        "none", 0xA0, payload="fhkv",
    ),
    RadioModel(
        "hcae2", "hcae2", "EFE:31:08", Road.WMBUS,
        (
            Part("046d", CLOCK),
            Part("036e", "hca", 1000),
            Part("436e", "hca_last", 1000),
            Part("426c", TARGET_DATE),
            Part("02fd17", STATUS),
        ),
        "mode7", info=((Flag.TAMPER, 0x02), (Flag.LOW_BATTERY, 0x04)),
    ),
    RadioModel(
        "omnipower", "omnipower", "KAM:30:02", Road.WMBUS,
        (
            Part("0404", "energy", 10),
            Part("04843c", "energy_export", 10),
            Part("042b", "power", 1000),
            Part("04ab3c", "power_export", 1000),
        ),
        "ell-ctr", 0x79, full_every=24,
    ),
    RadioModel(
        "abb_b23", "abbb23", "ABB:20:02", Road.MBUS,
        (Part("0e04", "energy", 10), Part("0429", "power", 10)),
        ci=_LONG_HEADER,
    ),
    RadioModel(
        "flowiq_lorawan", "oms", "KAM:3a:16", Road.LORAWAN,
        (
            Part("0413", "volume", 1000),
            Part("52ff25", STATUS),
            Part("025b", "flow_temperature", 1000),
            Part("0267", "external_temperature", 1000),
        ),
        ci=0x78, info=_INFO_2200, port=1,
    ),
    RadioModel(
        "cmi4110", "elvaco_cmi", "ELV:00:04", Road.LORAWAN,
        (
            Part("0406", "energy", 1000),
            Part("0414", "volume", 10_000),
            Part("022d", "power", 100_000),
            Part("023b", "flow", 1000),
            Part("025a", "flow_temperature", 100),
            Part("025e", "return_temperature", 100),
            Part("02fd17", STATUS),
        ),
        ci=0x78, info=((Flag.LOW_BATTERY, 0x04), (Flag.TAMPER, 0x08)), port=2, payload="elvaco",
    ),
    RadioModel("han_aidon", "aidon", "AID:00:02", Road.HAN, (Part("", "energy", 10), Part("", "energy_export", 10),
               Part("", "power", 1000), Part("", "power_export", 1000))),
    RadioModel("han_kaifa", "kaifa", "KFM:00:02", Road.HAN, (Part("", "energy", 1), Part("", "energy_export", 1),
               Part("", "power", 1000), Part("", "power_export", 1000))),
    RadioModel("han_kamstrup", "kamstrup", "KAM:00:02", Road.HAN, (Part("", "energy", 10),
               Part("", "energy_export", 10), Part("", "power", 1000), Part("", "power_export", 1000))),
)  # fmt: skip

MODELS: Final[dict[str, RadioModel]] = {model.name: model for model in _ROWS}
"""All models by name."""
