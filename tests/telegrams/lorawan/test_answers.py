# SPDX-License-Identifier: Apache-2.0
"""What a codec answered, checked."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.telegrams.lorawan.answers import Answer, parse_answer
from avlest.telegrams.outcomes import Outcome, TelegramError


def test_numbers_are_as_the_codec_wrote_them():
    """No number passes through a binary fraction."""
    answer = parse_answer('{"data": {"a": 9989.97, "b": 7, "c": 1e-7}, "errors": [], "warnings": ["low battery"]}')
    assert answer == Answer({"a": Decimal("9989.97"), "b": 7, "c": Decimal("1e-7")}, ("low battery",))


@pytest.mark.parametrize("errors", ['["no such port"]', '"no such port"', '[{"text": "no such port"}]'])
def test_errors_of_a_codec_are_a_bad_payload_in_its_own_words(errors):
    """A codec that lists errors has found the payload wrong, not failed itself."""
    with pytest.raises(TelegramError, match="no such port") as caught:
        parse_answer('{"data": {}, "errors": ' + errors + "}")
    assert caught.value.outcome is Outcome.BAD_PAYLOAD


@pytest.mark.parametrize(
    "text", ["", "[]", "5", "{}", '{"data": 5}', '{"data": NaN}', '{"data": {"a": Infinity}}', "{", "[" * 30_000]
)
def test_anything_but_an_object_with_data_is_a_failed_codec(text):
    """Answers of another form are outcomes too."""
    with pytest.raises(TelegramError) as caught:
        parse_answer(text)
    assert caught.value.outcome is Outcome.CODEC_FAILED


def test_messages_are_short_and_printable():
    """Control characters and halves of characters of a hostile codec reach no log."""
    warning = parse_answer('{"data": {}, "warnings": ["a\\u0000\\ud800' + "x" * 5000 + '"]}').warnings[0]
    assert warning.isprintable()
    assert len(warning) <= 200


@given(st.text())
def test_no_text_makes_it_raise_anything_else(text):
    """Any text is an answer or an outcome."""
    try:
        parse_answer(text)
    except TelegramError as error:
        assert error.outcome in (Outcome.CODEC_FAILED, Outcome.BAD_PAYLOAD)
