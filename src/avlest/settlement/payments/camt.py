# SPDX-License-Identifier: Apache-2.0
"""camt.054: the ISO 20022 notification of bookings on an account.  Pure: bytes in, values out.

Any version of the message is read (camt.054.001.02 to .08 and later): elements are found by name, whatever their
namespace.  What counts: `Ntry` (booked entries), in it `NtryDtls/TxDtls`, in that the amount, the creditor's
reference (the KID) and the bank's own reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from avlest.settlement.payments.kid import KidMethod, is_valid_kid
from avlest.settlement.payments.model import FileProblem, IncomingPayment, PaymentFileContent, PaymentFileError
from avlest.settlement.payments.ocr_giro import ANY_METHOD

_CURRENCY: Final = "NOK"
_AMOUNT: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?")


def parse_camt054(data: bytes, *, methods: Sequence[KidMethod] = ANY_METHOD) -> PaymentFileContent:
    """Read a camt.054 message; what is wrong is a problem with its place, everything else is kept.

    Raises `PaymentFileError` for anything that is not one, for broken XML, and for XML with entities or a DTD.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise PaymentFileError(f"not a camt.054 file: {str(error) or type(error).__name__}") from error
    message = _child(root, "BkToCstmrDbtCdtNtfctn")
    if message is None:
        raise PaymentFileError(f"not a camt.054 file: no BkToCstmrDbtCdtNtfctn in {_name(root)}")
    reader = Reader(methods)
    for notification in _children(message, "Ntfctn"):
        reader.read_notification(notification)
    return PaymentFileContent(
        format="camt.054",
        identity=_text(message, "GrpHdr/MsgId"),
        payments=tuple(reader.payments),
        problems=tuple(reader.problems),
    )


@dataclass(slots=True)
class Reader:
    """What has been read so far."""

    methods: Sequence[KidMethod]
    payments: list[IncomingPayment] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    entries: int = 0

    def refuse(self, place: str, code: str, detail: str) -> None:
        """Note what cannot be used."""
        self.problems.append(FileProblem(place=place, code=code, detail=detail))

    def read_notification(self, notification: Element) -> None:
        """One account's bookings."""
        account = _read_account(_child(notification, "Acct"))
        for entry in _children(notification, "Ntry"):
            self.entries += 1
            self._read_entry(entry, account=account, place=f"entry {self.entries}")

    def _read_entry(self, entry: Element, *, account: str, place: str) -> None:
        status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
        if status and status != "BOOK":
            self.refuse(place, "not_booked", f"Sts is {status!r}: only booked entries (BOOK) are money that came in")
            return
        booked = self._date(_text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm"), f"{place} BookgDt")
        valued = _text(entry, "ValDt/Dt") or _text(entry, "ValDt/DtTm")
        paid = (self._date(valued, f"{place} ValDt") if valued else None) or booked
        if booked is None or paid is None:
            return
        base = Booking(account, booked, paid, _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef"), _sign(entry))
        details = [tx for group in _children(entry, "NtryDtls") for tx in _children(group, "TxDtls")]
        found = [self._read_details(tx, base, number, f"{place}.{number}") for number, tx in enumerate(details, 1)]
        if not details:
            found = [self._read_details(entry, base, 0, place)]
        self._check_sum(entry, found, base.sign, place)

    def _check_sum(self, entry: Element, found: Sequence[int | None], sign: int, place: str) -> None:
        """An entry's amount is the sum of its details, where all of them could be read."""
        total = self._amount(entry, f"{place} Amt")
        if total is not None and None not in found and sum(part or 0 for part in found) != sign * total:
            detail = f"Amt is {total} øre, its transactions sum to {sum(part or 0 for part in found)}"
            self.refuse(place, "wrong_sum", detail)

    def _read_details(self, tx: Element, base: Booking, number: int, place: str) -> int | None:
        """One payment; returns its signed øre, or None where it cannot be read."""
        size = self._amount(tx, f"{place} Amt")
        if size is None:
            return None
        sign = _sign(tx) if _child(tx, "CdtDbtInd") is not None else base.sign
        own = _text(tx, "Refs/AcctSvcrRef") or _text(tx, "Refs/TxId") or _text(tx, "Refs/EndToEndId")
        reference = "/".join(part for part in (base.reference, own) if part)
        if not reference:
            self.refuse(
                place, "no_reference", "expected AcctSvcrRef: without it the payment cannot be told from others"
            )
            return sign * size
        if not own and number:
            reference = f"{reference}/{number}"
        kid = _find_kid(tx)
        if kid and not any(is_valid_kid(kid, method) for method in self.methods):
            self.refuse(place, "bad_kid", f"CdtrRefInf/Ref: the check digit of {kid!r} is wrong")
        payment = IncomingPayment(
            reference=reference,
            account=base.account,
            amount=sign * size,
            paid_on=base.paid,
            booked_on=base.booked,
            kid=kid,
            payer=_text(tx, "RltdPties/Dbtr/Nm") or _text(tx, "RltdPties/Dbtr/Pty/Nm"),
            payer_account=_read_account(_find(tx, "RltdPties/DbtrAcct")),
            text=" ".join(filter(None, (_own_text(item) for item in _find_all(tx, "RmtInf/Ustrd")))),
            place=place,
        )
        self.payments.append(payment)
        return payment.amount

    def _date(self, text: str, place: str) -> date | None:
        try:
            return date.fromisoformat(text[:10])
        except ValueError:
            self.refuse(place, "not_a_date", f"expected a date such as 2026-11-23, not {text!r}")
            return None

    def _amount(self, element: Element, place: str) -> int | None:
        """The element's amount in øre: `Amt`, or `AmtDtls/TxAmt/Amt` in older versions."""
        found = _child(element, "Amt")
        found = found if found is not None else _find(element, "AmtDtls/TxAmt/Amt")
        currency = found.get("Ccy", _CURRENCY) if found is not None else ""
        if currency != _CURRENCY:
            self.refuse(place, "not_nok", f"expected an amount in {_CURRENCY}, not {currency or 'none'}")
            return None
        text = _own_text(found)
        if not _AMOUNT.fullmatch(text):
            self.refuse(place, "not_an_amount", f"expected kroner with two decimals, such as 1382.42, not {text!r}")
            return None
        return int(Decimal(text) * 100)


@dataclass(frozen=True, slots=True)
class Booking:
    """What a payment has from its entry."""

    account: str
    booked: date
    paid: date
    reference: str
    sign: int


def _sign(element: Element) -> int:
    return -1 if _text(element, "CdtDbtInd") == "DBIT" else 1


def _find_kid(tx: Element) -> str:
    """The creditor's reference, structured; the first that is there."""
    return next((text for item in _find_all(tx, "RmtInf/Strd/CdtrRefInf/Ref") if (text := _own_text(item))), "")


def _read_account(account: Element | None) -> str:
    """A Norwegian account's eleven digits, taken out of an IBAN where that is given; else what stands there."""
    if account is None:
        return ""
    iban = _text(account, "Id/IBAN").replace(" ", "")
    if iban.startswith("NO"):
        return iban[4:]
    return iban or _text(account, "Id/Othr/Id")


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if _name(child) == name)


def _child(element: Element, name: str) -> Element | None:
    return next(_children(element, name), None)


def _find_all(element: Element, path: str) -> list[Element]:
    found = [element]
    for name in path.split("/"):
        found = [child for one in found for child in _children(one, name)]
    return found


def _find(element: Element, path: str) -> Element | None:
    return next(iter(_find_all(element, path)), None)


def _text(element: Element, path: str) -> str:
    return _own_text(_find(element, path))


def _own_text(element: Element | None) -> str:
    return ((element.text or "") if element is not None else "").strip()
