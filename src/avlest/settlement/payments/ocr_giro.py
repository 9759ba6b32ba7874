# SPDX-License-Identifier: Apache-2.0
"""OCR giro: the banks' fixed-width file of incoming payments with KID (service 09).

Each record is 80 characters, `NY`, a service code, a type and a record type.  A transmission (10 … 89) holds
assignments (20 … 88), one per account and day; each payment is two or three records (30, 31 and, with a message, 32).
Counts and sums stand in the closing records.  Pure: bytes in, values out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from avlest.settlement.payments.kid import KidMethod, is_valid_kid
from avlest.settlement.payments.model import FileProblem, IncomingPayment, PaymentFileContent, PaymentFileError

WIDTH: Final = 80
SERVICE: Final = "09"
ANY_METHOD: Final = tuple(KidMethod)


@dataclass(frozen=True, slots=True)
class Record:
    """One line: its number from 1, and its text padded to 80 characters."""

    line: int
    text: str

    @property
    def service(self) -> str:
        """The service code: 00 for the transmission, 09 for OCR giro."""
        return self.text[2:4]

    @property
    def kind(self) -> str:
        """The record type."""
        return self.text[6:8]

    def slice(self, first: int, last: int) -> str:
        """The characters of the positions `first` to `last`, counted from 1 as the format's tables do."""
        return self.text[first - 1 : last]


@dataclass(slots=True)
class Reader:
    """What has been read so far."""

    methods: Sequence[KidMethod]
    payments: list[IncomingPayment] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    account: str = ""
    records: int = 0
    transactions: int = 0
    total: int = 0

    def refuse(self, record: Record, code: str, detail: str) -> None:
        """Note what cannot be used."""
        self.problems.append(FileProblem(place=f"line {record.line}", code=code, detail=detail))

    def number(self, record: Record, first: int, last: int, what: str) -> int:
        """The digits at some positions; 0 and a problem where they are not digits."""
        text = record.slice(first, last)
        if text.isascii() and text.isdigit():
            return int(text)
        self.refuse(record, "not_a_number", f"positions {first}-{last} ({what}): expected digits, not {text!r}")
        return 0

    def day(self, record: Record, first: int, last: int, what: str) -> date | None:
        """The date `ddmmyy` at some positions; None where there is none or it cannot be."""
        text = record.slice(first, last)
        if not text.strip("0 "):
            return None
        try:
            return date(2000 + int(text[4:6]), int(text[2:4]), int(text[:2]))
        except ValueError:
            self.refuse(record, "not_a_date", f"positions {first}-{last} ({what}): expected ddmmyy, not {text!r}")
            return None


def parse_ocr(data: bytes, *, methods: Sequence[KidMethod] = ANY_METHOD) -> PaymentFileContent:
    """Read a file of OCR giro; what is wrong is a problem with its line, everything else is kept.

    `methods` are the agreed check digits; a payment whose KID fits none of them is kept and named (`bad_kid`), for the
    money has come in all the same.  Raises `PaymentFileError` for a file that is not OCR giro.
    """
    records = list(_split(data))
    if not records or records[0].text[:8] != "NY000010":
        found = records[0].text[:8] if records else "nothing"
        raise PaymentFileError(f"not an OCR giro file: expected the first line to begin NY000010, found {found!r}")
    reader = Reader(methods)
    identity = f"{records[0].slice(9, 16)}-{records[0].slice(17, 23)}"
    rest = _read_assignments(reader, records[1:])
    _close_transmission(reader, rest, records)
    return PaymentFileContent(
        format="ocr_giro", identity=identity, payments=tuple(reader.payments), problems=tuple(reader.problems)
    )


def _split(data: bytes) -> Iterator[Record]:
    """The lines; the format's letters are ISO 8859-1, and trailing spaces are often cut by who sent the file on."""
    text = data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip("\x1a \t"):
            yield Record(number, line.ljust(WIDTH))


def _read_assignments(reader: Reader, records: Sequence[Record]) -> list[Record]:
    """Read every assignment; return the records that belong to none: the transmission's own."""
    outer: list[Record] = []
    group: list[Record] = []
    for record in records:
        if not record.text.startswith("NY") or len(record.text) > WIDTH:
            reader.refuse(record, "not_a_record", f"expected {WIDTH} characters beginning with NY")
            continue
        if record.service == "00":
            outer.append(record)
            continue
        if record.kind == "20" and group:
            _read_assignment(reader, group, is_closed=False)
            group = []
        group.append(record)
        if record.kind == "88":
            _read_assignment(reader, group, is_closed=True)
            group = []
    if group:
        _read_assignment(reader, group, is_closed=False)
    return outer


def _read_assignment(reader: Reader, group: Sequence[Record], *, is_closed: bool) -> None:
    head = group[0]
    if head.service != SERVICE:
        reader.refuse(head, "other_service", f"service {head.service} is not OCR giro (09); its records were left out")
        reader.records += len(group)
        return
    if head.kind != "20":
        reader.refuse(head, "no_start", "expected the start of an assignment (record type 20) before its payments")
    reader.account = head.slice(25, 35) if head.kind == "20" else ""
    before = reader.transactions, reader.total
    body = group[1 if head.kind == "20" else 0 : -1 if is_closed else None]
    for records in _group_transactions(body):
        _read_transaction(reader, records)
    reader.records += len(group)
    if not is_closed:
        reader.refuse(group[-1], "no_end", "the assignment has no closing record (type 88): the file may be cut short")
        return
    counted = reader.transactions - before[0], len(group), reader.total - before[1]
    _check_end(reader, group[-1], counted, what="assignment")


def _group_transactions(records: Sequence[Record]) -> Iterator[list[Record]]:
    """The records of one payment together: 30 begins it."""
    group: list[Record] = []
    for record in records:
        if record.kind == "30" and group:
            yield group
            group = []
        group.append(record)
    if group:
        yield group


def _read_transaction(reader: Reader, records: Sequence[Record]) -> None:
    """One payment; a file's own trouble never hides that money came in."""
    first = records[0]
    if first.kind != "30":
        reader.refuse(first, "no_payment", f"expected record type 30 at the start of a payment, not {first.kind!r}")
        return
    reader.transactions += 1
    size = reader.number(first, 33, 49, "amount in øre")
    amount = -size if first.slice(32, 32) == "-" else size
    reader.total += size
    booked = reader.day(first, 16, 21, "settlement date")
    if booked is None:
        reader.refuse(first, "no_date", "positions 16-21: expected the settlement date; the payment was left out")
        return
    by_kind = {record.kind: record for record in records}
    second, third = by_kind.get("31"), by_kind.get("32")
    if second is None:
        reader.refuse(first, "no_second", "expected a second record (type 31) of the payment")
    paid = reader.day(second, 42, 47, "payment date") if second else None
    reader.payments.append(
        IncomingPayment(
            reference=f"{reader.account}-{first.slice(16, 31).replace(' ', '0')}",
            account=reader.account,
            amount=amount,
            paid_on=paid or booked,
            booked_on=booked,
            kid=_read_kid(reader, first),
            payer_account=second.slice(48, 58).strip("0 ") and second.slice(48, 58) if second else "",
            text=third.slice(16, 55).strip() if third else "",
            place=f"line {first.line}",
        )
    )


def _read_kid(reader: Reader, record: Record) -> str:
    kid = record.slice(50, 74).strip()
    if kid and not any(is_valid_kid(kid, method) for method in reader.methods):
        names = " or ".join(method.value for method in reader.methods)
        reader.refuse(record, "bad_kid", f"positions 50-74 (KID): the check digit of {kid!r} is wrong ({names})")
    return kid


def _check_end(reader: Reader, record: Record, counted: tuple[int, int, int], *, what: str) -> None:
    """Compare a closing record's counts and sum with what was read."""
    places = (
        ("transactions", 9, 16, "count"), ("records", 17, 24, "count"), ("sum in øre", 25, 41, "sum"),
    )  # fmt: skip
    for (name, first, last, code), found in zip(places, counted, strict=True):
        said = reader.number(record, first, last, name)
        if said != found:
            detail = f"positions {first}-{last}: the {what} says {said} {name}, its records hold {found}"
            reader.refuse(record, f"wrong_{code}", detail)


def _close_transmission(reader: Reader, outer: Sequence[Record], records: Sequence[Record]) -> None:
    ends = [record for record in outer if record.kind == "89"]
    if not ends:
        reader.refuse(records[-1], "no_end", "the file has no closing record (NY000089): it may be cut short")
        return
    if any(problem.code == "other_service" for problem in reader.problems):
        return  # the sums count what was left out too
    _check_end(reader, ends[0], (reader.transactions, reader.records + 2, reader.total), what="transmission")
