# SPDX-License-Identifier: Apache-2.0
"""KID, the Norwegian payment reference: digits as text, the last a check digit (rules §7.1).  Pure."""

from __future__ import annotations

from enum import StrEnum

from avlest.settlement.contracts import SettlementError

SHORTEST, LONGEST = 4, 25
"""Lengths that AvtaleGiro and OCR giro take."""


class KidMethod(StrEnum):
    """How the check digit is made: agreed with the bank, one method per agreement."""

    MOD10 = "mod10"
    MOD11 = "mod11"


def derive_check_digit(base: str, method: KidMethod = KidMethod.MOD10) -> str:
    """The check digit of a base of digits.  With mod11 it may be `-`, which the banks take as a character.

    Raises SettlementError `bad_kid` for anything but digits 0 to 9.
    """
    if not (base.isascii() and base.isdigit()):
        raise SettlementError("bad_kid", f"KID {base!r}", "digits 0 to 9 only, kept as text")
    return _mod10(base) if method is KidMethod.MOD10 else _mod11(base)


def _mod10(base: str) -> str:
    """Luhn: from the right the weights 2, 1, 2, 1 …; the digits of the products are summed."""
    products = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(base)))
    return str(-sum(product // 10 + product % 10 for product in products) % 10)


def _mod11(base: str) -> str:
    """From the right the weights 2 to 7 over and over; 11 less the remainder, where 11 is 0 and 10 is `-`."""
    weighted = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(base)))
    rest = -weighted % 11
    return "-" if rest == 10 else str(rest)


def add_check_digit(base: str, method: KidMethod = KidMethod.MOD10) -> str:
    """The base with its check digit; zeros at the front stay."""
    return base + derive_check_digit(base, method)


def is_valid_kid(kid: str, method: KidMethod = KidMethod.MOD10) -> bool:
    """Whether the last character is the check digit of the rest."""
    base = kid[:-1]
    return bool(base) and base.isascii() and base.isdigit() and kid[-1] == derive_check_digit(base, method)


def check_kid(kid: str, method: KidMethod = KidMethod.MOD10, *, length: int | None = None) -> str:
    """The KID as given.  Raises SettlementError `bad_kid` with what is wrong: length, characters or check digit."""
    place = f"KID {kid!r}"
    if not SHORTEST <= len(kid) <= LONGEST:
        raise SettlementError("bad_kid", place, f"{SHORTEST} to {LONGEST} characters, not {len(kid)}")
    if length is not None and len(kid) != length:
        raise SettlementError("bad_kid", place, f"the agreed length {length}, not {len(kid)}")
    expected = derive_check_digit(kid[:-1], method)
    if kid[-1] != expected:
        raise SettlementError("bad_kid", place, f"the check digit {expected} ({method.value}), not {kid[-1]}")
    return kid


def derive_kid(
    *,
    customer: int,
    owner: int,
    invoice: int,
    method: KidMethod = KidMethod.MOD10,
    widths: tuple[int, int, int] = (7, 2, 6),
) -> str:
    """The KID of an invoice: customer, consecutive owner number, invoice, check digit.

    The owner number tells the owners of one object apart, so that the standing payment of an earlier owner never pays
    a later owner's invoice (the banks refuse a KID that says the object only); it counts from 1.  The first two parts
    stay the same from invoice to invoice, as AvtaleGiro wants.  Raises SettlementError `bad_kid` where a number does
    not fit its width or mod11 gives `-`: skip that invoice number then, or use mod10.
    """
    if owner < 1:
        raise SettlementError("bad_kid", "KID", "an owner number from 1 up: an object alone does not say who pays")
    parts = zip(("customer", "owner", "invoice"), (customer, owner, invoice), widths, strict=True)
    base = "".join(_write_part(name, number, width) for name, number, width in parts)
    kid = add_check_digit(base, method)
    if kid.endswith("-"):
        raise SettlementError("bad_kid", f"KID {base}", "another invoice number: mod11 gives no digit for this one")
    return check_kid(kid, method)


def _write_part(name: str, number: int, width: int) -> str:
    text = f"{number:0{width}d}"
    if number < 0 or len(text) > width:
        raise SettlementError("bad_kid", "KID", f"a {name} number of at most {width} digits, not {number}")
    return text


def derive_customer_part(kid: str, widths: tuple[int, int, int] = (7, 2, 6)) -> str:
    """The part of a KID that says who pays (customer and owner), the same on all that customer's invoices."""
    return kid[: widths[0] + widths[1]]
