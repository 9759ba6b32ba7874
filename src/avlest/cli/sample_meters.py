# SPDX-License-Identifier: Apache-2.0
"""The meters of a generated capture: what they are, how they seal, and what their registers do.

All are kinds of meter that the catalogue knows; serial numbers, keys and values are made up.
Every value is a function of seed, serial number and message number alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Mode
from avlest.telegrams.wmbus.manufacturer import encode_manufacturer

Integers = npt.NDArray[np.int64]
Column = npt.NDArray[Any]

FIRST_MOMENT = np.datetime64("2026-01-05T00:00:00", "s")
TARGET_DAY = np.datetime64("2026-01-01", "s")
HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True, slots=True)
class Moment:
    """n telegrams about to be sent: whose, the how-manieth of that meter, and the chance of the record."""

    serials: Integers
    steps: Integers
    salt: int

    def chance(self, *, steady: bool = False) -> Integers:
        """A number of 32 bits for each telegram; the same for all telegrams of a meter if `steady`."""
        with np.errstate(over="ignore"):
            state = self.serials.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(self.salt)
            state += np.uint64(0) if steady else self.steps.astype(np.uint64) << np.uint64(32)
            state = (state ^ state >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ state >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        return (state >> np.uint64(32)).astype(np.int64)


Register = Callable[[Moment], Column]


def count_up(start: int, rate: int) -> Register:
    """A register that grows by about `rate` from telegram to telegram; it begins in the upper half below `start`."""

    def give(moment: Moment) -> Column:
        own_rate = 1 + moment.chance(steady=True) % rate
        base = start // 2 + moment.chance(steady=True) // 7 % (start // 2)
        column: Column = base + moment.steps * own_rate + moment.chance() % own_rate
        return column

    return give


def hold(start: int) -> Register:
    """A register of an earlier date, below what `count_up` gives: the same in every telegram of a meter."""
    return lambda moment: moment.chance(steady=True) // 7 % (start // 2)


def wander(low: int, high: int) -> Register:
    """A value between two bounds."""
    return lambda moment: low + moment.chance() % (high - low + 1)


def flag(*bits: int) -> Register:
    """A status that is clear in most telegrams, and has one of `bits` in one of sixteen."""

    def give(moment: Moment) -> Column:
        number = moment.chance()
        column: Column = np.where(number % 16 == 0, np.array(bits)[number // 16 % len(bits)], 0)
        return column

    return give


def show_clock(moment: Moment) -> Column:
    """The meter's clock: an hour later with every telegram."""
    column: Column = FIRST_MOMENT + moment.steps * HOUR + (moment.serials % 60) * np.timedelta64(60, "s")
    return column


def show_target_day(moment: Moment) -> Column:
    """The day of the yearly reading."""
    return np.full(len(moment.serials), TARGET_DAY)


@dataclass(frozen=True, slots=True)
class MeterKind:
    """Telegrams of one kind: family in the catalogue, model, CI, security and registers.

    `weight` is how many of all meters are of this kind, relative to the others;
    `in_full` the registers of the full frame that goes out now and then instead of a
    compact one.
    """

    family: str
    model: str
    mode: Mode
    weight: int
    registers: tuple[tuple[str, Register], ...]
    ci: int = 0x7A
    in_full: bool = False

    def envelope(self) -> Envelope:
        """Link address and CI; the identity is each meter's own."""
        letters, version, device_type = self.model.split(":")
        address = Address(encode_manufacturer(letters), bytes(4), int(version, 16), int(device_type, 16))
        return Envelope(address, ci=self.ci)


_VOLUME = count_up(2_000_000, 120)
_ENERGY = count_up(90_000, 9)
_TEMPERATURE = wander(4_000, 9_500)

KINDS: tuple[MeterKind, ...] = (
    MeterKind(
        "kamwater",
        "KAM:1b:16",
        "ell-ctr",
        6,
        (
            ("02ff20", flag(0x01, 0x02, 0x04 | 0x0400, 0x08)),
            ("0413", _VOLUME),
            ("4413", hold(2_000_000)),
            ("615b", wander(2, 30)),
            ("6167", wander(10, 30)),
        ),
        ci=0x79,
        in_full=True,
    ),
    MeterKind(
        "omnipower",
        "KAM:30:02",
        "ell-ctr",
        3,
        (
            ("0404", count_up(9_000_000, 300)),
            ("04843c", hold(20_000)),
            ("042b", wander(20, 9_000)),
            ("04ab3c", wander(0, 60)),
        ),
        ci=0x79,
        in_full=True,
    ),
    MeterKind(
        "kamheat",
        "KAM:34:04",
        "ell-ctr",
        4,
        (
            ("0406", _ENERGY),
            ("04ff07", count_up(3_000_000, 500)),
            ("04ff08", count_up(2_000_000, 400)),
            ("0414", count_up(500_000, 30)),
            ("043b", wander(0, 900)),
            ("042d", wander(0, 250)),
            ("0259", _TEMPERATURE),
            ("025d", wander(2_000, 4_000)),
            ("04ff22", flag(0x02, 0x04, 0x80)),
        ),
        ci=0x78,
    ),
    MeterKind(
        "hydrus",
        "DME:70:07",
        "mode5",
        6,
        (
            ("0c13", _VOLUME),
            ("046d", show_clock),
            ("02fd17", flag(0x0100)),
            ("0b3b", wander(0, 2_500)),
            ("0a5a", wander(40, 250)),
            ("4c13", hold(2_000_000)),
            ("426c", show_target_day),
        ),
    ),
    MeterKind("iperl", "SEN:68:07", "mode5", 5, (("0413", _VOLUME), ("023b", wander(0, 1_600)))),
    MeterKind(
        "amiplus",
        "APA:02:02",
        "mode5",
        4,
        (
            ("066d", show_clock),
            ("0e03", count_up(90_000_000, 900)),
            ("0b2b", wander(10, 9_000)),
            ("0e833c", hold(50_000)),
            ("0afdc8fc01", wander(2_250, 2_390)),
        ),
    ),
    MeterKind(
        "sharky774",
        "DME:41:04",
        "mode5",
        4,
        (
            ("0c06", _ENERGY),
            ("0c14", count_up(500_000, 30)),
            ("0b2d", wander(0, 250)),
            ("0b3b", wander(0, 900)),
            ("0a5a", wander(400, 950)),
            ("0a5e", wander(200, 400)),
            ("0226", count_up(20_000, 2)),
        ),
    ),
    MeterKind(
        "elf2",
        "APA:42:04",
        "mode5",
        3,
        (
            ("0406", _ENERGY),
            ("0414", count_up(500_000, 30)),
            ("022d", wander(0, 250)),
            ("023b", wander(0, 900)),
            ("0259", _TEMPERATURE),
            ("025d", wander(2_000, 4_000)),
            ("046d", show_clock),
            ("02fd17", flag(0x01, 0x80)),
        ),
    ),
    MeterKind(
        "lansenth",
        "LAS:07:1b",
        "mode5",
        3,
        (
            ("0265", wander(1_700, 2_450)),
            ("4265", wander(1_800, 2_300)),
            ("820165", wander(1_900, 2_200)),
            ("02fb1a", wander(250, 550)),
            ("42fb1a", wander(280, 500)),
            ("8201fb1a", wander(300, 450)),
        ),
    ),
    MeterKind(
        "minomess",
        "ZRI:01:16",
        "mode5",
        3,
        (
            ("0c13", _VOLUME),
            ("026c", show_clock),
            ("02fd17", flag(0x01)),
            ("4c13", hold(2_000_000)),
            ("426c", show_target_day),
        ),
    ),
    MeterKind(
        "werhlemodwm",
        "WZG:03:16",
        "mode7",
        2,
        (("0c13", _VOLUME), ("046d", show_clock), ("4c13", hold(2_000_000)), ("426c", show_target_day)),
    ),
    MeterKind(
        "hcae2",
        "EFE:31:08",
        "mode7",
        2,
        (
            ("046d", show_clock),
            ("036e", count_up(20_000, 3)),
            ("436e", hold(20_000)),
            ("426c", show_target_day),
            ("02fd17", flag(0x02, 0x04)),
        ),
    ),
)
