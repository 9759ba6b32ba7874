# SPDX-License-Identifier: Apache-2.0
"""Telegrams of invented meters for the tests of payload readers."""

from __future__ import annotations

from functools import cache

from avlest.catalogue.catalogue import build_catalogue
from avlest.catalogue.decoder import Decoder
from avlest.catalogue.model import Value
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.frame import build_frame
from avlest.telegrams.wmbus.manufacturer import encode_manufacturer

IDENTITY = "87654321"
SENDER = {"media", "meter", "id", "manufacturer"}


@cache
def get_decoder() -> Decoder:
    """One decoder over the built-in catalogue for all tests."""
    return Decoder(build_catalogue())


def make_address(model: str, identity: str = IDENTITY) -> Address:
    """The address of a meter of a model written as in catalogue files ("TCH:74:62")."""
    letters, version, device_type = model.split(":")
    reversed_identity = bytes.fromhex(identity)[::-1]
    return Address(encode_manufacturer(letters), reversed_identity, int(version, 16), int(device_type, 16))


def make_telegram(model: str, body: str | bytes) -> bytes:
    """A frame of a meter of that model; `body` starts with the CI field."""
    data = bytes.fromhex(body) if isinstance(body, str) else body
    return build_frame(c_field=0x44, address=make_address(model), body=data)


def decode(model: str, body: str | bytes, *keys: bytes) -> dict[str, Value]:
    """What the decoder prints of such a frame, without what it says of the sender."""
    values = get_decoder().decode(make_telegram(model, body), keys=keys)
    return {name: value for name, value in values.items() if name not in SENDER}
