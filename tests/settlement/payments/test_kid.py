# SPDX-License-Identifier: Apache-2.0
"""KID: rules §7.1 and pitfall 9."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.settlement.contracts import SettlementError
from avlest.settlement.payments.kid import (
    KidMethod,
    add_check_digit,
    check_kid,
    derive_customer_part,
    derive_kid,
    is_valid_kid,
)

MOD10, MOD11 = KidMethod.MOD10, KidMethod.MOD11


@pytest.mark.parametrize(
    ("base", "method", "kid"),
    [
        ("1234", MOD10, "12344"),
        ("1234", MOD11, "12343"),
        ("2345678", MOD10, "23456783"),
        ("2345678", MOD11, "23456788"),
        ("60224", MOD10, "602243"),
        ("12955", MOD11, "129550"),
        ("012345600012", MOD10, "0123456000124"),
        ("000471102000123", MOD10, "0004711020001234"),
        ("23", MOD11, "23-"),
        ("37", MOD11, "37-"),
        ("40", MOD11, "40-"),
        ("54", MOD11, "54-"),
    ],
)
def test_known_references(base: str, method: KidMethod, kid: str):
    """The worked references; leading zeros stay, and mod11 may give a dash."""
    assert add_check_digit(base, method) == kid
    assert is_valid_kid(kid, method)


@given(st.text("0123456789", min_size=3, max_size=24), st.sampled_from(KidMethod), st.data())
def test_any_wrong_digit_is_found(base: str, method: KidMethod, data: st.DataObject):
    """Changing one digit of the base makes the reference wrong."""
    kid = add_check_digit(base, method)
    assert check_kid(kid, method) == kid
    place = data.draw(st.integers(0, len(base) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != kid[place]]))
    assert not is_valid_kid(kid[:place] + other + kid[place + 1 :], method)


@pytest.mark.parametrize(
    ("kid", "words"),
    [
        ("123", "4 to 25"),
        ("12345", "check digit 4"),
        ("12a44", "digits 0 to 9"),
        ("1" * 26, "4 to 25"),
        ("²234", "digits"),
    ],
)
def test_wrong_references_say_what_is_wrong(kid: str, words: str):
    """Length, characters or check digit."""
    with pytest.raises(SettlementError, match=words) as caught:
        check_kid(kid)
    assert caught.value.code == "bad_kid"


def test_agreed_length_is_held():
    """The length is agreed with the bank."""
    with pytest.raises(SettlementError, match="agreed length 16"):
        check_kid("12344", length=16)


def test_the_owner_is_part_of_the_reference():
    """Two owners of one property have references of their own (an object alone may not be used)."""
    first = derive_kid(customer=4711, owner=1, invoice=123)
    second = derive_kid(customer=4711, owner=2, invoice=123)
    assert first == add_check_digit("000471101000123")
    assert derive_customer_part(first) != derive_customer_part(second)
    with pytest.raises(SettlementError, match="owner number from 1"):
        derive_kid(customer=4711, owner=0, invoice=123)


def test_the_customer_part_stays_from_invoice_to_invoice():
    """AvtaleGiro needs a part that does not change."""
    parts = {derive_customer_part(derive_kid(customer=4711, owner=2, invoice=number)) for number in range(1, 50)}
    assert parts == {"000471102"}


def test_numbers_must_fit_and_mod11_dashes_are_skipped():
    """A number too long for its part, or a base without a digit, is refused."""
    with pytest.raises(SettlementError, match="customer number of at most 7"):
        derive_kid(customer=12345678, owner=1, invoice=1)
    dashes = 0
    for number in range(1, 60):
        try:
            assert derive_kid(customer=1, owner=1, invoice=number, method=MOD11).isdigit()
        except SettlementError as error:
            assert "another invoice number" in str(error)
            dashes += 1
    assert 0 < dashes < 12
