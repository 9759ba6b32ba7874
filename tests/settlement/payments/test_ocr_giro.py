# SPDX-License-Identifier: Apache-2.0
"""OCR giro files: what is written is read back, and what is wrong is named with its line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.settlement.payments.kid import KidMethod, add_check_digit
from avlest.settlement.payments.model import IncomingPayment, PaymentFileError
from avlest.settlement.payments.ocr_giro import parse_ocr
from avlest.settlement.payments.ocr_writer import build_ocr

DAY = date(2026, 4, 20)


def payment(kid: str = "0004711020001234", amount: int = 669_866, account: str = "15030000018", **more: object):
    return IncomingPayment(
        reference="", account=account, amount=amount, paid_on=DAY, booked_on=DAY, kid=kid,
        payer_account="60190000014", **more,
    )  # fmt: skip


kids = st.from_regex(r"[0-9]{3,24}", fullmatch=True).map(add_check_digit)
payments = st.lists(
    st.builds(
        payment,
        kid=kids,
        amount=st.integers(1, 10**15 - 1),
        account=st.sampled_from(["15030000018", "00010000001"]),
        text=st.sampled_from(["", "Takk for vannet", "Æ Ø Å"]),
    ),
    max_size=12,
)


@given(payments)
def test_every_payment_written_is_read_back(given_payments):
    content = parse_ocr(build_ocr(given_payments))
    assert content.is_complete
    found = [replace(one, reference="", place="") for one in content.payments]
    assert found == sorted(given_payments, key=lambda one: one.account)
    assert len({one.reference for one in content.payments}) == len(given_payments)


def test_the_positions_are_those_of_the_format():
    """The amount stands at 33-49 in øre, the KID right-aligned at 50-74, the date at 16-21."""
    lines = build_ocr([payment()]).decode("latin-1").splitlines()
    assert {len(line) for line in lines} == {80}
    assert [line[6:8] for line in lines] == ["10", "20", "30", "31", "88", "89"]
    assert lines[2][15:21] == "200426"
    assert lines[2][32:49] == "00000000000669866"
    assert lines[2][49:74] == "         0004711020001234"


def test_a_kid_with_a_wrong_check_digit_is_named_and_the_money_kept():
    content = parse_ocr(build_ocr([payment(kid="0004711020001235"), payment()]))
    (problem,) = content.problems
    assert (problem.code, problem.place) == ("bad_kid", "line 3")
    assert "0004711020001235" in problem.detail
    assert len(content.payments) == 2


def test_only_the_agreed_check_digit_counts():
    kid = add_check_digit("1234", KidMethod.MOD11)
    assert parse_ocr(build_ocr([payment(kid=kid)])).is_complete
    content = parse_ocr(build_ocr([payment(kid=kid)]), methods=[KidMethod.MOD10])
    assert [problem.code for problem in content.problems] == ["bad_kid"]


def test_a_sum_that_disagrees_with_the_payments_is_named_with_both_figures():
    lines = build_ocr([payment(), payment(amount=100)]).decode("latin-1").splitlines()
    lines[4] = lines[4].replace("00000000000000100", "00000000000000200")
    content = parse_ocr("\n".join(lines).encode("latin-1"))
    assert [(problem.code, problem.place) for problem in content.problems] == [
        ("wrong_sum", "line 7"),
        ("wrong_sum", "line 8"),
    ]
    assert "669966" in content.problems[0].detail
    assert "670066" in content.problems[0].detail
    assert not content.is_complete


@pytest.mark.parametrize(("cut", "codes"), [(-1, ["no_end"]), (-2, ["no_end", "no_end"])])
def test_a_file_cut_short_is_noticed_and_its_payments_kept(cut, codes):
    lines = build_ocr([payment()]).decode("latin-1").splitlines()[:cut]
    content = parse_ocr("\n".join(lines).encode("latin-1"))
    assert [problem.code for problem in content.problems] == codes
    assert len(content.payments) == 1


def test_letters_where_digits_belong_are_named_with_their_positions():
    lines = build_ocr([payment()]).decode("latin-1").splitlines()
    lines[2] = lines[2][:32] + "0000000000066986X" + lines[2][49:]
    problem = parse_ocr("\n".join(lines).encode("latin-1")).problems[0]
    assert problem.place == "line 3"
    assert "positions 33-49" in problem.detail


def test_an_impossible_date_is_named_and_that_payment_left_out():
    lines = build_ocr([payment(), payment()]).decode("latin-1").splitlines()
    lines[2] = lines[2][:15] + "310226" + lines[2][21:]
    content = parse_ocr("\n".join(lines).encode("latin-1"))
    assert [problem.code for problem in content.problems] == ["not_a_date", "no_date"]
    assert len(content.payments) == 1


def test_a_returned_payment_is_negative():
    (one,) = parse_ocr(build_ocr([payment(amount=-500)])).payments
    assert one.amount == -500


def test_lines_cut_at_their_last_character_and_windows_line_ends_are_read():
    text = build_ocr([payment()]).decode("latin-1").replace("\n", "\r\n")
    trimmed = "\r\n".join(line.rstrip() for line in text.splitlines())
    assert parse_ocr(trimmed.encode("latin-1")).is_complete


@pytest.mark.parametrize("data", [b"", b"\n\n", b"NY000089", b"PK\x03\x04", "æøå".encode()])
def test_another_file_is_refused_with_what_was_expected(data):
    with pytest.raises(PaymentFileError, match="NY000010"):
        parse_ocr(data)


@given(st.binary(max_size=400))
def test_any_bytes_after_the_start_are_problems_and_never_an_exception(data):
    parse_ocr(b"NY000010808000800000010000808000000000000000000000000000000000000000000000000000\n" + data)
