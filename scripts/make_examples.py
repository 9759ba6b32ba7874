# SPDX-License-Identifier: Apache-2.0
"""Write the example telegrams at the end of the catalogue files.

    python -m scripts.make_examples [--check] [FAMILY …]

Serial numbers, keys and values are invented, the telegrams made with our own encoder;
what they must print is worked out from the values put in (`scripts.examples.expect`).
Nothing is written for a family whose examples do not decode to that; `--check` writes nothing at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from avlest.catalogue.catalogue import Catalogue, build_catalogue
from avlest.catalogue.check import check_family
from avlest.catalogue.model import Example, Family, Value
from avlest.telegrams.encode.records import encode_compact, encode_records
from avlest.telegrams.records.compact import parse_structure
from avlest.telegrams.wmbus import ci as cis
from avlest.telegrams.wmbus.address import Address
from avlest.telegrams.wmbus.build import Envelope, Mode, Sealing, build_telegram
from avlest.telegrams.wmbus.manufacturer import encode_manufacturer
from scripts.examples.build import Made
from scripts.examples.expect import expect_fields
from scripts.examples.makers import MADE, MORE
from scripts.examples.plan import Item, draw, make_item, plan_items, split_items

FAMILIES = Path(__file__).resolve().parent.parent / "src/avlest/catalogue/families"
MARK = "# --- Examples: made by scripts/make_examples.py, invented serial numbers, keys and values."
POWER_LOW = 0x04
MOST = 5  # telegrams for a family with more fields than one can hold


def make_examples(family: Family) -> Iterator[Example]:
    """The examples of one family."""
    name = family.origin.removesuffix(".toml")
    if name in MADE:
        yield from (make_own(family, made) for made in MADE[name])
        return
    kept = frozenset(family.when.has)
    clear, flagged = (list(split_items(plan_items(family, with_flags=flags), kept)) for flags in (False, True))
    for number, chunk in enumerate(clear[:MOST]):
        yield make_standard(family, chunk, number, flagged=False)
    yield make_standard(family, flagged[0], len(clear), flagged=True)
    if family.formats and not family.when.has:
        yield make_compact(family)
    yield from (make_own(family, made) for made in MORE.get(name, ()))


def make_standard(family: Family, chunk: Sequence[Item], number: int, *, flagged: bool) -> Example:
    """A telegram of standard records, sealed in turn with mode 5, 7, ELL-CTR or not at all."""
    ci = min(family.when.ci) if family.when.ci else 0x7A
    mode = choose_mode(family, ci, number)
    if mode == "ell-ctr" and not family.when.ci:
        ci = 0x78
    status = POWER_LOW if flagged else 0
    has_header = ci in cis.SHORT_HEADER | cis.LONG_HEADER
    link = make_address(family)
    envelope = Envelope(
        link, ci=ci, header=link if ci in cis.LONG_HEADER else None, access_number=draw(family.origin, number) % 256,
        status=status if has_header else 0,
    )  # fmt: skip
    key = make_key(family) if mode != "none" else b""
    sealing = Sealing(mode, key, counter=17 + number, session_number=17 + number)
    telegram = build_telegram(encode_records(item.spec for item in chunk), envelope, sealing=sealing)
    expected = describe(family, link) | expect_fields(family, chunk, status if has_header else None)
    return build_example(telegram, key, expected)


def make_compact(family: Family) -> Example:
    """A compact frame in the first format that the family is known to use, sealed in the extended link layer."""
    items = [make_item(family, None, entry.key, with_flags=False) for entry in parse_structure(family.formats[0])]
    link, key = make_address(family), make_key(family)
    envelope = Envelope(link, ci=0x79, access_number=draw(family.origin, "compact") % 256)
    payload = encode_compact([item.spec for item in items])
    telegram = build_telegram(payload, envelope, sealing=Sealing("ell-ctr", key, session_number=99))
    return build_example(telegram, key, describe(family, link) | expect_fields(family, items, None))


def choose_mode(family: Family, ci: int, number: int) -> Mode:
    """Kamstrup seals in the extended link layer; the others take turns."""
    if family.matches[0].manufacturer in ("KAM", "KAW"):
        return "ell-ctr"
    if ci not in cis.SHORT_HEADER | cis.LONG_HEADER:
        return "none"
    turns: tuple[Mode, ...] = ("mode5", "none", "mode5", "mode7")
    return turns[(draw(family.origin) + number) % len(turns)]


def make_address(family: Family) -> Address:
    """The first model of the family with an invented serial number."""
    model = family.matches[0]
    serial = f"{10_000_000 + draw(family.origin, 'serial') % 80_000_000:08}"
    version = 0x11 if model.version is None else model.version
    device_type = 0x07 if model.device_type is None else model.device_type
    return Address(encode_manufacturer(model.manufacturer), bytes.fromhex(serial)[::-1], version, device_type)


def make_key(family: Family) -> bytes:
    """An invented key."""
    return hashlib.sha256(f"avlest example {family.origin}".encode()).digest()[:16]


def describe(family: Family, address: Address) -> dict[str, Value]:
    """The members that say who sent it."""
    return {"meter": family.name, "id": address.identity[::-1].hex(), "manufacturer": address.mfct}


def make_own(family: Family, made: Made) -> Example:
    """A telegram with a payload of the maker's own make, as `scripts.examples.makers` builds it."""
    link = make_address(family)
    if made.model:
        letters, version, device_type = made.model.split(":")
        link = replace(
            link, manufacturer=encode_manufacturer(letters), version=int(version, 16), device_type=int(device_type, 16)
        )
    key = make_key(family) if made.sealed else b""
    telegram = made.build(link, key)
    return build_example(telegram, key, describe(family, link) | made.expected)


def build_example(telegram: bytes, key: bytes, expected: dict[str, Value]) -> Example:
    """An example in the form that catalogue files have."""
    return Example(telegram.hex().upper(), key.hex().upper(), tuple(expected.items()))


def format_examples(examples: list[Example]) -> str:
    """The examples as TOML."""
    parts = [MARK]
    for example in examples:
        parts += ["[[example]]", f'telegram = "{example.telegram}"']
        parts += [f'key = "{example.key}"'] if example.key else []
        parts += ["[example.expected]", *(f"{name} = {format_value(value)}" for name, value in example.expected)]
    return "\n".join(parts) + "\n"


def format_value(value: Value) -> str:
    """A value as TOML; "null" where there is none, for TOML has no word for that."""
    return json.dumps("null" if value is None else value, ensure_ascii=False)


def write_examples(path: Path, examples: list[Example]) -> None:
    """Put the examples at the end of a catalogue file, in the place of those of the run before."""
    text = path.read_text(encoding="utf-8").split(MARK)[0].rstrip("\n") + "\n"
    path.write_text(text + "\n" + format_examples(examples), encoding="utf-8")


def check(catalogue: Catalogue, family: Family, examples: list[Example]) -> list[str]:
    """What the decoder prints otherwise."""
    return list(check_family(catalogue, replace(family, examples=tuple(examples))))


def main() -> int:
    """Make, check and write the examples of all families, or of those named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    catalogue = build_catalogue()
    failed = 0
    for family in catalogue.all_families():
        if arguments.families and family.origin.removesuffix(".toml") not in arguments.families:
            continue
        try:
            examples = list(make_examples(family))
            problems = check(catalogue, family, examples)
        except (ValueError, LookupError) as error:
            problems = [f"cannot be made: {error}"]
        if problems:
            failed += 1
            print(f"{family.origin}: {len(problems)} problems", *problems[:6], sep="\n  ")
        elif not arguments.check:
            write_examples(FAMILIES / family.origin, examples)
    print(f"{failed} families failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
