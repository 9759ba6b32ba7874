# SPDX-License-Identifier: Apache-2.0
"""One uplink to one reading: records by our own decoder, anything else by the maker's codec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from avlest.catalogue.catalogue import Catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.lorawan.mapping import map_object
from avlest.catalogue.lorawan.model import Device, Layout, LorawanReading, Profile, Rule
from avlest.catalogue.lorawan.native import read_records
from avlest.catalogue.lorawan.profiles import Profiles
from avlest.catalogue.model import Family
from avlest.telegrams.lorawan.answers import parse_answer
from avlest.telegrams.lorawan.calls import CodecCall
from avlest.telegrams.outcomes import Outcome, TelegramError

RunCodec = Callable[[CodecCall], str]
"""Gives a codec's answer as JSON text; raises `TelegramError`."""

LARGEST_UPLINK = 512
"""Bytes; LoRaWAN carries 242 at most, network servers that join uplinks a little more."""


@dataclass(frozen=True, slots=True)
class Uplink:
    """One uplink as it was heard: decrypted payload (FRMPayload), port, sender, time of reception (aware UTC)."""

    payload: bytes
    port: int | None
    device: Device
    received_at: datetime
    counter: int | None = None


def refuse_codecs(call: CodecCall) -> str:
    """Stands in where nobody runs codecs.  Raises `TelegramError` (CODEC_MISSING)."""
    raise TelegramError(Outcome.CODEC_MISSING, f"the codec {call.codec} is needed, and codecs are not run here")


@dataclass(slots=True)
class UplinkReader:
    """Reads uplinks by the profiles; pure but for `run_codec`."""

    catalogue: Catalogue
    profiles: Profiles
    run_codec: RunCodec = refuse_codecs
    _decoder: Decoder = field(init=False)

    def __post_init__(self) -> None:
        self._decoder = Decoder(self.catalogue)

    def read(self, uplink: Uplink) -> LorawanReading:
        """The reading of one uplink.  Raises `TelegramError` and nothing else."""
        profile, rule = self.choose(uplink)
        if rule.layout is Layout.CODEC:
            text = self.run_codec(make_call(uplink, rule))
            return self.map_answer(uplink, profile, rule, text)
        return self.read_records(uplink, profile, rule)

    def choose(self, uplink: Uplink) -> tuple[Profile, Rule]:
        """Profile and rule of an uplink.  Raises `TelegramError` (EMPTY, TOO_LONG, CODEC_MISSING, NO_DATA)."""
        if not uplink.payload:
            raise TelegramError(Outcome.EMPTY, "the uplink holds no bytes")
        if len(uplink.payload) > LARGEST_UPLINK:
            raise TelegramError(
                Outcome.TOO_LONG,
                f"the uplink has {len(uplink.payload)} bytes, more than {LARGEST_UPLINK} is none of LoRaWAN",
            )
        profile, rule = self.profiles.find(uplink.payload, port=uplink.port, device=uplink.device)
        if rule.layout is Layout.IGNORE:
            raise TelegramError(
                Outcome.NO_DATA, f"profile {profile.name} says there is no reading on port {uplink.port}"
            )
        return profile, rule

    def read_records(self, uplink: Uplink, profile: Profile, rule: Rule) -> LorawanReading:
        """The reading of an uplink that is M-Bus records.  Raises `TelegramError`."""
        found = read_records(
            uplink.payload,
            rule,
            decoder=self._decoder,
            family=self._find_family(rule, profile),
            zone=profile.zone,
            received_at=uplink.received_at,
        )
        return LorawanReading(
            uplink.device,
            uplink.counter,
            profile.name,
            found.values,
            found.status,
            found.serial,
            found.texts,
            found.warnings,
        )

    def map_answer(self, uplink: Uplink, profile: Profile, rule: Rule, text: str) -> LorawanReading:
        """The reading of an uplink whose codec has answered `text`.  Raises `TelegramError`."""
        answer = parse_answer(text)
        found = map_object(answer.data, rule, zone=profile.zone, received_at=uplink.received_at)
        return LorawanReading(
            uplink.device,
            uplink.counter,
            profile.name,
            found.values,
            found.status,
            found.serial,
            found.texts,
            answer.warnings + found.warnings,
        )

    def _find_family(self, rule: Rule, profile: Profile) -> Family | None:
        if not rule.family:
            return None
        family = self.profiles.families.get(rule.family) or self.catalogue.get(rule.family)
        if family is None:
            raise TelegramError(
                Outcome.CODEC_MISSING, f"profile {profile.name} names the unknown family {rule.family!r}"
            )
        return family


def make_call(uplink: Uplink, rule: Rule) -> CodecCall:
    """What the codec of a rule is asked about an uplink."""
    return CodecCall(rule.codec, uplink.payload, uplink.port, uplink.received_at, rule.variables)


def decode_lorawan(
    payload: bytes,
    *,
    port: int | None,
    device: Device,
    received_at: datetime,
    reader: UplinkReader,
    counter: int | None = None,
) -> LorawanReading:
    """The reading of one uplink's decrypted payload.

    Numbers are exact, in the unit that ends their name; each has the time the meter took it
    or None for `received_at` (aware UTC).  Raises `TelegramError` and nothing else.
    """
    return reader.read(Uplink(payload, port, device, received_at, counter))
