# SPDX-License-Identifier: Apache-2.0
"""EHF Billing 3.0, which is Peppol BIS Billing 3.0 with Norwegian rules: invoices and credit notes in UBL 2.1.  Pure.

Rule names in the comments are those of EN 16931 (BR-…), Peppol (PEPPOL-EN16931-R…) and Norway (NO-R-…).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from lxml import etree
from stdnum.no import kontonr

from avlest.settlement.contracts import Unit
from avlest.settlement.documents.contracts import Address, Buyer, DocumentKind, DocumentLine, InvoiceDocument, Seller

CUSTOMIZATION: Final = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE: Final = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
ORGANISATION_SCHEME: Final = "0192"
"""ICD code of the Norwegian register of legal entities."""

_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd"
_CAC: Final = f"{_NAMESPACE}:CommonAggregateComponents-2"
_CBC: Final = f"{_NAMESPACE}:CommonBasicComponents-2"
# UN/ECE recommendation 20 and 21.
_UNIT_CODES: Final[Mapping[str, str]] = {
    Unit.VOLUME: "MTQ",
    Unit.ENERGY: "KWH",
    Unit.HOUR: "HUR",
    Unit.YEAR: "ANN",
    Unit.ONCE: "C62",
}
_PIECE: Final = "C62"
_PRICE_PLACES: Final = 10
_TOLERANCE: Final = Decimal("0.02")


class EhfError(ValueError):
    """The document lacks something EHF demands: `missing` names it."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__("not possible as EHF, expected " + "; ".join(missing))
        self.missing = tuple(missing)


def check_ehf(document: InvoiceDocument) -> list[str]:
    """What the document lacks to be sent as EHF; empty where nothing is."""
    seller, buyer = document.seller, document.buyer
    wanted = {
        "the seller's organisation number (nine digits)": len(seller.organisation_number) == 9,
        "the buyer's organisation number (nine digits): people get their invoice another way": (
            len(buyer.organisation_number) == 9
        ),
        "the buyer's reference or customer number": bool(buyer.reference or buyer.customer_number),
        "the seller's bank account (eleven digits with a right check digit)": kontonr.is_valid(seller.account),
        "at least one line": bool(document.lines),
        "lines without VAT that sum to the bases": sum(line.net for line in document.lines) == document.totals.net,
    }
    return [name for name, is_met in wanted.items() if not is_met]


def build_ehf(document: InvoiceDocument) -> bytes:
    """The XML of an invoice or credit note, UTF-8.  Raises `EhfError` naming what is missing."""
    missing = check_ehf(document)
    if missing:
        raise EhfError(missing)
    is_credit = document.kind is DocumentKind.CREDIT_NOTE
    writer = Writer(document, sign=-1 if is_credit else 1)
    root = writer.build()
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


@dataclass(slots=True)
class Writer:
    """Writes one document; a credit note's amounts change sign, for UBL credits what is positive."""

    document: InvoiceDocument
    sign: int

    @property
    def name(self) -> str:
        """The UBL document."""
        return "CreditNote" if self.document.kind is DocumentKind.CREDIT_NOTE else "Invoice"

    def build(self) -> etree._Element:
        """The whole document, its parts in the order of the schema."""
        root = etree.Element(
            f"{{{_NAMESPACE}:{self.name}-2}}{self.name}",
            nsmap={None: f"{_NAMESPACE}:{self.name}-2", "cac": _CAC, "cbc": _CBC},  # type: ignore[dict-item]  # its stubs leave out None
        )
        self._add_head(root)
        self._add_seller(_group(root, "AccountingSupplierParty"), self.document.seller)
        self._add_buyer(_group(root, "AccountingCustomerParty"), self.document.buyer)
        self._add_payment(root)
        self._add_taxes(root)
        self._add_totals(root)
        for line in self.document.lines:
            self._add_line(root, line)
        return root

    def _add_head(self, root: etree._Element) -> None:
        document = self.document
        is_invoice = self.name == "Invoice"
        _text(root, "CustomizationID", CUSTOMIZATION)
        _text(root, "ProfileID", PROFILE)
        _text(root, "ID", document.number)
        _text(root, "IssueDate", document.issued_on.isoformat())
        if is_invoice:
            _text(root, "DueDate", document.due_on.isoformat())
        _text(root, f"{self.name}TypeCode", "380" if is_invoice else "381")
        _text(root, "Note", " ".join(document.messages))  # at most one (PEPPOL-EN16931-R002)
        _text(root, "DocumentCurrencyCode", "NOK")
        _text(root, "BuyerReference", document.buyer.reference or document.buyer.customer_number)  # R003
        period = _group(root, "InvoicePeriod")
        _text(period, "StartDate", document.start.isoformat())
        _text(period, "EndDate", _last_day(document.stop))
        if document.corrects:
            reference = _group(_group(root, "BillingReference"), "InvoiceDocumentReference")
            _text(reference, "ID", document.corrects)
            _text(reference, "IssueDate", document.corrects_on.isoformat() if document.corrects_on else "")

    def _add_seller(self, parent: etree._Element, seller: Seller) -> None:
        party = _group(parent, "Party")
        _add_identity(party, seller.name, seller.organisation_number, seller.address)
        if seller.is_vat_registered:
            _add_tax_scheme(party, f"NO{seller.organisation_number}MVA", "VAT")  # NO-R-001
        if seller.is_in_company_register:
            _add_tax_scheme(party, "Foretaksregisteret", "TAX")  # NO-R-002
        _add_legal_entity(party, seller.name, seller.organisation_number)
        if seller.phone or seller.email:
            contact = _group(party, "Contact")
            _text(contact, "Telephone", seller.phone)
            _text(contact, "ElectronicMail", seller.email)

    def _add_buyer(self, parent: etree._Element, buyer: Buyer) -> None:
        party = _group(parent, "Party")
        _add_identity(party, buyer.name, buyer.organisation_number, buyer.address)
        _add_legal_entity(party, buyer.name, buyer.organisation_number)

    def _add_payment(self, root: etree._Element) -> None:
        document = self.document
        means = _group(root, "PaymentMeans")
        _text(means, "PaymentMeansCode", "30")
        _text(means, "PaymentID", document.kid)
        account = _group(means, "PayeeFinancialAccount")
        _text(account, "ID", str(kontonr.to_iban(document.seller.account)))
        _text(account, "Name", document.seller.name)

    def _add_taxes(self, root: etree._Element) -> None:
        total = _group(root, "TaxTotal")
        self._amount(total, "TaxAmount", self.document.totals.vat)
        for rate in self.document.totals.rates:
            subtotal = _group(total, "TaxSubtotal")
            self._amount(subtotal, "TaxableAmount", rate.base)
            self._amount(subtotal, "TaxAmount", rate.vat)
            _add_category(subtotal, "TaxCategory", rate.rate)

    def _add_totals(self, root: etree._Element) -> None:
        totals = self.document.totals
        group = _group(root, "LegalMonetaryTotal")
        self._amount(group, "LineExtensionAmount", totals.net)
        self._amount(group, "TaxExclusiveAmount", totals.net)
        self._amount(group, "TaxInclusiveAmount", totals.gross)
        self._amount(group, "PayableAmount", totals.gross)

    def _add_line(self, root: etree._Element, line: DocumentLine) -> None:
        group = _group(root, f"{self.name}Line")
        quantity, price, unit = derive_quantity_and_price(line)
        _text(group, "ID", str(line.position))
        _text(group, "InvoicedQuantity" if self.name == "Invoice" else "CreditedQuantity", _plain(quantity * self.sign),
              unitCode=unit)  # fmt: skip
        self._amount(group, "LineExtensionAmount", line.net)
        if line.start and line.stop:
            period = _group(group, "InvoicePeriod")
            _text(period, "StartDate", line.start.isoformat())
            _text(period, "EndDate", _last_day(line.stop))
        item = _group(group, "Item")
        _text(item, "Description", " ".join(line.sentences)[:1000])
        _text(item, "Name", line.text[:100])
        if line.code:
            _text(_group(item, "SellersItemIdentification"), "ID", line.code)
        _add_category(item, "ClassifiedTaxCategory", line.rate)
        _text(_group(group, "Price"), "PriceAmount", _plain(price), currencyID="NOK")

    def _amount(self, parent: etree._Element, name: str, ore: int) -> None:
        _text(parent, name, f"{Decimal(ore * self.sign) / 100:.2f}", currencyID="NOK")


def derive_quantity_and_price(line: DocumentLine) -> tuple[Decimal, Decimal, str]:
    """Quantity, net price and unit code whose product is the line's net within 0.02 (PEPPOL-EN16931-R120).

    The price is never negative (BR-27): the quantity carries the sign.  A share of a fee, or a quantity whose sign is
    not the amount's, is one piece at the line's net.
    """
    net = Decimal(line.net) / 100
    if line.quantity and (line.quantity < 0) == (line.net < 0):
        quantity = Decimal(line.quantity) / 1000
        exponent = Decimal(1).scaleb(-_PRICE_PLACES)
        price = (net / quantity).quantize(exponent, rounding=ROUND_HALF_UP)
        if abs(price * quantity - net) <= _TOLERANCE:
            return quantity, price, _UNIT_CODES.get(line.unit, _PIECE)
    return Decimal(-1 if line.net < 0 else 1), abs(net), _PIECE


def derive_category(rate: int) -> str:
    """The UNCL 5305 category of a rate in hundredths of a per cent: standard, or zero rated."""
    return "S" if rate else "Z"


def _add_identity(party: etree._Element, name: str, number: str, address: Address) -> None:
    _text(party, "EndpointID", number, schemeID=ORGANISATION_SCHEME)  # R010, R020
    _text(_group(party, "PartyName"), "Name", name)
    group = _group(party, "PostalAddress")
    _text(group, "StreetName", address.street)
    _text(group, "CityName", address.city)
    _text(group, "PostalZone", address.postal_code)
    _text(_group(group, "Country"), "IdentificationCode", address.country)


def _add_tax_scheme(party: etree._Element, company: str, scheme: str) -> None:
    group = _group(party, "PartyTaxScheme")
    _text(group, "CompanyID", company)
    _text(_group(group, "TaxScheme"), "ID", scheme)


def _add_legal_entity(party: etree._Element, name: str, number: str) -> None:
    group = _group(party, "PartyLegalEntity")
    _text(group, "RegistrationName", name)
    _text(group, "CompanyID", number, schemeID=ORGANISATION_SCHEME)


def _add_category(parent: etree._Element, name: str, rate: int) -> None:
    group = _group(parent, name)
    _text(group, "ID", derive_category(rate))
    _text(group, "Percent", _plain(Decimal(rate) / 100))
    _text(_group(group, "TaxScheme"), "ID", "VAT")


def _group(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{_CAC}}}{name}")


def _text(parent: etree._Element, name: str, text: str, **attributes: str) -> None:
    """Add an element with text; none where there is no text (PEPPOL-EN16931-R008)."""
    if text.strip():
        clean = "".join(letter for letter in text.strip() if letter >= " " or letter in "\t\n")
        etree.SubElement(parent, f"{{{_CBC}}}{name}", attributes).text = clean


def _plain(number: Decimal) -> str:
    """A number without exponent and without zeros at the end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _last_day(stop: date) -> str:
    """The last day of a half-open period: EN 16931 counts it in."""
    return (stop - timedelta(days=1)).isoformat()
