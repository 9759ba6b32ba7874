# SPDX-License-Identifier: Apache-2.0
"""camt.054 notifications: payments with their KID and the bank's reference, and errors with their place."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avlest.settlement.payments.camt import parse_camt054
from avlest.settlement.payments.model import PaymentFileError

KID = "0004711020001234"


def details(amount="6698.66", kid=KID, reference="A1", extra=""):
    return f"""<TxDtls><Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs><Amt Ccy="NOK">{amount}</Amt>{extra}
      <RltdPties><Dbtr><Nm>Kari Nordmann</Nm></Dbtr><DbtrAcct><Id><IBAN>NO9360190000014</IBAN></Id></DbtrAcct>
      </RltdPties><RmtInf><Strd><CdtrRefInf><Ref>{kid}</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"""


def entry(*transactions, amount="6698.66", sign="CRDT", status="<Sts><Cd>BOOK</Cd></Sts>", day="2026-04-20"):
    return f"""<Ntry><NtryRef>1</NtryRef><Amt Ccy="NOK">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{status}
      <BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>2026-04-21</Dt></ValDt><AcctSvcrRef>B7</AcctSvcrRef>
      <NtryDtls>{"".join(transactions)}</NtryDtls></Ntry>"""


def message(*entries, version="08"):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.{version}"><BkToCstmrDbtCdtNtfctn>
    <GrpHdr><MsgId>M-1</MsgId></GrpHdr><Ntfctn><Id>N</Id><Acct><Id><IBAN>NO93 1503 0000018</IBAN></Id></Acct>
    {"".join(entries)}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>""".encode()


def test_a_payment_has_amount_kid_dates_payer_and_the_banks_reference():
    content = parse_camt054(message(entry(details())))
    (one,) = content.payments
    assert content.is_complete
    assert content.identity == "M-1"
    assert (one.amount, one.kid, one.account) == (669_866, KID, "15030000018")
    assert (one.booked_on, one.paid_on) == (date(2026, 4, 20), date(2026, 4, 21))
    assert (one.payer, one.payer_account, one.reference) == ("Kari Nordmann", "60190000014", "B7/A1")


@pytest.mark.parametrize("version", ["02", "04", "08", "11"])
def test_every_version_of_the_message_is_read(version):
    assert len(parse_camt054(message(entry(details()), version=version)).payments) == 1


def test_payments_booked_in_one_sum_come_apart():
    both = entry(details("100.00", reference="A1"), details("50.50", reference="A2"), amount="150.50")
    content = parse_camt054(message(both))
    assert [one.amount for one in content.payments] == [10_000, 5_050]
    assert content.is_complete


def test_a_sum_that_disagrees_with_its_parts_is_named():
    content = parse_camt054(message(entry(details("100.00"), amount="150.50")))
    assert [(problem.code, problem.place) for problem in content.problems] == [("wrong_sum", "entry 1")]
    assert "15050" in content.problems[0].detail


def test_an_entry_without_details_is_a_payment_of_its_own():
    (one,) = parse_camt054(message(entry())).payments
    assert (one.amount, one.kid, one.reference) == (669_866, "", "B7")


def test_a_returned_payment_is_negative():
    (one,) = parse_camt054(message(entry(details(), sign="DBIT"))).payments
    assert one.amount == -669_866


def test_a_transaction_may_turn_the_sign_of_its_entry():
    mixed = entry(
        details("200.00"), details("50.00", extra="<CdtDbtInd>DBIT</CdtDbtInd>", reference="A2"), amount="150.00"
    )
    content = parse_camt054(message(mixed))
    assert [one.amount for one in content.payments] == [20_000, -5_000]
    assert content.is_complete


def test_amounts_of_the_older_version_are_found_in_amount_details():
    older = details().replace(
        '<Amt Ccy="NOK">6698.66</Amt>', '<AmtDtls><TxAmt><Amt Ccy="NOK">6698.66</Amt></TxAmt></AmtDtls>'
    )
    (one,) = parse_camt054(message(entry(older), version="02")).payments
    assert one.amount == 669_866


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (entry(details(kid="0004711020001235")), "bad_kid"),
        (entry(details("12.345"), amount="12.34"), "not_an_amount"),
        (entry(details("1e400"), amount="1.00"), "not_an_amount"),
        (entry(details(), status="<Sts>PDNG</Sts>"), "not_booked"),
        (entry(details(), day="20.04.2026"), "not_a_date"),
        (entry(details().replace("NOK", "SEK")), "not_nok"),
    ],
)
def test_what_is_wrong_is_named_with_its_place_and_the_rest_is_kept(broken, code):
    content = parse_camt054(message(broken, entry(details(reference="A9"))))
    assert code in [problem.code for problem in content.problems]
    assert all(problem.place.startswith("entry 1") for problem in content.problems)
    assert content.payments[-1].reference == "B7/A9"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"NY000010",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><Document>&b;</Document>',
        b"<Document><BkToCstmrStmt/></Document>",
    ],
)
def test_another_file_and_xml_with_entities_are_refused(data):
    with pytest.raises(PaymentFileError, match=r"not a camt\.054 file"):
        parse_camt054(data)


@given(st.text(max_size=60))
def test_any_text_in_a_message_is_a_problem_and_never_an_exception(text):
    data = message("<Ntry>" + text.replace("&", "").replace("<", "") + "</Ntry>")
    try:
        parse_camt054(data)
    except PaymentFileError:
        assert any(
            ord(letter) < 32 or ord(letter) in (0xFFFE, 0xFFFF) or 0xD800 <= ord(letter) < 0xE000 for letter in text
        )
