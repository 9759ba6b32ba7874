# SPDX-License-Identifier: Apache-2.0
"""Telegrams made from other telegrams: same shape with other data, sealed anew, damaged, with other keys."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from avlest.catalogue.catalogue import Catalogue
from avlest.catalogue.clear import Clear
from avlest.catalogue.decoder import Decoder
from avlest.cli.keys import parse_key_file
from avlest.cli.sample import write_sample
from avlest.telegrams.outcomes import TelegramError
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.build import Envelope, Mode, Sealing, build_telegram
from avlest.telegrams.wmbus.frame import build_format_a, build_format_b
from avlest.telegrams.wmbus.identities import find_identities
from avlest.telegrams.wmbus.stack import Stack, decode_stack

LONGEST = 290


@dataclass(frozen=True, slots=True)
class Heard:
    """A telegram, and the key that it brings along (or none)."""

    telegram: bytes
    key: bytes = b""


@dataclass(frozen=True, slots=True)
class Original:
    """A telegram that decodes: its layers, and where the data bytes of its records stand in the payload."""

    heard: Heard
    stack: Stack
    data: tuple[tuple[int, int], ...]


class Pool:
    """Telegrams that others are made of, and the catalogue they are read with (no dataclass: it prints short)."""

    def __init__(self, catalogue: Catalogue, originals: Sequence[Original]) -> None:
        self.catalogue = catalogue
        self.originals = originals


def read_original(decoder: Decoder, heard: Heard) -> Original | None:
    """The telegram taken apart; None where it does not decode."""
    keys = [heard.key] if heard.key else []
    try:
        stack = decode_stack(heard.telegram, keys=keys)
        _, clear = decoder.read_payload(stack, keys=keys)
    except TelegramError:
        return None
    return Original(heard, stack, tuple(find_data(clear)))


def find_data(clear: Clear) -> list[tuple[int, int]]:
    """The spans of the payload that hold values, not shape."""
    return [
        (record.data_offset, record.data_offset + record.data_length)
        for record in clear.records.records
        if record.data_length
    ]


def read_examples(catalogue: Catalogue) -> list[Heard]:
    """The telegrams of the catalogue files."""
    examples = [example for family in catalogue.families() for example in family.examples]
    return [Heard(bytes.fromhex(example.telegram), bytes.fromhex(example.key)) for example in examples]


def read_vectors(rows: Sequence[dict[str, str]]) -> list[Heard]:
    """The shared vectors."""
    return [Heard(bytes.fromhex(row["telegram"]), bytes.fromhex(row.get("key") or "")) for row in rows]


def make_sample(folder: Path, *, count: int) -> list[Heard]:
    """Telegrams of the generated capture."""
    telegrams, keys = folder / "telegrams.txt", folder / "keys.csv"
    write_sample(telegrams, keys, count=count, meters=26, seed=5)
    ring = dict(parse_key_file(keys.read_text(), name=keys.name))
    parts = map(bytes.fromhex, telegrams.read_text().split())
    return [Heard(part, ring[find_identities(part)[0]]) for part in parts]


# --- what can happen to a telegram -------------------------------------------------------


def change_values(original: Original, chance: random.Random) -> bytes:
    """The payload with other values in the same places: mostly random, sometimes the marks of missing values."""
    payload = bytearray(original.stack.payload)
    for start, end in original.data:
        match chance.randrange(4):
            case 0:
                payload[start:end] = bytes([chance.choice((0x00, 0xFF, 0x80))]) * (end - start)
            case 1:
                payload[start:end] = bytes(chance.randrange(10) << 4 | chance.randrange(10) for _ in range(end - start))
            case 2:
                payload[start:end] = chance.randbytes(end - start)
            case _:
                pass
    return bytes(payload)


def seal_anew(original: Original, chance: random.Random) -> Heard:
    """Other values in the same shape, under any security that the CI allows."""
    stack, payload = original.stack, change_values(original, chance)
    key = original.heard.key or chance.randbytes(16)
    envelope = Envelope(
        stack.address,
        ci=stack.payload_ci,
        access_number=chance.randrange(256),
        status=chance.choice((0, 0, 4, 0x20, 255)),
    )
    if stack.payload_ci not in cis.TRANSPORT or chance.randrange(3) == 0:
        return Heard(_lay_back(stack, payload), original.heard.key)
    modes: list[Mode] = ["none", "ell-ctr"]
    if stack.payload_ci in cis.SHORT_HEADER | cis.LONG_HEADER and len(key) == 16:
        modes += ["mode5", "mode7"]
    if stack.payload_ci in cis.LONG_HEADER:
        envelope = replace(envelope, header=stack.address, link=replace(stack.address, identity=b"\x01\x02\x03\x04"))
    counter = chance.getrandbits(32)
    sealing = Sealing(chance.choice(modes if len(key) == 16 else modes[:1]), key, counter, counter)
    try:
        return Heard(build_telegram(payload, envelope, sealing=sealing), key)
    except TelegramError:  # too long for one frame
        return original.heard


def _lay_back(stack: Stack, payload: bytes) -> bytes:
    """The clear telegram with another payload of the same length, as if it had been stored in clear."""
    return stack.clear[: stack.payload_offset] + payload + stack.clear[stack.payload_end :]


def flip_bits(telegram: bytes, chance: random.Random) -> bytes:
    """One to six bits turned over, half of the time among the headers."""
    data = bytearray(telegram)
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(min(len(data), chance.choice((30, LONGEST))))] ^= 1 << chance.randrange(8)
    return bytes(data)


def cut(telegram: bytes, chance: random.Random) -> bytes:
    """The beginning alone, its length byte often made to fit."""
    data = bytearray(telegram[: chance.randrange(1, len(telegram) + 1)])
    if chance.random() < 0.6:
        data[0] = len(data) - 1 & 0xFF
    return bytes(data)


def splice(telegram: bytes, chance: random.Random) -> bytes:
    """A piece of noise put in, or in the place of what was there."""
    at, noise = chance.randrange(len(telegram)), chance.randbytes(chance.randint(1, 20))
    data = bytearray(telegram[:at] + noise + telegram[at + chance.choice((0, len(noise))) :])[:LONGEST]
    if chance.random() < 0.6:
        data[0] = len(data) - 1 & 0xFF
    return bytes(data)


def frame(telegram: bytes, chance: random.Random) -> bytes:
    """The link layer's CRCs put in."""
    try:
        return chance.choice((build_format_a, build_format_b))(telegram)
    except TelegramError:  # format B has less room
        return telegram


DAMAGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (flip_bits, flip_bits, cut, splice, frame)


def choose_key(heard: Heard, originals: Sequence[Original], chance: random.Random) -> Heard:
    """Mostly the right key; at times another meter's, a random one or none."""
    match chance.randrange(12):
        case 0:
            return replace(heard, key=chance.choice(originals).heard.key)
        case 1:
            return replace(heard, key=chance.randbytes(16))
        case 2:
            return replace(heard, key=b"")
    return heard


def mutate(originals: Sequence[Original], chance: random.Random, count: int) -> list[Heard]:
    """`count` telegrams: a third of known shape with other values, a third damaged, some noise."""
    made = []
    for _ in range(count):
        original = chance.choice(originals)
        kind = chance.randrange(10)
        if kind == 0:
            made.append(Heard(chance.randbytes(chance.randrange(LONGEST)), chance.randbytes(16)))
            continue
        heard = seal_anew(original, chance) if kind < 7 else original.heard
        if kind in (5, 6, 8, 9):
            heard = replace(heard, telegram=chance.choice(DAMAGES)(heard.telegram, chance))
        made.append(choose_key(heard, originals, chance))
    return made
